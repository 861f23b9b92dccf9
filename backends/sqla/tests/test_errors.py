"""Nothing of a driver's gets out: every exception class of each becomes one of the contract's."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import NamedTuple

import psycopg
import pymysql
import pytest
from sqlalchemy import exc

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from oauthstore_core.testing.driver_errors import SECRET, mistranslated
from oauthstore_core.testing.samples import access_token, client, grant
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.engine import Session
from oauthstore_sqla.mysql import errors as mysql
from oauthstore_sqla.postgresql import errors as postgresql
from oauthstore_sqla.sqlite import errors as sqlite


class Driver(NamedTuple):
    base: tuple[type[BaseException], ...]
    classes: tuple[type[BaseException], ...]
    translated: Callable[[BaseException, str], StoreError]
    example: BaseException


def raised_by(*modules: ModuleType) -> Iterator[type[BaseException]]:
    """Yield every exception class of the modules, but for warnings and asyncio drivers' own."""
    for module in modules:
        for _, found in inspect.getmembers(module, inspect.isclass):
            others = (Warning, exc.EmulatedDBAPIException)
            own = found.__module__.partition(".")[0] == module.__name__.partition(".")[0]
            if own and issubclass(found, BaseException) and not issubclass(found, others):
                yield found


DRIVERS = {
    "sqlite": Driver(
        sqlite.DRIVER_ERRORS,
        tuple(raised_by(sqlite3)),
        sqlite.translated,
        sqlite3.OperationalError("disk I/O error"),
    ),
    "postgresql": Driver(
        postgresql.DRIVER_ERRORS,
        # Rollback is what its user raises to leave a block, never what it raises itself.
        tuple({*raised_by(psycopg, psycopg.errors)} - {psycopg.Rollback}),
        postgresql.translated,
        psycopg.OperationalError("server closed the connection unexpectedly"),
    ),
    "mysql": Driver(
        mysql.DRIVER_ERRORS,
        tuple(raised_by(pymysql, pymysql.err)),
        mysql.translated,
        pymysql.OperationalError(2013, "Lost connection to MySQL server during query"),
    ),
}


def made(kind: type[BaseException], driver: Driver) -> BaseException:
    """Return an instance that holds the parameters of a statement, as SQLAlchemy's do."""
    if issubclass(kind, exc.DBAPIError):
        return kind("INSERT", {"payload": SECRET}, driver.example)
    if issubclass(kind, exc.StatementError):
        return kind(SECRET, "INSERT", {"payload": SECRET}, ValueError(SECRET))
    if issubclass(kind, psycopg.Error):
        return kind("some reason")
    error = kind.__new__(kind)
    error.args = ("some reason",)
    return error


def coded(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("some reason")
    error.sqlite_errorcode = code
    return error


def translated(error: BaseException, where: str = "the database") -> StoreError:
    return sqlite.translated(error, where)


@pytest.mark.parametrize("name", DRIVERS)
def test_every_exception_of_a_driver_becomes_ours(name: str) -> None:
    driver = DRIVERS[name]
    classes = {*driver.classes, *raised_by(exc)}

    assert len(classes) > 30
    assert all(issubclass(kind, (*driver.base, exc.SQLAlchemyError)) for kind in classes)
    translate = partial(driver.translated, where="the database")
    assert mistranslated(classes, translate, lambda kind: made(kind, driver)) == []


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
        ("57P03", StoreUnavailableError),
        ("53300", StoreUnavailableError),
        ("25006", StoreUnavailableError),
        ("XX000", StoreUnavailableError),
    ],
)
def test_an_sqlstate_decides_what_an_error_becomes(state: str, kind: type[StoreError]) -> None:
    plain = psycopg.errors.lookup(state)(SECRET)

    for error in (plain, exc.OperationalError("INSERT", {"payload": SECRET}, plain)):
        found = postgresql.translated(error, "the database")
        assert isinstance(found, kind)
        assert kind is not StoreError or type(found) is StoreError


@pytest.mark.parametrize(
    ("number", "raised", "kind"),
    [
        (1062, pymysql.IntegrityError, DuplicateError),
        (1205, pymysql.OperationalError, ConflictError),
        (1213, pymysql.OperationalError, ConflictError),
        (1020, pymysql.OperationalError, ConflictError),
        (1146, pymysql.ProgrammingError, StoreUnavailableError),
        (1406, pymysql.DataError, StoreError),
        (1366, pymysql.DataError, StoreError),
        (1048, pymysql.IntegrityError, StoreError),
        (3024, pymysql.OperationalError, StoreTimeoutError),
        (1969, pymysql.OperationalError, StoreTimeoutError),
        (1040, pymysql.OperationalError, StoreUnavailableError),
        (1064, pymysql.ProgrammingError, StoreUnavailableError),
        (1290, pymysql.OperationalError, StoreUnavailableError),
        (2013, pymysql.OperationalError, StoreUnavailableError),
        (0, pymysql.InterfaceError, StoreUnavailableError),
    ],
)
def test_an_error_number_decides_what_an_error_becomes(
    number: int, raised: type[pymysql.Error], kind: type[StoreError]
) -> None:
    plain = raised(number, "some reason")

    for error in (plain, exc.OperationalError("INSERT", {"payload": SECRET}, plain)):
        found = mysql.translated(error, "the database")
        assert isinstance(found, kind)
        assert kind is not StoreError or type(found) is StoreError


def test_a_database_that_is_missing_is_no_schema_to_migrate() -> None:
    for number, reason in ((1049, "Unknown database 'x'"), (1046, "No database selected")):
        found = mysql.translated(pymysql.OperationalError(number, reason), "the database")
        assert type(found) is StoreUnavailableError
        assert reason in str(found)


def test_a_message_that_quotes_the_statement_stays_inside() -> None:
    error = pymysql.ProgrammingError(1064, f"You have an error near '{SECRET}'")

    assert SECRET not in str(mysql.translated(error, "the database"))


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
