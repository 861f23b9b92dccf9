"""Nothing of Django's or a driver's gets out: each exception class becomes a `StoreError`."""

from __future__ import annotations

import sqlite3

import django.db
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from oauthstore_core.testing.driver_errors import SECRET, driver_errors, mistranslated
from oauthstore_core.testing.samples import access_token, client, grant
from oauthstore_django.backend import DjangoBackend
from oauthstore_django.errors import DATABASE_ERRORS, translated

#: Which of Django's exceptions stands for which of a driver's, as its wrapper has it.
NAMES = ("DataError", "OperationalError", "IntegrityError", "InternalError", "ProgrammingError")
NAMES += ("NotSupportedError", "DatabaseError", "InterfaceError", "Error")


def wrapped(error: BaseException) -> BaseException:
    """Return Django's exception around a driver's, which Django gives all of its arguments."""
    kind = next(c.__name__ for c in type(error).__mro__ if c.__name__ in NAMES)
    around: BaseException = getattr(django.db, kind)(*error.args)
    around.__cause__ = error
    return around


def coded(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("some reason")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_SOMETHING"
    return error


def test_every_exception_of_django_becomes_ours() -> None:
    classes = driver_errors([django.db.Error, SynchronousOnlyOperation, OverflowError])

    assert len(classes) > 8
    assert all(issubclass(kind, DATABASE_ERRORS) for kind in classes)
    told = {django.db.OperationalError}  # of the connection, as a driver's is
    assert mistranslated(set(classes) - told, lambda error: translated(error, "the store")) == []


def test_every_exception_of_a_driver_in_django_becomes_ours() -> None:
    classes = driver_errors([sqlite3.Error, psycopg.Error])

    def translate(error: BaseException) -> BaseException:
        return translated(wrapped(error), "the store")

    def make(kind: type[BaseException]) -> BaseException:
        error = kind.__new__(kind)
        # What tells of the connection is shown; it has no values of a statement.
        connection = issubclass(kind, (sqlite3.OperationalError, psycopg.OperationalError))
        error.args = ("some reason" if connection else SECRET,)
        return error

    assert len(classes) > 200
    assert mistranslated(classes, translate, make) == []


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("23505", DuplicateError),
        ("40001", ConflictError),
        ("40P01", ConflictError),
        ("55P03", ConflictError),
        ("57014", StoreTimeoutError),
        ("42P01", StoreUnavailableError),
        ("22021", StoreError),
        ("23502", StoreError),
        ("54000", StoreError),
        ("57P01", StoreUnavailableError),
        ("53300", StoreUnavailableError),
        ("25006", StoreUnavailableError),
        ("XX000", StoreUnavailableError),
    ],
)
def test_an_sqlstate_decides_what_an_error_becomes(state: str, kind: type[StoreError]) -> None:
    plain = psycopg.errors.lookup(state)(SECRET)

    found = translated(wrapped(plain), "the store")
    assert isinstance(found, kind)
    assert kind is not StoreError or type(found) is StoreError
    assert SECRET not in str(found)


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
    ],
)
def test_a_result_code_decides_what_an_error_becomes(code: int, kind: type[StoreError]) -> None:
    found = translated(wrapped(coded(code)), "the store")

    assert isinstance(found, kind)
    assert kind is not StoreError or type(found) is StoreError


def test_settings_that_django_refuses_are_unavailable() -> None:
    found = translated(ImproperlyConfigured("supply the NAME"), "the store")

    assert type(found) is StoreUnavailableError
    assert "supply the NAME" in str(found)


def test_a_number_that_does_not_fit_is_refused_not_thrown(store: DjangoBackend) -> None:
    with pytest.raises(StoreError, match="64 bits"):
        store.clients.save_client(client(created_at=2**70))


def test_a_digest_that_is_none_is_a_value_error_that_does_not_show_it(store: DjangoBackend) -> None:
    for wrong in (SECRET, access_token(1).digest.upper(), ""):
        with pytest.raises(ValueError, match="lower-case hexadecimal") as caught:
            store.tokens.query_token(wrong)
        assert wrong == "" or wrong not in str(caught.value)


def test_no_exception_of_the_driver_hangs_on_to_ours(store: DjangoBackend) -> None:
    token = access_token(1, payload=SECRET)
    store.tokens.save_token(grant(1), [token])

    with pytest.raises(DuplicateError) as caught:
        store.tokens.save_token(grant(1), [token])

    error: BaseException | None = caught.value
    while error is not None:
        assert type(error).__module__.startswith("oauthstore_")
        assert SECRET not in str(error)
        error = error.__cause__ or error.__context__


def test_what_fails_within_a_transaction_leaves_a_usable_connection(store: DjangoBackend) -> None:
    def fail(lent: object) -> None:
        raise RuntimeError("in the middle")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            store._store.transact(fail)
        assert store.clients.query_client("c") is None
    store.clients.save_client(client())
