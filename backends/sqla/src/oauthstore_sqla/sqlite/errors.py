"""What SQLite's codes become; nobody else knows them."""

from __future__ import annotations

import sqlite3
from typing import Final

from oauthstore_core.errors import StoreError

from ..errors import (
    busy,
    duplicate,
    missing_schema,
    of_sqlalchemy,
    original,
    refused,
    unavailable,
)

__all__ = ["DRIVER_ERRORS", "translated"]

#: What the driver may raise.
DRIVER_ERRORS: Final = (sqlite3.Error, sqlite3.Warning)

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


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for SQLite's, or SQLAlchemy's around it."""
    error = original(error)
    return of_sqlalchemy(error, where) or _by_code(error, where)


def _by_code(error: BaseException, where: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None) or 0
    primary = code & _PRIMARY_CODE
    if code in _DUPLICATE:
        return duplicate(where)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return busy(where)
    # Messages of SQLite name tables and columns, never a parameter's value.
    if primary == sqlite3.SQLITE_ERROR and any(sign in str(error) for sign in _NO_SCHEMA):
        return missing_schema(where, str(error))
    if primary in _REFUSED or isinstance(error, (sqlite3.IntegrityError, sqlite3.DataError)):
        return refused(where, getattr(error, "sqlite_errorname", None) or type(error).__name__)
    known = isinstance(error, (sqlite3.Error, OSError))
    reason = str(error) if known else type(error).__name__
    return unavailable(where, reason, "Check the file, its disk and its permissions.")
