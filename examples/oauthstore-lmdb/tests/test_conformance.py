"""The LMDB backend keeps the contract: the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress
from oauthstore_lmdb import plugin


@pytest.fixture
def store_address(tmp_path: Path) -> StoreAddress:
    """An empty store."""
    another = StoreAddress(plugin, f"lmdb://{tmp_path}/another.lmdb")
    return StoreAddress(plugin, f"lmdb://{tmp_path}/nonces.lmdb", on_io=True, another=another)


@pytest.fixture
def raw_dump(tmp_path: Path) -> bytes:
    """All that the store holds, read behind its back."""
    # Not the file of the locks beside it: to close that ends the locks of the whole process.
    return (tmp_path / "nonces.lmdb").read_bytes()


@pytest.fixture
def dead_address(tmp_path: Path) -> StoreAddress:
    """A store where nothing answers."""
    other = tmp_path / "other.bin"
    other.write_bytes(
        b"A file of something else, and long enough to be taken for one of LMDB. " * 99
    )
    return StoreAddress(plugin, f"lmdb://{other}")
