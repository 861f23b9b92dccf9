"""The SQL backend keeps the contract: the whole suite, on MariaDB."""

from __future__ import annotations

import pytest

from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress
from oauthstore_sqla import plugin

from .servers import Database


@pytest.fixture
def server_name() -> str:
    return "mysql"


@pytest.fixture
def store_address(database: Database) -> StoreAddress:
    return StoreAddress(plugin, database.url, on_io=True)


@pytest.fixture
def raw_dump(database: Database) -> bytes:
    """Return every row of every table, read behind the store's back."""
    return database.dump()
