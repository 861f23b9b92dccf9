"""Empty stores for the judge, one for each case.

Statements are compiled when a handle is opened, which costs more than what a
case does with it: so handles on a database are kept, and its tables emptied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, create_engine, delete, select
from sqlalchemy.pool import NullPool

from backends.sqla.tests.servers import Servers

# Where the whole core is imported anew, this module is, too: see `judge`.
from oauthstore_core.backends import Backend, BackendPlugin
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.kit import Kit
from oauthstore_core.testing.probe import dump_objects

__all__ = ["EmptyStore", "Stores", "give_back", "places_of", "stores_of"]


@dataclass(frozen=True, slots=True)
class EmptyStore:
    """A store for one case, and its raw probe."""

    address: StoreAddress
    dump: Callable[[Kit], bytes]


#: Gives an empty store, again and again.
Stores = Callable[[], AbstractContextManager[EmptyStore]]


@contextmanager
def _memory(plugin: BackendPlugin) -> Iterator[EmptyStore]:
    yield EmptyStore(StoreAddress(plugin, "memory://"), lambda kit: dump_objects(kit.first.backend))


class _Emptied:
    """A database whose handles are kept open from one case to the next."""

    def __init__(self, plugin: BackendPlugin, url: str, dump: Callable[[Engine], bytes]) -> None:
        self._plugin = plugin
        self._url = url
        self._dump = dump
        self._idle: list[Backend] = []
        self._engine = create_engine(url, poolclass=NullPool)

    @contextmanager
    def __call__(self) -> Iterator[EmptyStore]:
        # Before, not after: a case that fails, or is killed, leaves what it has written.
        with self._engine.begin() as connection:
            for table in _tables():
                connection.execute(delete(table))
        plugin = replace(self._plugin, open=self._open)
        address = StoreAddress(plugin, self._url, on_io=True)
        yield EmptyStore(address, lambda _: self._dump(self._engine))

    def __getstate__(self) -> NoReturn:
        pytest.skip("a process that is handed the store would import the module as it is")

    def _open(self, url: str, options: Mapping[str, Any] | None = None) -> Backend:
        if options:  # such as a seam of the case's own
            return self._plugin.open(url, options)
        backend = self._idle.pop() if self._idle else self._plugin.open(url, options)
        # What a case closes waits for the next one.
        backend.close = partial(self._idle.append, backend)  # type: ignore[method-assign]
        return backend


def stores_of(store: str, place: str) -> Stores:
    """Return what gives empty stores at a place, of the modules as they are imported now.

    The place is the URL of a database, or the path of one to be copied.
    """
    if store == "memory":
        from oauthstore_core.memory import plugin as memory  # noqa: PLC0415 - as it is now

        return partial(_memory, memory)
    from oauthstore_sqla import plugin as sqla  # noqa: PLC0415 - as it is now

    if store != "sqlite":
        return _Emptied(sqla, place, _rows_of)
    path = Path(f"{place}-{os.getpid()}")
    shutil.copy(place, path)
    return _Emptied(sqla, f"sqlite:///{path}", lambda _: _bytes_of(path))


def _bytes_of(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def _rows_of(engine: Engine) -> bytes:
    with engine.connect() as connection:
        rows = [row for table in _tables() for row in connection.execute(select(table))]
    return b" ".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)


def _tables() -> list[Any]:
    from oauthstore_sqla.schema import metadata  # noqa: PLC0415 - as it is now

    return metadata.sorted_tables


def places_of(store: str, folder: Path, servers: Servers, count: int) -> list[str]:
    """Return that many places for stores of that name; `pytest.skip` where there is no server."""
    if store == "memory":
        return [store] * count
    if store == "sqlite":
        from oauthstore_sqla import plugin  # noqa: PLC0415 - this process imports no mutant

        backend = plugin.open(f"sqlite:///{folder / 'oauth.db'}", {})
        backend.migrate()
        backend.close()
        return [str(folder / "oauth.db")] * count
    return [servers[store].create_migrated() for _ in range(count)]


def give_back(places: Mapping[str, list[str]], servers: Servers) -> None:
    """Drop the databases that were made on servers."""
    for store in places.keys() & {"mysql", "postgresql"}:
        for url in places[store]:
            servers[store].drop(url)
