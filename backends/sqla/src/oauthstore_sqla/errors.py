"""What drivers raise, in the words of the contract: what is common to all databases.

::

    the database says                           becomes
    --------------------------------------------------------------------
    a key is taken                              DuplicateError
    another writer is in the way, deadlock,
      serialization (nothing was executed)      BusyError, a ConflictError
    no such table or column                     MissingSchemaError
    a value out of range, other constraints     StoreError
    no answer, or no free connection, in time   StoreTimeoutError
    everything else                             StoreUnavailableError

Each database has the table of its own codes, in its `errors` module; nobody else
knows them.
"""

from __future__ import annotations

from sqlalchemy import URL, exc

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)

__all__ = [
    "BusyError",
    "MissingSchemaError",
    "busy",
    "duplicate",
    "missing_schema",
    "of_sqlalchemy",
    "original",
    "refused",
    "shown",
    "timed_out",
    "unavailable",
]


#: What marks a parameter of a URL's query as secret, whatever the driver: `password`, `passwd`,
#: `sslpassword`, `oauth_client_secret`.
_SECRET = ("pass", "secret")


def shown(url: URL) -> str:
    """Return the URL as messages and `describe` show it, with nothing secret in it."""
    hidden = {name: "***" for name in url.query if any(sign in name for sign in _SECRET)}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


class BusyError(ConflictError):
    """Another writer was first; nothing was executed, so it may be tried again."""


class MissingSchemaError(StoreUnavailableError):
    """The store answers, but its tables are not there."""


def original(error: BaseException) -> BaseException:
    """Return the driver's exception within SQLAlchemy's."""
    return (error.orig or error) if isinstance(error, exc.DBAPIError) else error


def of_sqlalchemy(error: BaseException, where: str) -> StoreError | None:
    """Return what becomes of an error that no driver raised, None for any other."""
    if isinstance(error, exc.TimeoutError):
        return StoreTimeoutError(
            f"A connection to {where} was asked for, but none became free in time. "
            "Run fewer threads in a process, raise `connections`, or look for statements that hang."
        )
    if isinstance(error, OverflowError):
        return refused(where, "a number needs more than 64 bits")
    return None


def busy(where: str) -> BusyError:
    """Return the error for a step that was not executed."""
    return BusyError(f"Another writer holds {where}: nothing was executed.")


def duplicate(where: str) -> DuplicateError:
    """Return the error for a key that is taken."""
    return DuplicateError(f"The key of a new record is taken in {where}: nothing was written.")


def missing_schema(where: str, reason: str) -> MissingSchemaError:
    """Return what a verb raises where `migrate` has never run."""
    return MissingSchemaError(
        f"A table of {where} was asked for, but it is not there ({reason}). "
        "Run `oauthstore migrate` once before the server starts."
    )


def refused(where: str, reason: str) -> StoreError:
    """Return the error for a value that the database does not take."""
    return StoreError(
        f"A record was to be written to {where}, but the database refuses a value "
        f"({reason}): nothing was written. Give values of the contract's types."
    )


def timed_out(where: str, reason: str) -> StoreTimeoutError:
    """Return the error for an answer that did not come in time."""
    return StoreTimeoutError(
        f"{where} was to be read or written, but it did not answer in time ({reason}). "
        "Look at the server's load, or raise `timeout`."
    )


def unavailable(where: str, reason: str, advice: str) -> StoreUnavailableError:
    """Return the error for a database that cannot be used."""
    return StoreUnavailableError(
        f"{where} was to be read or written, but the driver reports: {reason}. {advice}"
    )
