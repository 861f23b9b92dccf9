"""Statements that are compiled once, and the connection that runs them.

They are written in SQLAlchemy Core and run on the pooled connection of the
driver: that costs a third of a Core execution. Nothing is left to the
driver's own transactions: a statement alone commits itself, several stand
between an explicit BEGIN and COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine.interfaces import DBAPICursor

__all__ = ["OnIo", "Row", "Runner", "Session", "Statement", "Values"]

T = TypeVar("T")
Row = Sequence[Any]
Values = Mapping[str, Any]
#: Called with "before" and "after" each statement: a seam for the conformance kit.
OnIo = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in the driver's style, and the names of its parameters."""

    sql: str
    names: tuple[str, ...] = ()
    #: Values that the statement brings along.
    constants: Values = field(default_factory=dict)
    writes: bool = False
    #: Whether placeholders carry names; else they stand in the order of `names`.
    named: bool = False

    def parameters(self, values: Values) -> Sequence[Any] | Values:
        """Return the values as the driver wants them."""
        if self.constants:
            values = {**values, **self.constants}
        if self.named:
            return {name: values[name] for name in self.names}
        return [values[name] for name in self.names]


class Runner(Protocol):
    """Runs statements: the store each on its own, a session all within its transaction."""

    def rows(self, statement: Statement, values: Values) -> list[Row]:
        """Return all rows that the statement yields."""
        ...

    def count(self, statement: Statement, values: Values) -> int:
        """Return how many rows the statement wrote."""
        ...


class Session:
    """A connection of the driver, for as long as one step takes."""

    __slots__ = ("_begin", "_connection", "_cursor", "_inside", "_on_io", "broken")

    def __init__(
        self,
        connection: Any,  # noqa: ANN401 - the driver's
        cursor: Callable[[Any], DBAPICursor],
        begin: str,
        on_io: OnIo | None,
    ) -> None:
        """Run on the connection; `begin` starts a transaction that writes."""
        self._connection = connection
        self._cursor = cursor
        self._begin = begin
        self._on_io = on_io
        self._inside = False
        #: Whether the connection could not be brought back to where it was.
        self.broken = False

    def rows(self, statement: Statement, values: Values) -> list[Row]:
        cursor = self._execute(statement.sql, statement.parameters(values))
        found = cursor.fetchall()
        cursor.close()
        return list(found)

    def count(self, statement: Statement, values: Values) -> int:
        cursor = self._execute(statement.sql, statement.parameters(values))
        count: int = cursor.rowcount
        cursor.close()
        return count

    def within(self, work: Callable[[Session], T]) -> T:
        """Do the work between BEGIN and COMMIT; whatever it raises undoes it.

        Within such work it stands between SAVEPOINT and RELEASE instead.
        """
        if self._inside:
            return self._within_savepoint(work)
        self._command(self._begin)
        self._inside = True
        try:
            result = work(self)
            self._command("COMMIT")
        except BaseException:
            self.attempt(self._connection.rollback)
            raise
        finally:
            self._inside = False
        return result

    def _within_savepoint(self, work: Callable[[Session], T]) -> T:
        self._command("SAVEPOINT oauthstore")
        try:
            result = work(self)
        except BaseException:
            self._command("ROLLBACK TO oauthstore")
            self._command("RELEASE oauthstore")
            raise
        self._command("RELEASE oauthstore")
        return result

    def attempt(self, repair: Callable[[], object]) -> None:
        """Repair after a failure: that is what the caller is told, whatever else fails then."""
        try:
            repair()
        except Exception:  # noqa: BLE001 - the driver's, of a connection that is lost
            self.broken = True

    def _command(self, sql: str) -> None:
        self._execute(sql, ()).close()

    def _execute(self, sql: str, parameters: Sequence[Any] | Values) -> DBAPICursor:
        cursor = self._cursor(self._connection)
        if self._on_io is None:
            cursor.execute(sql, parameters)
            return cursor
        self._on_io("before")
        cursor.execute(sql, parameters)
        self._on_io("after")
        return cursor
