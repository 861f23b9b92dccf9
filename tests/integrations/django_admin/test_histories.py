"""Django's own database fails: what was done is told, and a secret shown, or nothing is done."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from .desk import Desk, first_secret

UNRECORDED = "the history of the site has no line of it"
LOCKED = "An act of an administrator is not in the site's history"


@contextmanager
def _locked(statement: str = "") -> Generator[None]:
    """Have another connection write to the database that Django's own tables are in."""
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        if statement:
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
            other.close()


def _history(desk: Desk) -> int:
    from django.contrib.admin.models import LogEntry  # noqa: PLC0415 - once it is installed

    return int(LogEntry.objects.count())


SHOWING: dict[str, Callable[[Desk], Any]] = {
    "add": lambda desk: desk.add(client_id="other"),
    "add of OAuth 1": lambda desk: desk.post("client/add/oauth1/", client_id="other"),
    "rotate": lambda desk: desk.rotate("album"),
    "confidential": lambda desk: desk.change("album"),
}


@pytest.mark.parametrize("act", SHOWING)
def test_a_secret_is_shown_though_the_history_cannot_be_written(
    desk: Desk, act: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.add(token_endpoint_auth_method="none" if act == "confidential" else "client_secret_post")
    before = _history(desk)

    with _locked():
        page = SHOWING[act](desk)

    assert page.status_code == 200
    secret = first_secret(page.text)
    assert len(secret) == 43
    assert UNRECORDED in page.text
    assert LOCKED in caplog.text
    assert secret not in caplog.text
    assert _history(desk) == before
    assert UNRECORDED not in desk.said()


CHANGING: dict[str, Callable[[Desk], Any]] = {
    "change": lambda desk: desk.change("album", client_name="Photos"),
    "delete": lambda desk: desk.post("client/album/delete/"),
    "revoke": lambda desk: desk.post("grant/revoke/?subject=alice"),
}


@pytest.mark.parametrize("act", CHANGING)
def test_what_was_done_is_told_though_the_history_cannot_be_written(desk: Desk, act: str) -> None:
    desk.add()
    desk.said()

    with _locked():
        answer = CHANGING[act](desk)

    assert answer.status_code == 302
    told = desk.said()
    assert UNRECORDED in told
    assert any(word in told for word in ("was changed", "was deleted", "were revoked"))


def test_a_grant_is_revoked_though_the_history_cannot_be_written(desk: Desk) -> None:
    token = desk.site.issue(desk.site.register())["access_token"]
    link = desk.get("grant/").text.partition('" class="deletelink"')[0].rpartition('"')[2]

    with _locked():
        answer = desk.browser.post(link.replace("&amp;", "&"))

    assert answer.status_code == 302
    assert UNRECORDED in desk.said()
    assert desk.site.ask("/any", token).status_code == 401


@pytest.mark.parametrize("act", [*SHOWING, *CHANGING])
def test_a_database_that_cannot_tell_who_asks_is_503_and_nothing_is_done(
    desk: Desk, act: str
) -> None:
    desk.add(token_endpoint_auth_method="none" if act == "confidential" else "client_secret_post")
    stored = desk.stored("album")

    with _locked("UPDATE people_person SET is_active = is_active"):
        answer = {**SHOWING, **CHANGING}[act](desk)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The project's database does not answer" in answer.text
    assert desk.stored("album") == stored
    assert desk.stored("other") is None


def test_a_database_that_fails_later_is_503_in_the_look_of_the_site(desk: Desk) -> None:
    desk.site.issue(desk.site.register())

    def fail(execute: Any, sql: str, *given: Any) -> Any:  # noqa: ANN401 - Django's
        if " IN (" in sql:
            raise OperationalError("gone away")
        return execute(sql, *given)

    with connection.execute_wrapper(fail):
        answer = desk.get("grant/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "own database did not answer" in answer.text
    assert 'id="nav-sidebar"' in answer.text
