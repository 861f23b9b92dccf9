"""A connection that is the store's own: Django's class for the database, and what is in front."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.utils.connection import ConnectionDoesNotExist

from .errors import DATABASE_ERRORS
from .options import OnIo

__all__ = ["OwnConnection", "known_by_its_alias", "make"]


class OwnConnection(BaseDatabaseWrapper):
    """What stands in front of Django's own class."""

    #: What it was connected to.
    target: tuple[object, ...] = ()
    #: When it was given back last, by the monotonic clock.
    used_at: float = 0.0
    #: A connection of an earlier one than its pool's is not to be used again.
    generation: int = 0
    prepare: Callable[[OwnConnection], None]
    bound: Callable[[Any], None]
    on_io: OnIo | None = None

    @property
    def queries_logged(self) -> bool:
        """Never, also where DEBUG is on: Django logs statements with their parameters."""
        return False

    def get_new_connection(self, conn_params: Any) -> Any:  # noqa: ANN401 - Django's
        driver = super().get_new_connection(conn_params)
        self.bound(driver)
        return driver

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self.prepare(self)

    def listen(self, on_io: OnIo) -> None:
        """Call this around each statement and commit from now on."""

        def around(execute: Any, *arguments: Any) -> Any:  # noqa: ANN401 - Django's
            on_io("before")
            result = execute(*arguments)
            on_io("after")
            return result

        self.on_io = on_io
        self.execute_wrappers.append(around)

    def commit(self) -> None:
        if self.on_io is None:
            super().commit()
            return
        self.on_io("before")
        super().commit()
        self.on_io("after")

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Commit what the block did; whatever it raises undoes it.

        Not `atomic`: where its COMMIT fails for another reason than the database's, it
        commits after all on SQLite.
        """
        self.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        try:
            yield
            self.commit()
        except BaseException:
            self._undo()
            raise
        self.set_autocommit(True)

    def _undo(self) -> None:
        # What is raised is what the block raised, whatever else fails then.
        try:
            self.rollback()
            self.set_autocommit(True)
        except DATABASE_ERRORS:
            self.discard()

    def discard(self) -> None:
        """Close it, broken or not, and by whatever thread."""
        # Not by `close`: that is refused where an event loop runs.
        driver, self.connection = self.connection, None
        if driver is not None:
            with suppress(Exception):
                driver.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement, and return all its rows."""
        with self.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def count(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement, and return how many rows it wrote."""
        with self.cursor() as cursor:
            cursor.execute(sql, parameters)
            written: int = cursor.rowcount
            return written


def make(settings: dict[str, Any], alias: str) -> OwnConnection:
    """Return a connection with these settings, which any thread may use; it is not open yet."""
    made: OwnConnection = _own_class(settings["ENGINE"])(settings, alias)
    made.inc_thread_sharing()
    return made


@cache
def _own_class(engine: str) -> type[Any]:
    return type("OwnDatabaseWrapper", (OwnConnection, load_backend(engine).DatabaseWrapper), {})


@contextmanager
def known_by_its_alias(connection: OwnConnection) -> Generator[None, None, None]:
    """Let the ORM find the connection, in this thread and for so long."""
    alias = connection.alias
    try:
        before = connections[alias]
    except ConnectionDoesNotExist:
        before = None
    connections[alias] = connection
    try:
        yield
    finally:
        if before is None:
            del connections[alias]
        else:
            connections[alias] = before
