"""A store whose data outlives its process: what broken stores need that break between I/Os.

It is the memory backend, kept in one row of a SQLite file: each verb reads it,
does its work and writes it back in one transaction. So it is as correct as
memory is, has I/Os at which it can be cut off, and other processes see it.
"""

from __future__ import annotations

import pickle
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ...backends import BackendPlugin, Capabilities
from ...errors import StoreUnavailableError
from ...memory import MemoryBackend
from ...memory import plugin as memory
from ..address import StoreAddress

__all__ = ["FileBackend", "FileRole", "Session"]

_ROLES = memory.roles
#: For how many seconds a transaction waits for another.
_PATIENCE = 20.0


class Session:
    """A connection for one verb, with the seam at its I/Os."""

    def __init__(self, path: str, on_io: Callable[[str], None]) -> None:
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        self._on_io = on_io

    def execute(self, sql: str, *parameters: object) -> list[Any]:
        """Make one I/O."""
        self._on_io("before")
        rows = self._connection.execute(sql, parameters).fetchall()
        self._on_io("after")
        return rows

    def load(self) -> MemoryBackend:
        """Return the store as it lies in the file."""
        rows = self.execute("SELECT data FROM store")
        backend = MemoryBackend()
        if rows:
            parts: dict[str, dict[str, Any]] = pickle.loads(rows[0][0])  # noqa: S301 - our own
            for role, values in parts.items():
                vars(getattr(backend, role)).update(values)
        return backend

    def keep(self, backend: MemoryBackend) -> None:
        """Write the store back."""
        parts = {role: _data_of(getattr(backend, role)) for role in _ROLES}
        self.execute("UPDATE store SET data = ?", pickle.dumps(parts))

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Keep every other writer out until the end; an error undoes all."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _data_of(role: object) -> dict[str, Any]:
    shared = {"_lock", "_credentials"} if hasattr(role, "revoke_all") else {"_lock"}
    return {name: value for name, value in vars(role).items() if name not in shared}


class FileRole:
    """A role whose verbs are those of the memory backend, done on what the file holds."""

    def __init__(self, backend: FileBackend, name: str) -> None:
        self._backend = backend
        self._name = name

    def __getattr__(self, verb: str) -> Callable[..., object]:
        """Return the verb: the mistake of that name, where there is one."""
        if verb.startswith("_"):
            raise AttributeError(verb)
        mistake = getattr(self._backend, verb, None)
        if mistake is not None:
            return self._backend.guarded(mistake)
        return lambda *values, **names: self._backend.do(self._name, verb, *values, **names)


class FileBackend:
    """A good store; each subclass has one mistake, as a method that is named like the verb.

    `caught_by` is the case that must fail on it.
    """

    caught_by: ClassVar[str]
    capabilities = Capabilities(
        durable=True, shared=True, atomic="store", redeems=True, blocking=True
    )
    #: Locks the threads of a process, and nobody else.
    process_lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self._path = url
        self._on_io: Callable[[str], None] = options.get("on_io", _pass)
        for role in _ROLES:
            setattr(self, role, FileRole(self, role))

    def migrate(self) -> None:
        """Create the only row."""
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS store (data BLOB)")
            # For the mistakes that need more than the row.
            connection.execute("CREATE TABLE IF NOT EXISTS held (since INTEGER)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS owners (digest TEXT PRIMARY KEY, owner TEXT)"
            )
            connection.execute(
                "INSERT INTO store SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)",
                (pickle.dumps({}),),
            )
            connection.commit()

    def ping(self) -> None:
        """Read the only row."""
        self.guarded(self._read)()

    def describe(self) -> Mapping[str, Any]:
        """Return nothing: no operator has such a store."""
        return {}

    def close(self) -> None:
        """Do nothing: each verb has a connection of its own."""

    @contextmanager
    def session(self) -> Generator[Session, None, None]:
        """Open a connection for a while."""
        with closing(Session(self._path, self._on_io)) as session:
            yield session

    def guarded(self, call: Callable[..., object]) -> Callable[..., object]:
        """Return the call with the errors of the driver mapped, as every backend must."""

        def mapped(*values: object, **names: object) -> object:
            try:
                return call(*values, **names)
            except (sqlite3.Error, OSError) as error:
                reason = f"The store was to be used, but: {error}. Try again."
            raise StoreUnavailableError(reason)

        return mapped

    def do(self, role: str, verb: str, *values: object, **names: object) -> Any:  # noqa: ANN401
        """Do a verb of memory in one transaction; a query needs none."""

        def work(backend: MemoryBackend) -> object:
            return getattr(getattr(backend, role), verb)(*values, **names)

        if verb.startswith(("query_", "list_")):
            return self.guarded(lambda: work(self._read()))()
        return self.guarded(self.change)(work)

    def change(self, work: Callable[[MemoryBackend], object]) -> object:
        """Do some work on the store in one transaction."""
        with self.session() as session, session.transaction():
            backend = session.load()
            answer = work(backend)
            session.keep(backend)
        return answer

    def _read(self) -> MemoryBackend:
        with self.session() as session:
            return session.load()

    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Give the address of an empty store, for as long as its file is there."""
        plugin = BackendPlugin(cls.__name__, _ROLES, cls.capabilities, open=cls)
        with tempfile.TemporaryDirectory() as folder:
            yield StoreAddress(plugin, str(Path(folder, "store.db")), on_io=True)


def _pass(_: str) -> None:
    """Take no notice of an I/O."""
