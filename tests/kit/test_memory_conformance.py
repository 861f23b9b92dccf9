"""The memory backend keeps the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oauthstore_core.backends import Backend
from oauthstore_core.memory import plugin
from oauthstore_core.testing.probe import dump_objects
from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress


@pytest.fixture
def store_address() -> StoreAddress:
    return StoreAddress(plugin, "memory://", another=StoreAddress(plugin, "memory://"))


@pytest.fixture
def raw_dump(open_backend: Callable[[], Backend]) -> bytes:
    return dump_objects(open_backend())
