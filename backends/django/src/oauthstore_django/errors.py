"""What Django and its drivers raise, in the words of the contract.

::

    the database says                           becomes
    --------------------------------------------------------------------
    a key is taken                              DuplicateError
    another writer is in the way, deadlock,
      serialization (nothing was executed)      BusyError, a ConflictError
    no such table or column                     MissingSchemaError
    a value out of range, other constraints     StoreError
    no answer in time                           StoreTimeoutError
    everything else                             StoreUnavailableError

The drivers are not imported: SQLite's codes and PostgreSQL's SQLSTATEs tell.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.db import DataError, Error, IntegrityError, OperationalError

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)

__all__ = [
    "DATABASE_ERRORS",
    "BusyError",
    "DuplicateError",
    "MissingSchemaError",
    "closes",
    "translated",
]

#: What a call of Django's database layer may raise, and the kit's `OSError`.
DATABASE_ERRORS: Final = (
    Error,
    ImproperlyConfigured,
    SynchronousOnlyOperation,
    OverflowError,
    OSError,
)

_PRIMARY_CODE: Final = 0xFF
_SQLITE_DUPLICATE: Final = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
)
_SQLITE_REFUSED: Final = (
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_RANGE,
)
_SQLITE_NO_SCHEMA: Final = ("no such table", "no such column", "has no column named")

_DUPLICATE: Final = "23505"
#: Serialization failure, deadlock, lock not available: the statement was undone.
_BUSY: Final = ("40001", "40P01", "55P03")
#: Undefined table, column, schema.
_NO_SCHEMA: Final = ("42P01", "42703", "3F000")
_CANCELED: Final = "57014"
#: Data exceptions, violated constraints, program limits, values of the wrong type.
_REFUSED: Final = ("22", "23", "54", "42804", "42883", "42846")


class BusyError(ConflictError):
    """Nothing was executed, for another writer was in the way: it may be tried again."""


class MissingSchemaError(StoreUnavailableError):
    """The database answers, but the store's tables are not there."""


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for Django's, or the driver's in it; it shows no parameter."""
    if isinstance(error, OverflowError):
        return _refused(where, "a number needs more than 64 bits")
    if isinstance(error, SynchronousOnlyOperation):
        return StoreUnavailableError(
            f"{where} was to be used, but by a thread that runs an event loop, which Django "
            "forbids: nothing was executed. Call it in a worker thread."
        )
    driver = error.__cause__ if isinstance(error, Error) and error.__cause__ else error
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    if isinstance(state, str):
        return _by_state(driver, state, where)
    if getattr(driver, "sqlite_errorcode", None) is not None:
        return _by_code(driver, where)
    return _by_class(error, driver, where)


def closes(failure: StoreError) -> bool:
    """Tell whether a connection on which this happened is not to be used again."""
    return isinstance(failure, StoreUnavailableError) and not isinstance(
        failure, MissingSchemaError
    )


def _by_state(error: BaseException, state: str, where: str) -> StoreError:
    if state == _DUPLICATE:
        return _duplicate(where)
    if state in _BUSY:
        return _busy(where)
    if state in _NO_SCHEMA:
        return _missing_schema(where, _primary_message(error))
    if state == _CANCELED:
        return _timed_out(where, "the statement was cancelled")
    if state.startswith(_REFUSED):
        return _refused(where, f"SQLSTATE {state}")
    return _unavailable(where, _primary_message(error))


def _by_code(error: BaseException, where: str) -> StoreError:
    code: int = getattr(error, "sqlite_errorcode", 0)
    primary = code & _PRIMARY_CODE
    if code in _SQLITE_DUPLICATE:
        return _duplicate(where)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return _busy(where)
    # Messages of SQLite name tables and columns, never a parameter's value.
    if primary == sqlite3.SQLITE_ERROR and any(sign in str(error) for sign in _SQLITE_NO_SCHEMA):
        return _missing_schema(where, str(error))
    if primary in _SQLITE_REFUSED:
        return _refused(where, getattr(error, "sqlite_errorname", type(error).__name__))
    return _unavailable(where, str(error))


def _by_class(error: BaseException, driver: BaseException, where: str) -> StoreError:
    """Return what becomes of what no database told, but the driver or Django itself."""
    name = type(driver).__name__
    if isinstance(error, (IntegrityError, DataError)):
        return _refused(where, name)
    if name == "ConnectionTimeout":
        return _timed_out(where, "no answer")
    tells = isinstance(error, (OperationalError, OSError, ImproperlyConfigured))
    # Of the connection or the settings; what else there is might quote a value.
    return _unavailable(where, str(driver).strip() or name if tells else name)


def _primary_message(error: BaseException) -> str:
    message = getattr(getattr(error, "diag", None), "message_primary", None)
    return str(message or type(error).__name__)


def _busy(where: str) -> BusyError:
    return BusyError(f"Another writer holds {where}: nothing was executed.")


def _duplicate(where: str) -> DuplicateError:
    return DuplicateError(f"The key of a new record is taken in {where}: nothing was written.")


def _missing_schema(where: str, reason: str) -> MissingSchemaError:
    return MissingSchemaError(
        f"A table of {where} was asked for, but it is not there ({reason}). "
        "Run `manage.py migrate` or `oauthstore migrate` once before the server starts."
    )


def _refused(where: str, reason: str) -> StoreError:
    return StoreError(
        f"A record was to be written to {where}, but the database refuses a value "
        f"({reason}): nothing was written. Give values of the contract's types."
    )


def _timed_out(where: str, reason: str) -> StoreTimeoutError:
    return StoreTimeoutError(
        f"{where} was to be read or written, but it did not answer in time ({reason}). "
        "Look at the server's load, or raise `timeout`."
    )


def _unavailable(where: str, reason: str) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"{where} was to be read or written, but this was reported: {reason}. "
        "Check that the database runs, its log, and what DATABASES says of it."
    )
