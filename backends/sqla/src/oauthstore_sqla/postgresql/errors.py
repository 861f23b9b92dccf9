"""What PostgreSQL's SQLSTATEs become; nobody else knows them."""

from __future__ import annotations

from typing import Final

import psycopg

from oauthstore_core.errors import StoreError

from ..errors import (
    busy,
    duplicate,
    missing_schema,
    of_sqlalchemy,
    original,
    refused,
    timed_out,
    unavailable,
)

__all__ = ["DRIVER_ERRORS", "translated"]

#: What the driver may raise.
DRIVER_ERRORS: Final = (psycopg.Error, psycopg.Warning)

_DUPLICATE: Final = "23505"
#: Serialization failure, deadlock, lock not available: the statement was undone.
_BUSY: Final = ("40001", "40P01", "55P03")
#: Undefined table, column, schema.
_NO_SCHEMA: Final = ("42P01", "42703", "3F000")
_CANCELED: Final = "57014"
#: Data exceptions, violated constraints, program limits, values of the wrong type.
_REFUSED: Final = ("22", "23", "54", "42804", "42883", "42846")
_ADVICE: Final = "Check that the server runs, its log, and the URL's user, password and database."


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for PostgreSQL's, or SQLAlchemy's around it."""
    error = original(error)
    return of_sqlalchemy(error, where) or _by_state(error, where)


def _by_state(error: BaseException, where: str) -> StoreError:
    state = getattr(error, "sqlstate", None) or ""
    if state == _DUPLICATE:
        return duplicate(where)
    if state in _BUSY:
        return busy(where)
    if state in _NO_SCHEMA:
        return missing_schema(where, _message(error))
    if state == _CANCELED or isinstance(error, psycopg.errors.ConnectionTimeout):
        return timed_out(where, "the statement was cancelled" if state else "no answer")
    if state.startswith(_REFUSED):
        return refused(where, f"SQLSTATE {state}")
    # Raised by the driver itself, before anything was sent.
    if not state and isinstance(error, (psycopg.DataError, psycopg.ProgrammingError)):
        return refused(where, type(error).__name__)
    return unavailable(where, _message(error), _ADVICE)


def _message(error: BaseException) -> str:
    """Return what is known to name no value of a record."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    if isinstance(error, (psycopg.OperationalError, OSError)):
        return str(error).strip() or type(error).__name__
    return type(error).__name__
