from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import exc

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from oauthstore_core.testing.samples import access_token, client, grant
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.engine import Session
from oauthstore_sqla.errors import DRIVER_ERRORS, translated

SECRET = "the-secret-in-a-payload"


def driver_classes() -> Iterator[type[BaseException]]:
    """Yield every exception class of sqlite3 and of SQLAlchemy, but for asyncio drivers' own."""
    for module in (sqlite3, exc):
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, BaseException) and not issubclass(
                found, (Warning, exc.EmulatedDBAPIException)
            ):
                yield found
    yield sqlite3.Warning


def made(kind: type[BaseException]) -> BaseException:
    """Return an instance that holds the parameters of a statement, as SQLAlchemy's do."""
    if issubclass(kind, exc.DBAPIError):
        return kind("INSERT", {"payload": SECRET}, sqlite3.OperationalError("disk I/O error"))
    if issubclass(kind, exc.StatementError):
        return kind(SECRET, "INSERT", {"payload": SECRET}, ValueError(SECRET))
    error = kind.__new__(kind)
    error.args = ("some reason",)
    return error


def coded(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("some reason")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("kind", list(driver_classes()), ids=lambda kind: kind.__name__)
def test_every_exception_of_the_driver_becomes_ours(kind: type[BaseException]) -> None:
    assert issubclass(kind, DRIVER_ERRORS)

    error = translated(made(kind), "the database")

    assert isinstance(error, StoreError)
    assert SECRET not in f"{error} {error!r} {vars(error)}"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, ConflictError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, ConflictError),
        (sqlite3.SQLITE_LOCKED, ConflictError),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, DuplicateError),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, DuplicateError),
        (sqlite3.SQLITE_CONSTRAINT_NOTNULL, StoreError),
        (sqlite3.SQLITE_TOOBIG, StoreError),
        (sqlite3.SQLITE_CORRUPT, StoreUnavailableError),
        (sqlite3.SQLITE_NOTADB, StoreUnavailableError),
        (sqlite3.SQLITE_READONLY, StoreUnavailableError),
        (sqlite3.SQLITE_IOERR, StoreUnavailableError),
        (sqlite3.SQLITE_FULL, StoreUnavailableError),
        (sqlite3.SQLITE_CANTOPEN, StoreUnavailableError),
        (sqlite3.SQLITE_AUTH, StoreUnavailableError),
    ],
)
def test_a_result_code_decides_what_an_error_becomes(code: int, kind: type[StoreError]) -> None:
    plain = coded(code)
    wrapped = exc.OperationalError("INSERT", {"payload": SECRET}, plain)

    for error in (plain, wrapped):
        found = translated(error, "the database")
        assert isinstance(found, kind)
        if kind is StoreError:
            assert type(found) is StoreError


def test_a_pool_without_free_connections_is_a_timeout() -> None:
    assert type(translated(exc.TimeoutError(), "the database")) is StoreTimeoutError


def test_a_number_that_does_not_fit_is_refused_not_thrown(store: SqlaBackend) -> None:
    with pytest.raises(StoreError, match="64 bits"):
        store.clients.save_client(client(created_at=2**70))


def test_a_digest_that_is_none_is_a_value_error_that_does_not_show_it(store: SqlaBackend) -> None:
    for wrong in (SECRET, access_token(1).digest.upper(), ""):
        with pytest.raises(ValueError, match="lower-case hexadecimal") as caught:
            store.tokens.query_token(wrong)
        assert wrong == "" or wrong not in str(caught.value)


def test_no_exception_of_the_driver_hangs_on_to_ours(store: SqlaBackend) -> None:
    token = access_token(1, payload=SECRET)
    store.tokens.save_token(grant(1), [token])

    with pytest.raises(DuplicateError) as caught:
        store.tokens.save_token(grant(1), [token])

    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_what_fails_within_a_transaction_leaves_a_usable_connection(store: SqlaBackend) -> None:
    def fail(session: Session) -> None:
        raise RuntimeError("in the middle")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            store._store.transact(fail)
        assert store.clients.query_client("c") is None
    store.clients.save_client(client())
