"""What PyMongo raises, in the words of the contract.

::

    the server or the driver says                becomes
    ---------------------------------------------------------------------
    a key is taken                               DuplicateError
    another writer is in the way, deadlock
      (nothing was executed)                     BusyError, a ConflictError
    a value that BSON or the server cannot hold  StoreError
    no answer, no majority, or no free
      connection, in time                        StoreTimeoutError
    everything else                              StoreUnavailableError

Of the server's own words only the error's code is shown: they quote values.
"""

from __future__ import annotations

from typing import Final

from bson.errors import BSONError
from pymongo import errors as driver

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)

__all__ = ["DRIVER_ERRORS", "FENCED", "BusyError", "code_of", "translated"]

#: What a call of the driver may raise; the kit's `OSError` counts as the connection's.
DRIVER_ERRORS: Final = (
    driver.PyMongoError,
    BSONError,
    OverflowError,
    UnicodeError,
    OSError,
)
#: ImmutableField: what the server answers to a guard that met a fence; see `saving`.
FENCED: Final = 66
_DUPLICATE: Final = 11000
#: WriteConflict, LockTimeout, and what FerretDB makes of PostgreSQL's deadlocks, serialization
#: failures and lock time-outs.
_BUSY: Final = frozenset({24, 112, 16908292})
#: InternalError: what FerretDB's `findAndModify` makes of some of PostgreSQL's errors, by the
#: words that these begin with, and what its `update` makes of them.
_INTERNAL: Final = 1
_MEANT: Final = {
    "conflicting key value violates exclusion constraint": _DUPLICATE,
    "duplicate key value violates unique constraint": _DUPLICATE,
    "deadlock detected": 16908292,
}
#: MaxTimeMSExpired, ExceededTimeLimit, NetworkTimeout, WriteConcernFailed (its time was over).
_TIMEOUTS: Final = frozenset({50, 262, 89, 64})
#: BadValue, TypeMismatch, BSONObjectTooLarge, KeyTooLong, DocumentTooLarge ..., and an index
#: entry that is too long for DocumentDB.
_REFUSED: Final = frozenset({2, 14, 10334, 17280, 17420, 17419, 261})
#: Unauthorized, AuthenticationFailed.
_FORBIDDEN: Final = frozenset({13, 18})


class BusyError(ConflictError):
    """Another writer was first; nothing was executed, so it may be tried again."""


def code_of(error: BaseException) -> int | None:
    """Return the server's code of an error, of a bulk's first."""
    if isinstance(error, driver.BulkWriteError):
        found = error.details or {}
        first = [*found.get("writeErrors", ()), *found.get("writeConcernErrors", ())][:1]
        return first[0].get("code") if first else None
    return error.code if isinstance(error, driver.OperationFailure) else None


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for the driver's; never with a value in it."""
    code = code_of(error)
    code = _MEANT.get(_reason(error), code) if code == _INTERNAL else code
    if code == _DUPLICATE:
        return DuplicateError(f"The key of a new record is taken in {where}: nothing was written.")
    if code in _BUSY:
        return BusyError(f"Another writer was first in {where}: nothing was executed.")
    if _is_timeout(error) or code in _TIMEOUTS:
        return StoreTimeoutError(
            f"{where} was to be read or written, but the answer did not come in time "
            f"({_named(error, code)}). Look at the server's load, or raise `timeout`."
        )
    if _is_refusal(error) or code in _REFUSED:
        return StoreError(
            f"A record was to be written to {where}, but a value cannot be stored "
            f"({_named(error, code)}): nothing was written. Give values of the contract's types: "
            "numbers of 64 bits, text that is UTF-8, and records below 16 MB."
        )
    return StoreUnavailableError(
        f"{where} was to be read or written, but the driver reports: {_named(error, code)}. "
        f"{_advice(code)}"
    )


def _reason(error: BaseException) -> str:
    """Return the words before a name, and before what may be a value."""
    details = error.details if isinstance(error, driver.OperationFailure) else None
    return str((details or {}).get("errmsg", "")).partition('"')[0].strip()


def _is_timeout(error: BaseException) -> bool:
    # ServerSelectionTimeoutError is one, too, but means that nobody is there.
    kinds = (driver.NetworkTimeout, driver.WaitQueueTimeoutError, driver.WTimeoutError)
    return isinstance(error, (*kinds, driver.ExecutionTimeout, TimeoutError))


def _is_refusal(error: BaseException) -> bool:
    kinds = (driver.DocumentTooLarge, driver.InvalidName, BSONError)
    return isinstance(error, (*kinds, OverflowError, UnicodeError))


def _named(error: BaseException, code: int | None) -> str:
    name = type(error).__name__
    return name if code is None else f"{name}, code {code}"


def _advice(code: int | None) -> str:
    if code in _FORBIDDEN:
        return "Give a user and a password that may read and write this database."
    return "Look at the server and the way to it; service comes back by itself."
