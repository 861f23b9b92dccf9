"""The authorization endpoint as people meet it."""

from __future__ import annotations

from typing import NoReturn

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.oauth2.handles import new_refresh_handle
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.records import Client
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.testing.clock import FakeClock

from .browser import Ask, Browser, NewBrowser, QueryOf


def test_a_visitor_signs_in_first_and_comes_back_to_the_question(
    browser: Browser, ask: Ask
) -> None:
    first = browser.get(ask())
    signing_in = browser.get(first.location)
    answer = browser.submit(signing_in, "/sign-in", name="alice", password="correct horse battery")

    assert first.status == 303
    assert "to continue to" in signing_in.text
    assert answer.status == 303
    assert answer.location == ask()
    assert browser.get(answer.location).status == 200


def test_the_question_names_client_place_scopes_lifetime_and_account(
    browser: Browser, ask: Ask
) -> None:
    browser.sign_in()

    page = browser.get(ask(scope="profile mail"))

    assert "Photo <b>Album</b>" in page.text
    assert b"<b>" not in page.response.body
    assert "album.example.org" in page.text
    assert "app.example.org" in page.text
    assert "See your name" in page.text
    assert "Read your mail" in page.text
    assert "1 hour" in page.text
    assert "90 days" in page.text
    assert "Signed in as <strong>alice" in page.text


def test_allowing_gives_a_code_the_state_as_it_was_and_the_issuer(
    browser: Browser, ask: Ask, query_of: QueryOf
) -> None:
    browser.sign_in()

    answer = browser.submit(browser.get(ask()), "/authorize", decision="allow")

    assert answer.status in {302, 303}
    assert answer.location.startswith("https://app.example.org/callback?")
    told = query_of(answer.location)
    assert told.keys() == {"code", "state", "iss"}
    assert told["state"] == "xyz &=+%"
    assert told["iss"] == "https://auth.example.com"


def test_denying_tells_the_client_and_leaves_no_code(
    browser: Browser, ask: Ask, query_of: QueryOf
) -> None:
    browser.sign_in()

    answer = browser.submit(browser.get(ask()), "/authorize", decision="deny")

    told = query_of(answer.location)
    assert told["error"] == "access_denied"
    assert told["state"] == "xyz &=+%"
    assert told["iss"] == "https://auth.example.com"
    assert "code" not in told


def test_the_form_repeats_no_parameter_of_the_query(browser: Browser, ask: Ask) -> None:
    browser.sign_in()

    action, hidden = browser.get(ask()).form("/authorize")

    assert action == ask()
    assert hidden.keys() == {"csrf"}


@pytest.mark.parametrize("forgery", ["none", "empty", "other browser", "other request", "altered"])
def test_a_form_that_was_not_rendered_for_this_session_and_request_decides_nothing(
    browser: Browser, new_browser: NewBrowser, ask: Ask, forgery: str
) -> None:
    browser.sign_in()
    other = new_browser()
    other.sign_in()
    token = browser.get(ask()).form("/authorize")[1]["csrf"]
    forged = {
        "none": {},
        "empty": {"csrf": ""},
        "other browser": {"csrf": other.get(ask()).form("/authorize")[1]["csrf"]},
        "other request": {"csrf": browser.get(ask(scope="mail")).form("/authorize")[1]["csrf"]},
        "altered": {"csrf": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")},
    }[forgery]

    answer = browser.post(ask(), {**forged, "decision": "allow"})

    assert answer.status == 403
    assert answer.location is None


def test_a_form_is_good_for_an_hour(browser: Browser, ask: Ask, clock: FakeClock) -> None:
    browser.sign_in()
    page = browser.get(ask())

    clock.advance(3600)

    assert browser.submit(page, "/authorize", decision="allow").status == 403


def test_a_form_without_a_decision_allows_nothing(browser: Browser, ask: Ask) -> None:
    browser.sign_in()

    answer = browser.submit(browser.get(ask()), "/authorize", decision="perhaps")

    assert answer.status == 400
    assert answer.location is None


def test_a_decision_without_a_session_leads_to_the_sign_in(browser: Browser, ask: Ask) -> None:
    answer = browser.post(ask(), {"decision": "allow"})

    assert answer.status == 303
    assert answer.location.startswith("/sign-in?next=")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "https://app.example.org/callback/"},
        {"redirect_uri": 'https://app.example.org/"'},
    ],
)
def test_an_error_before_client_and_redirect_uri_are_known_is_a_page_of_ours(
    browser: Browser, ask: Ask, changes: dict[str, str | None]
) -> None:
    answer = browser.get(ask(**changes))

    assert answer.status == 400
    assert answer.location is None
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert "Reason id" in answer.text
    assert "not yours" in answer.text


def test_a_repeated_parameter_is_an_error_page(browser: Browser, ask: Ask) -> None:
    answer = browser.get(ask() + "&client_id=album")

    assert answer.status == 400
    assert answer.location is None


def test_nobody_is_sent_on_with_an_error_before_a_sign_in(
    browser: Browser, ask: Ask, query_of: QueryOf
) -> None:
    before = browser.get(ask(scope="evil"))
    browser.sign_in()
    after = browser.get(ask(scope="evil"))

    assert before.location.startswith("/sign-in?")
    assert query_of(after.location)["error"] == "invalid_scope"
    assert query_of(after.location)["iss"] == "https://auth.example.com"


def test_the_sign_in_on_the_way_to_such_an_error_lets_the_browser_follow_it(
    browser: Browser, ask: Ask
) -> None:
    page = browser.get(browser.get(ask(scope="evil")).location)

    policy = page.header("Content-Security-Policy")
    assert "form-action 'self' https://app.example.org;" in policy


def test_the_sign_in_lets_the_browser_go_on_where_the_consent_is_remembered(
    browser: Browser, ask: Ask
) -> None:
    page = browser.get(browser.get(ask()).location)

    policy = page.header("Content-Security-Policy")
    assert "form-action 'self' https://app.example.org;" in policy


def test_the_form_may_lead_to_the_client_and_nowhere_else(browser: Browser, ask: Ask) -> None:
    browser.sign_in()

    policy = browser.get(ask()).header("Content-Security-Policy")

    assert "form-action 'self' https://app.example.org;" in policy


@pytest.mark.parametrize("parameter", ["client_id", "redirect_uri", "response_type", "scope"])
def test_a_token_in_the_wrong_place_is_not_logged(
    browser: Browser, ask: Ask, caplog: pytest.LogCaptureFixture, parameter: str
) -> None:
    handle = str(new_refresh_handle())

    browser.get(ask(**{parameter: handle}))

    assert handle not in caplog.text


@pytest.mark.parametrize(
    "query",
    ["client_id=%00", "client_id=%ff", "a=1&" * 200, "client_id=%F0%9F%98%80", "&&=&"],
)
def test_a_hostile_query_is_a_page_with_4xx(browser: Browser, query: str) -> None:
    for signed_in in (False, True):
        if signed_in:
            browser.sign_in()

        answer = browser.get(f"/authorize?{query}")

        assert 400 <= answer.status < 500
        assert answer.header("Content-Type") == "text/html; charset=utf-8"


def test_a_hostile_form_is_a_page_with_4xx(browser: Browser, ask: Ask) -> None:
    browser.sign_in()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff\xfe", b"csrf=%ff", b"csrf=%00", b"a=&" * 200, b"csrf=" + b"A" * 60_000):
        answer = browser.send("POST", ask(), body, headers)

        assert 400 <= answer.status < 500


def test_a_store_that_fails_is_a_page_with_503_and_retry_after(
    browser: Browser, ask: Ask, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in()
    page = browser.get(ask())

    def fail(*_: object, **__: object) -> NoReturn:
        raise StoreUnavailableError("no answer from host 10.0.0.1")

    monkeypatch.setattr(server.stores.clients, "query_client", fail)
    asked, posted = browser.get(ask()), browser.submit(page, "/authorize", decision="allow")

    for answer in (asked, posted):
        assert answer.status == 503
        assert answer.header("Retry-After") == "5"
        assert "10.0.0.1" not in answer.text


def test_a_code_that_cannot_be_stored_is_a_page_with_503(
    browser: Browser, ask: Ask, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in()
    page = browser.get(ask())

    def fail(*_: object, **__: object) -> NoReturn:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(server.stores.credentials, "save_credential", fail)

    assert browser.submit(page, "/authorize", decision="allow").status == 503


def test_a_consent_during_which_the_account_is_deleted_is_dead(
    browser: Browser,
    ask: Ask,
    query_of: QueryOf,
    server: AuthorizationServer,
    accounts: Accounts,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = browser.sign_in() and accounts.store.query_account("alice")
    page = browser.get(ask())
    query_client = server.stores.clients.query_client

    def delete_and_query(client_id: str) -> Client | None:
        monkeypatch.undo()
        accounts.store.delete_account(account.subject)
        server.revoke_all(subject=account.subject)
        clock.advance(30)
        return query_client(client_id)

    monkeypatch.setattr(server.stores.clients, "query_client", delete_and_query)
    code = query_of(browser.submit(page, "/authorize", decision="allow").location)["code"]
    answer = browser.post(
        "/token",
        {
            "grant_type": "authorization_code",
            "client_id": "album",
            "code": code,
            "redirect_uri": "https://app.example.org/callback",
            "code_verifier": "v" * 43,
        },
    )

    assert answer.status == 400
    assert '"invalid_grant"' in answer.text
