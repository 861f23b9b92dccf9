"""What a driver raises, in the words of the contract: the only place that knows both.

::

    SQLSTATE or SQLite result code              becomes
    --------------------------------------------------------------------
    UNIQUE, PRIMARY KEY                         DuplicateError
    BUSY, LOCKED (nothing was executed)         BusyError, a ConflictError
    no such table or column                     MissingSchemaError
    a value out of range, other constraints     StoreError
    no free connection in the pool              StoreTimeoutError
    everything else                             StoreUnavailableError
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import exc

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)

__all__ = ["DRIVER_ERRORS", "BusyError", "MissingSchemaError", "missing_schema", "translated"]

#: What a call of the driver, or of SQLAlchemy around it, may raise.
DRIVER_ERRORS: Final = (
    sqlite3.Error,
    sqlite3.Warning,
    exc.SQLAlchemyError,
    OverflowError,
    OSError,
)

_PRIMARY_CODE: Final = 0xFF
_DUPLICATE: Final = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
)
_REFUSED: Final = (
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
)
_NO_SCHEMA: Final = ("no such table", "no such column", "has no column named")


class BusyError(ConflictError):
    """Another writer was first; nothing was executed, so it may be tried again."""


class MissingSchemaError(StoreUnavailableError):
    """The store answers, but its tables are not there."""


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for a driver's; never with a statement's parameters."""
    if isinstance(error, exc.DBAPIError):
        error = error.orig or error
    if isinstance(error, exc.TimeoutError):
        return StoreTimeoutError(
            f"A connection to {where} was asked for, but none became free in time. "
            "Run fewer threads in a process, or look for statements that hang."
        )
    if isinstance(error, OverflowError):
        return _refused(where, "a number needs more than 64 bits")
    return _by_code(error, where)


def _by_code(error: BaseException, where: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None) or 0
    primary = code & _PRIMARY_CODE
    if code in _DUPLICATE:
        return DuplicateError(f"The key of a new record is taken in {where}: nothing was written.")
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return BusyError(f"Another writer holds {where}: nothing was executed.")
    # Messages of SQLite name tables and columns, never a parameter's value.
    if primary == sqlite3.SQLITE_ERROR and any(sign in str(error) for sign in _NO_SCHEMA):
        return missing_schema(where, str(error))
    if primary in _REFUSED or isinstance(error, (sqlite3.IntegrityError, sqlite3.DataError)):
        return _refused(where, getattr(error, "sqlite_errorname", None) or type(error).__name__)
    reason = str(error) if isinstance(error, (sqlite3.Error, OSError)) else type(error).__name__
    return StoreUnavailableError(
        f"{where} was to be read or written, but the driver reports: {reason}. "
        "Check the file, its disk and its permissions."
    )


def missing_schema(where: str, reason: str) -> MissingSchemaError:
    """Return what a verb raises where `migrate` has never run."""
    return MissingSchemaError(
        f"A table of {where} was asked for, but it is not there ({reason}). "
        "Run `oauthstore migrate` once before the server starts."
    )


def _refused(where: str, reason: str) -> StoreError:
    return StoreError(
        f"A record was to be written to {where}, but the database refuses a value "
        f"({reason}): nothing was written. Give values of the contract's types."
    )
