"""What the error numbers of MySQL and MariaDB become; nobody else knows them."""

from __future__ import annotations

from typing import Final

import pymysql
from pymysql.constants import ER

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

__all__ = ["DRIVER_ERRORS", "ends_connection", "translated"]

#: What the driver may raise.
DRIVER_ERRORS: Final = (pymysql.MySQLError,)

_DUPLICATE: Final = (ER.DUP_ENTRY, ER.DUP_KEY)
#: Lock wait timeout, deadlock, record changed since last read (MariaDB).
_BUSY: Final = (ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, ER.CHECKREAD)
_NO_SCHEMA: Final = (ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR)
#: Statement time exceeded: MySQL's, MariaDB's.
_TIMED_OUT: Final = (3024, 1969)
_REFUSED: Final = (
    ER.BAD_NULL_ERROR,
    ER.WARN_DATA_OUT_OF_RANGE,
    ER.WARN_DATA_TRUNCATED,
    ER.DATA_TOO_LONG,
    ER.TRUNCATED_WRONG_VALUE_FOR_FIELD,
    ER.NO_DEFAULT_FOR_FIELD,
    ER.NET_PACKET_TOO_LARGE,
)
_FROM_THE_DRIVER: Final = range(2000, 3000)
_ABOUT_ACCESS: Final = (
    ER.CON_COUNT_ERROR,
    ER.ACCESS_DENIED_ERROR,
    ER.DBACCESS_DENIED_ERROR,
    ER.BAD_DB_ERROR,
    ER.NO_DB_ERROR,
)
_ADVICE: Final = "Check that the server runs, its log, and the URL's user, password and database."


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for MySQL's, or SQLAlchemy's around it."""
    error = original(error)
    return of_sqlalchemy(error, where) or _by_number(error, where)


def ends_connection(error: BaseException) -> bool:
    """Tell whether the server closes the connection after it, which the driver does not notice."""
    return _number(original(error)) == ER.NET_PACKET_TOO_LARGE


def _number(error: BaseException) -> object:
    return error.args[0] if isinstance(error, pymysql.MySQLError) and error.args else None


def _by_number(error: BaseException, where: str) -> StoreError:
    number = _number(error)
    if number in _DUPLICATE:
        return duplicate(where)
    if number in _BUSY:
        return busy(where)
    if number in _NO_SCHEMA:
        return missing_schema(where, str(error.args[-1]))
    if number in _TIMED_OUT or (number in _FROM_THE_DRIVER and "timed out" in str(error)):
        return timed_out(where, f"error {number}")
    if number in _REFUSED or isinstance(error, (pymysql.DataError, pymysql.IntegrityError)):
        return refused(where, f"error {number}")
    if number in _FROM_THE_DRIVER or number in _ABOUT_ACCESS or isinstance(error, OSError):
        return unavailable(where, str(error.args[-1]), _ADVICE)
    # Other messages may quote a piece of the statement, and values stand in it.
    return unavailable(where, f"{type(error).__name__} {number or ''}".strip(), _ADVICE)
