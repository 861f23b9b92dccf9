"""Connected applications: what a person has allowed, seen and taken back."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from oauthstore_core.oauth2.management import delete_client, live_grants
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.testing.clock import FakeClock

from .browser import PASSWORD, Answer, Ask, Browser, NewBrowser
from .conftest import CALLBACK, VERIFIER

PAGE = "/connections"


def allow(browser: Browser, ask: Ask, **changes: str) -> dict[str, str]:
    """Consent, and redeem the code; return the tokens."""
    question = browser.get(ask(prompt="consent", **changes))
    answer = browser.submit(question, "/authorize", decision="allow")
    code = dict(parse_qsl(urlsplit(answer.location).query))["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": "album",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    told = browser.post("/token", form)
    assert told.status == 200, told.text
    tokens: dict[str, str] = json.loads(told.response.body)
    return tokens


def refresh(browser: Browser, tokens: dict[str, str]) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return browser.post("/token", {**form, "client_id": "album"})


def test_a_stranger_signs_in_first_and_comes_back(browser: Browser) -> None:
    answer = browser.get(PAGE)
    signing_in = browser.get(answer.location)

    assert answer.location == "/sign-in?next=%2Fconnections"
    assert browser.submit(signing_in, "/sign-in", name="alice", password=PASSWORD).location == PAGE


def test_whoever_has_allowed_nothing_is_told_so(browser: Browser) -> None:
    browser.sign_in()

    page = browser.get(PAGE)

    assert "No application may act for you" in page.text
    assert "Disconnect" not in page.text


def test_an_application_stands_there_once_with_all_that_it_may(
    browser: Browser, ask: Ask, clock: FakeClock
) -> None:
    browser.sign_in()
    allow(browser, ask, scope="profile")
    clock.advance(3600)
    allow(browser, ask, scope="mail")

    page = browser.get(PAGE)

    assert page.text.count("</span></button>") == 1
    assert "Photo <b>Album</b>" in page.text
    assert b"<b>" not in page.response.body
    assert "See your name" in page.text
    assert "Read your mail" in page.text
    assert "2027-01-15 08:00 UTC" in page.text
    assert "2027-01-15 09:00 UTC" in page.text


def test_disconnecting_ends_every_token_at_once_and_the_consent_with_them(
    browser: Browser, ask: Ask, clock: FakeClock
) -> None:
    browser.sign_in()
    first, second = allow(browser, ask), allow(browser, ask, scope="mail")

    answer = browser.submit(browser.get(PAGE), PAGE)

    assert answer.status == 303
    page = browser.get(answer.location)
    assert "The application is disconnected" in page.text
    assert "No application may act for you" in page.text
    for tokens in (first, second):
        assert refresh(browser, tokens).status == 400
    clock.advance(60)
    assert browser.get(ask()).status == 200


def test_one_person_s_connections_are_not_another_s(
    browser: Browser, new_browser: NewBrowser, ask: Ask, accounts: Accounts
) -> None:
    accounts.create("bob", PASSWORD)
    browser.sign_in()
    tokens = allow(browser, ask)
    bob = new_browser()
    bob.sign_in("bob")
    allow(bob, ask)

    assert bob.submit(bob.get(PAGE), PAGE).status == 303

    assert refresh(browser, tokens).status == 200
    assert "Photo" in browser.get(PAGE).text
    assert "Photo" not in bob.get(PAGE).text


@pytest.mark.parametrize("forgery", ["none", "other browser", "other page"])
def test_nobody_is_disconnected_by_a_foreign_form(
    browser: Browser, new_browser: NewBrowser, ask: Ask, forgery: str
) -> None:
    browser.sign_in()
    tokens = allow(browser, ask)
    other = new_browser()
    other.sign_in()
    token = {
        "none": "",
        "other browser": other.get(PAGE).form(PAGE)[1]["csrf"],
        "other page": browser.get("/sign-out").form("/sign-out")[1]["csrf"],
    }[forgery]

    answer = browser.post(PAGE, {"csrf": token, "client_id": "album"})

    assert answer.status == 403
    assert refresh(browser, tokens).status == 200


@pytest.mark.parametrize("client_id", ["nobody", "", "\0", "x" * 9000, "é\u200b"])
def test_what_was_never_allowed_cannot_be_disconnected_and_leaves_no_fence(
    browser: Browser,
    ask: Ask,
    server: AuthorizationServer,
    monkeypatch: pytest.MonkeyPatch,
    client_id: str,
) -> None:
    browser.sign_in()
    tokens = allow(browser, ask)
    token = browser.get(PAGE).form(PAGE)[1]["csrf"]
    fences = []
    revoke_all = server.stores.tokens.revoke_all
    monkeypatch.setattr(
        server.stores.tokens, "revoke_all", lambda *a: fences.append(a) or revoke_all(*a)
    )

    answer = browser.post(PAGE, {"csrf": token, "client_id": client_id})

    assert answer.status in {303, 400}
    assert fences == []
    assert refresh(browser, tokens).status == 200


def test_an_application_that_is_gone_is_called_by_its_id(
    browser: Browser, ask: Ask, server: AuthorizationServer
) -> None:
    browser.sign_in()
    allow(browser, ask)
    # As a deletion leaves it that was cut off before it revoked.
    server.stores.clients.delete_client("album")

    page = browser.get(PAGE)

    assert "<code>album</code>" in page.text
    assert browser.submit(page, PAGE).status == 303
    assert list(live_grants(server, "album")) == []


def test_a_deleted_application_is_connected_no_more(
    browser: Browser, ask: Ask, server: AuthorizationServer
) -> None:
    browser.sign_in()
    allow(browser, ask)

    delete_client(server, "album")

    assert "No application may act for you" in browser.get(PAGE).text


def test_a_grant_that_is_over_is_not_shown(browser: Browser, ask: Ask, clock: FakeClock) -> None:
    browser.sign_in()
    allow(browser, ask)

    clock.advance(91 * 24 * 3600)
    browser.sign_in()

    assert "No application may act for you" in browser.get(PAGE).text


def test_more_than_the_page_can_show_is_told(
    browser: Browser, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oauthstore_core.server.pages.connections._MOST", 2)
    browser.sign_in()
    for _ in range(2):
        allow(browser, ask)
    before = browser.get(PAGE).text
    allow(browser, ask)

    assert "more than this page can show" not in before
    assert "more than this page can show" in browser.get(PAGE).text
