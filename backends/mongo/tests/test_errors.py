"""Nothing of the driver's gets out: every exception class becomes one of the contract's."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from types import ModuleType

import bson.errors
import pytest
from bson import encode
from pymongo import errors as driver

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from oauthstore_core.testing.driver_errors import SECRET, mistranslated
from oauthstore_mongo import MongoBackend
from oauthstore_mongo.discretion import keep_out_of_logs
from oauthstore_mongo.errors import DRIVER_ERRORS, translated

WHERE = "the database mongodb://host/oauth"


def raised_by(*modules: ModuleType) -> Iterator[type[BaseException]]:
    for module in modules:
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, BaseException) and found.__module__.startswith(
                ("pymongo", "bson")
            ):
                yield found


def made(kind: type[BaseException]) -> BaseException:
    """Return an instance as PyMongo makes it, which quotes a value."""
    if issubclass(kind, driver.BulkWriteError):
        return kind({"writeErrors": [{"index": 0, "code": 1, "errmsg": SECRET, "op": SECRET}]})
    if issubclass(kind, driver.ClientBulkWriteException):
        return kind({"writeErrors": []}, verbose=True)
    if issubclass(kind, driver.EncryptedCollectionError):
        return kind(ValueError(SECRET), {"fields": SECRET})
    if issubclass(kind, driver.EncryptionError):
        return kind(ValueError(SECRET))
    return kind(SECRET)


def test_every_exception_of_the_driver_becomes_ours() -> None:
    classes = {*raised_by(driver, bson.errors)}

    assert len(classes) > 30
    assert all(issubclass(kind, DRIVER_ERRORS) for kind in classes)
    assert mistranslated(classes, lambda error: translated(error, WHERE), made) == []


def failure(code: int, errmsg: str = "") -> driver.OperationFailure:
    return driver.OperationFailure(SECRET, code, {"ok": 0, "code": code, "errmsg": errmsg})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (11000, DuplicateError),
        (112, ConflictError),
        (24, ConflictError),
        (16908292, ConflictError),
        (50, StoreTimeoutError),
        (64, StoreTimeoutError),
        (89, StoreTimeoutError),
        (262, StoreTimeoutError),
        (17419, StoreError),
        (261, StoreError),
        (13, StoreUnavailableError),
        (18, StoreUnavailableError),
        (10107, StoreUnavailableError),
        (11600, StoreUnavailableError),
        (1, StoreUnavailableError),
        (8, StoreUnavailableError),
    ],
)
def test_the_servers_code_decides_what_an_error_becomes(code: int, kind: type[StoreError]) -> None:
    bulk = driver.BulkWriteError({"writeErrors": [{"code": code, "errmsg": SECRET}]})

    for error in (failure(code), driver.WriteError(SECRET, code), bulk):
        found = translated(error, WHERE)
        assert isinstance(found, kind)
        assert kind is not StoreError or type(found) is StoreError
        assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('conflicting key value violates exclusion constraint "rum_12"', DuplicateError),
        ('duplicate key value violates unique constraint "pk_2"', DuplicateError),
        ("deadlock detected", ConflictError),
        ("terminating connection due to administrator command", StoreUnavailableError),
    ],
)
def test_ferretdbs_internal_errors_are_told_apart(words: str, kind: type[StoreError]) -> None:
    assert isinstance(translated(failure(1, words), WHERE), kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (driver.NetworkTimeout(), StoreTimeoutError),
        (driver.WaitQueueTimeoutError(), StoreTimeoutError),
        (driver.WTimeoutError("waiting for replication timed out", 64), StoreTimeoutError),
        (driver.ExecutionTimeout("operation exceeded time limit", 50), StoreTimeoutError),
        (driver.ServerSelectionTimeoutError(), StoreUnavailableError),
        (driver.AutoReconnect("connection closed"), StoreUnavailableError),
        (driver.NotPrimaryError("not primary"), StoreUnavailableError),
        (ConnectionResetError(), StoreUnavailableError),
        (OverflowError(), StoreError),
        (driver.DocumentTooLarge("too large"), StoreError),
    ],
)
def test_the_drivers_class_decides_where_there_is_no_code(
    error: BaseException, kind: type[StoreError]
) -> None:
    assert type(translated(error, WHERE)) is kind


def test_what_bson_cannot_hold_is_refused() -> None:
    for value in ({"number": 2**70}, {"half": "\ud800"}, {"object": object()}):
        with pytest.raises(DRIVER_ERRORS) as caught:
            encode(value)
        assert type(translated(caught.value, WHERE)) is StoreError


def test_a_message_says_what_was_asked_what_was_found_and_what_to_do() -> None:
    told = str(translated(failure(18), WHERE))

    assert told == (
        f"{WHERE} was to be read or written, but the driver reports: OperationFailure, code 18. "
        "Give a user and a password that may read and write this database."
    )


def test_a_digest_that_is_none_is_a_value_error_that_does_not_show_it() -> None:
    store = MongoBackend("mongodb://127.0.0.1:1/oauth")
    for wrong in (SECRET, "AB" * 32, "ab" * 31, ""):
        with pytest.raises(ValueError, match="lower-case hexadecimal") as caught:
            store.tokens.query_token(wrong)
        assert not wrong or wrong not in str(caught.value)
    store.close()


def test_the_drivers_log_tells_of_a_command_its_name_and_nothing_of_its_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logged = (
        '{"message": "Command started", "commandName": "insert", "databaseName": "%s", '
        '"command": "{\\"insert\\": \\"' + SECRET + '\\"}"}'
    )
    keep_out_of_logs("ours")

    with caplog.at_level(logging.DEBUG, "pymongo.command"):
        for name in ("ours", "somebody's"):
            logging.getLogger("pymongo.command").debug(logged.replace("%s", name))

    ours, others = (record.getMessage() for record in caplog.records)
    assert '"commandName": "insert"' in ours
    assert SECRET not in ours
    assert SECRET in others
