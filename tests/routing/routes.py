"""Where roles are kept by other stores than others: this is the one place that names the routes.

A route names the kind of each store. What a new kind needs, a `Keeper` has: a
server for the run, and on it an empty store for each test.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from backends.mongo.tests.server import named_server
from backends.redis.tests.servers import open_server
from backends.sqla.tests.servers import Servers
from oauthstore_redis import RedisBackend
from oauthstore_sqla import SqlaBackend

__all__ = ["ROUTES", "Keepers", "settings_of"]

#: The kind of each store. `main` keeps what `fast` does not: credentials and nonces, where there
#: is one.
ROUTES: Mapping[str, Mapping[str, str]] = {
    "redis": {"main": "redis"},
    "redis+cluster": {"main": "cluster"},
    "sqlite+redis": {"main": "sqlite", "fast": "redis"},
    "postgresql+redis": {"main": "postgresql", "fast": "redis"},
    "mongodb": {"main": "mongodb"},
    "mongodb+redis": {"main": "mongodb", "fast": "redis"},
}
_FAST = ("credentials", "nonces")
_ROLES = ("clients", "tokens", "credentials", "nonces", "accounts")


class Keeper(Protocol):
    """A kind of store."""

    def store(self, folder: Path) -> Any:  # noqa: ANN401 - a context manager of this
        """Give the URL and options of an empty store that was migrated, for a while."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


class SQLiteKeeper:
    """Files, each a copy of one that was migrated."""

    @contextmanager
    def store(self, folder: Path) -> Generator[dict[str, object]]:
        template = folder.parent / "migrated.db"
        if not template.exists():
            _migrate(SqlaBackend(f"sqlite:///{template}"))
        shutil.copy(template, folder / "oauth.db")
        # What survives a power cut is not asked here.
        yield {"url": f"sqlite:///{folder}/oauth.db", "options": {"synchronous": "NORMAL"}}

    def close(self) -> None:
        """Do nothing: the folders go with the run."""


class PostgreSQLKeeper:
    """Databases of one server."""

    def __init__(self) -> None:
        self._servers = Servers()

    @contextmanager
    def store(self, _: Path) -> Generator[dict[str, object]]:
        server = self._servers["postgresql"]
        url = server.create_migrated()
        yield {"url": url}
        server.drop(url)

    def close(self) -> None:
        self._servers.close()


class MongoKeeper:
    """Databases of one server."""

    def __init__(self) -> None:
        self._server = named_server()

    @contextmanager
    def store(self, _: Path) -> Generator[dict[str, object]]:
        url = self._server.create_migrated()
        yield {"url": url}
        self._server.drop(url)

    def close(self) -> None:
        self._server.close()


class RedisKeeper:
    """Prefixes on one server, or on one cluster."""

    def __init__(self, name: str) -> None:
        self._server = open_server(name)

    @contextmanager
    def store(self, _: Path) -> Generator[dict[str, object]]:
        address = self._server.address()
        options = dict(address.options)
        _migrate(RedisBackend(address.url, options))
        yield {"url": address.url, "options": options}
        self._server.clear(address)

    def close(self) -> None:
        self._server.close()


def _migrate(backend: SqlaBackend | RedisBackend) -> None:
    backend.migrate()
    backend.close()


_KINDS: Mapping[str, Callable[[], Keeper]] = {
    "sqlite": SQLiteKeeper,
    "postgresql": PostgreSQLKeeper,
    "redis": partial(RedisKeeper, "valkey"),
    "cluster": partial(RedisKeeper, "cluster"),
    "mongodb": MongoKeeper,
}


class Keepers:
    """The kinds of stores of a run, each opened when a route first needs it."""

    def __init__(self) -> None:
        self._opened: dict[str, Keeper] = {}

    @contextmanager
    def settings(self, route: str, folder: Path) -> Generator[dict[str, object]]:
        """Give the settings `stores` and `roles` of a route whose stores are empty, for a while."""
        with ExitStack() as stack:
            stores = {
                name: stack.enter_context(self._keeper(kind).store(folder))
                for name, kind in ROUTES[route].items()
            }
            yield settings_of(stores)

    def _keeper(self, kind: str) -> Keeper:
        if kind not in self._opened:
            self._opened[kind] = _KINDS[kind]()
        return self._opened[kind]

    def close(self) -> None:
        """Leave nothing behind."""
        for keeper in self._opened.values():
            keeper.close()


def settings_of(stores: Mapping[str, object]) -> dict[str, object]:
    """Return the settings that route what is fast to the store `fast`, if there is one."""
    fast = "fast" if "fast" in stores else "main"
    roles = {role: fast if role in _FAST else "main" for role in _ROLES}
    return {"stores": stores, "roles": roles}
