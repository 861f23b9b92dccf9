"""The demo: what it makes once, and its way from a sign-in to a token at work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.demo import APP_ID, CLIENT_ID, DemoNotes, prepare_demo

from .browser import Answer, Browser, NewBrowser


@pytest.fixture
def prepared(server: AuthorizationServer, accounts: Accounts) -> DemoNotes:
    return prepare_demo(server, accounts)


@pytest.fixture
def shown(browser: Browser, prepared: DemoNotes) -> Answer:
    """The demo's page, after a sign-in and a consent."""
    browser.sign_in("demo", prepared.password)
    question = browser.follow(browser.get("/demo"))
    return browser.follow(browser.submit(question, "/authorize", decision="allow"))


def test_secret_and_password_are_told_once(
    server: AuthorizationServer, accounts: Accounts, prepared: DemoNotes
) -> None:
    again = prepare_demo(server, accounts)

    assert prepared.client_secret
    assert accounts.verify("demo", prepared.password)
    assert (again.client_secret, again.password) == (None, None)
    assert prepared.client_secret not in repr(prepared)


def test_the_application_follows_a_server_that_moved(
    server: AuthorizationServer,
    accounts: Accounts,
    prepared: DemoNotes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = replace(server.settings, issuer="https://new.example.com")
    monkeypatch.setattr(server, "settings", moved)

    prepare_demo(server, accounts)

    app = server.query_client_anew(APP_ID)
    assert app.redirect_uris == ["https://new.example.com/demo/callback"]
    assert not app.check_redirect_uri("https://auth.example.com/demo/callback")


def test_a_deleted_demo_client_comes_back_with_another_secret(
    server: AuthorizationServer, accounts: Accounts, prepared: DemoNotes
) -> None:
    server.stores.clients.delete_client(CLIENT_ID)

    assert prepare_demo(server, accounts).client_secret not in {None, prepared.client_secret}


def test_the_page_shows_the_token_at_work_and_a_curl_for_it(shown: Answer) -> None:
    assert shown.status == 200
    assert shown.url == "/demo"
    assert '"name": "demo"' in shown.text
    assert "200 OK" in shown.text
    assert "curl -H 'Authorization: Bearer " in shown.text
    assert "https://auth.example.com/demo/resource" in shown.text


def test_the_curl_works(browser: Browser, shown: Answer) -> None:
    token = shown.text.split("Bearer ")[1].split("'")[0]

    answer = browser.get("/demo/resource", Authorization=f"Bearer {token}")

    assert answer.status == 200
    assert '"scope":"profile"' in answer.text


def test_refreshing_gives_another_token_and_revoking_ends_it(
    browser: Browser, shown: Answer
) -> None:
    refreshed = browser.follow(browser.submit(shown, "/demo/refresh"))
    revoked = browser.follow(browser.submit(refreshed, "/demo/revoke"))

    assert refreshed.text.split("Bearer ")[1][:43] != shown.text.split("Bearer ")[1][:43]
    assert "200 OK" in refreshed.text
    assert "401 Unauthorized" in revoked.text
    assert "no longer works" in revoked.text


@pytest.mark.parametrize("action", ["refresh", "revoke"])
def test_the_buttons_cannot_be_pressed_from_elsewhere(
    browser: Browser, shown: Answer, action: str
) -> None:
    assert browser.post(f"/demo/{action}", {"csrf": "x"}).status == 403


@pytest.mark.parametrize(
    "change",
    [("state=", "state=x"), ("iss=https", "iss=http"), ("iss=", "no="), ("code=", "no=")],
)
def test_an_answer_that_was_tampered_with_gives_no_token(
    browser: Browser, prepared: DemoNotes, change: tuple[str, str]
) -> None:
    browser.sign_in("demo", prepared.password)
    question = browser.follow(browser.get("/demo"))
    answer = browser.submit(question, "/authorize", decision="allow")
    location = answer.location.removeprefix("https://auth.example.com").replace(*change, 1)

    assert browser.get(location).status == 400
    assert "__Host-oauthstore-demo-tokens" not in browser.cookies


def test_an_answer_to_another_browser_gives_no_token(
    browser: Browser, new_browser: NewBrowser, prepared: DemoNotes
) -> None:
    browser.sign_in("demo", prepared.password)
    question = browser.follow(browser.get("/demo"))
    answer = browser.submit(question, "/authorize", decision="allow")

    stranger = new_browser()
    location = answer.location.removeprefix("https://auth.example.com")

    assert stranger.get(location).status == 400


def test_denying_is_told_in_plain_words(browser: Browser, prepared: DemoNotes) -> None:
    browser.sign_in("demo", prepared.password)
    question = browser.follow(browser.get("/demo"))

    page = browser.follow(browser.submit(question, "/authorize", decision="deny"))

    assert page.status == 400
    assert "you chose Deny" in page.text


def test_the_resource_refuses_what_is_no_token_of_its_scope(browser: Browser) -> None:
    bare = browser.get("/demo/resource")
    wrong = browser.get("/demo/resource", Authorization="Bearer nothing")

    assert (bare.status, wrong.status) == (401, 401)
    assert bare.header("WWW-Authenticate").startswith("Bearer")
