"""The server that tests use, and an empty database of its own for each of them.

It is the one that `OAUTHSTORE_TEST_MONGODB_URL` names, an administrator's URL. Without it, the
tests that need a server are skipped with that reason, or fail where skips are forbidden. A server
that is named and does not answer is a failure.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import AutoReconnect, PyMongoError

from oauthstore_mongo import MongoBackend

from .server_processes import VARIABLE, FerretDB, install

__all__ = ["Server", "named_server", "own_engine", "url_of"]

#: How every database of a test is called; the time of its creation stands behind it.
_PREFIX = "oauthstore_test_"
#: Seconds after which nobody uses such a database any more: its run was killed.
_STALE = 6 * 3600
_TO_START_ONE = f"To start one: python3 noxfile.py mongodb, then set {VARIABLE}."


class Server:
    """A server, as one process of pytest uses it."""

    def __init__(self, url: str) -> None:
        """Connect, and remove what runs that were killed have left."""
        self._url = url
        self.client: MongoClient[dict[str, object]] = MongoClient(
            url, serverSelectionTimeoutMS=5000
        )
        self._drop_stale()

    def create(self) -> str:
        """Return the URL of a database that is empty, and not there yet."""
        name = f"{_PREFIX}{int(time.time())}_{secrets.token_hex(6)}"
        return url_of(self._url, name)

    def create_migrated(self) -> str:
        """Create a database with the store's collections in it, and return its URL."""
        url = self.create()
        store = MongoBackend(url)
        store.migrate()
        store.close()
        return url

    def drop(self, url: str) -> None:
        """Remove the database."""
        try:
            self.client.drop_database(_name(url))
        except AutoReconnect:  # the server was restarted by the test
            self.client.drop_database(_name(url))

    def dump(self, url: str) -> bytes:
        """Return every document of every collection, read behind the store's back.

        As BSON, whose bytes are on the wire and on the disk, with binary values as hexadecimal too.
        """
        database = self.client[_name(url)]
        found = (
            each for name in database.list_collection_names() for each in database[name].find()
        )
        return b"\n".join(part for each in found for part in _told(each))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _drop_stale(self) -> None:
        for name in self.client.list_database_names():
            ours = re.fullmatch(rf"{_PREFIX}(\d+)_[0-9a-f]+", name)
            if ours and int(ours[1]) < time.time() - _STALE:
                # Another run may be at it, too.
                with suppress(PyMongoError):
                    self.client.drop_database(name)


def url_of(url: str, name: str) -> str:
    """Return the URL of a database on the server of another URL."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _told(value: object) -> Iterator[bytes]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name.encode()
            yield from _told(each)
    elif isinstance(value, list):
        for each in value:
            yield from _told(each)
    elif isinstance(value, bytes):
        yield value
        yield value.hex().encode()
    else:
        yield str(value).encode()


def named_server() -> Server:
    """Return the server that the variable names."""
    url = os.environ.get(VARIABLE)
    if not url:
        reason = f"{VARIABLE} is not set, so there is no server of MongoDB's. {_TO_START_ONE}"
        if os.environ.get("OAUTHSTORE_TEST_FORBID_SKIPS"):
            pytest.fail(f"OAUTHSTORE_TEST_FORBID_SKIPS is set: nothing is skipped. {reason}")
        pytest.skip(f"not proved: {reason}")
    failure = ""
    try:
        return Server(url)
    except PyMongoError as error:
        failure = str(error)
    pytest.fail(
        f"{VARIABLE} names the server that tests are to use: {url}.\n"
        f"It does not answer as an administrator's would: {failure[:300]}\n"
        f"Start it, correct the variable, or unset it. {_TO_START_ONE}",
        pytrace=False,
    )


def own_engine() -> FerretDB:
    """Return an engine of the caller's own, for it to be killed and started again."""
    if not os.environ.get(VARIABLE):
        named_server()
    if os.geteuid() != 0:
        pytest.skip("not proved: only root may start an engine of its own, to kill it")
    return FerretDB(install())
