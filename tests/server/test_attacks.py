"""What is known to go wrong with sign-ins and pages, a test each; a browser's part is elsewhere.

Headers, cookies and CSRF: `test_pages`, `test_sign_in`, `test_consent`. Session fixation:
`test_sessions`. Framing and foreign forms in a real Chromium: the session `browser`.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlencode

import pytest

from oauthstore_core.server.accounts import Accounts
from oauthstore_core.testing.clock import FakeClock

from .browser import ISSUER, PASSWORD, Answer, Ask, Browser, NewBrowser, QueryOf

FOREIGN = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/connections",
    "/connections/../../evil.example",
    "//evil.example/connections",
    "/connections@evil.example",
    "/connectionsevil",
    "/applications/unknown",
    "/connections?x=\r\nLocation: https://evil.example",
    "/%2f/evil.example",
    " /connections",
    "/authorize",
    "/sign-out",
]


def without_token(answer: Answer) -> str:
    return re.sub(r'name="csrf" value="[^"]*"', "", answer.response.body.decode())


# --- open redirects ---


@pytest.mark.parametrize("target", FOREIGN)
def test_no_page_leads_to_where_somebody_else_wants(browser: Browser, target: str) -> None:
    page = browser.get(f"/sign-in?{urlencode({'next': target})}")
    signed_in = browser.submit(page, "/sign-in", name="alice", password=PASSWORD)
    again = browser.get(f"/sign-in?{urlencode({'next': target})}")
    signed_out = browser.submit(browser.get("/sign-out"), "/sign-out", next=target)

    assert [answer.location for answer in (signed_in, again, signed_out)] == ["/", "/", "/"]


@pytest.mark.parametrize(
    "target", ["/connections", "/applications", "/applications/show?client_id=a%2Fb", "/demo"]
)
def test_a_page_that_needs_a_sign_in_is_come_back_to(browser: Browser, target: str) -> None:
    page = browser.get(f"/sign-in?next={quote(target, safe='')}")

    answer = browser.submit(page, "/sign-in", name="alice", password=PASSWORD)

    assert answer.location == target


# --- who has an account ---


def test_an_unknown_name_and_a_wrong_password_give_the_same_answer_to_the_letter(
    new_browser: NewBrowser, accounts: Accounts
) -> None:
    accounts.create("bob", PASSWORD)
    accounts.lock(accounts.store.query_account("bob"))
    answers = []
    for name in ("alice", "bob", "carol"):
        browser = new_browser()
        answers.append((name, browser.sign_in(name, "wrong"), browser.cookies.keys()))

    told = {
        (
            answer.status,
            without_token(answer).replace(name, "NAME"),
            tuple(key for key, _ in answer.response.headers),
            tuple(cookies),
        )
        for name, answer, cookies in answers
    }
    assert len(told) == 1


def test_one_who_waits_is_told_the_same_whether_the_name_exists(new_browser: NewBrowser) -> None:
    waiting = []
    for name in ("alice", "carol"):
        browser = new_browser()
        for _ in range(10):
            browser.sign_in(name, "wrong")
        waiting.append(browser.sign_in(name, PASSWORD))

    alike = {re.sub(r"<code>[0-9a-f]{8}</code>", "", answer.text) for answer in waiting}
    assert [answer.status for answer in waiting] == [429, 429]
    assert len(alike) == 1


# --- mix-up (RFC 9207) and codes in the wrong hands ---


def test_every_answer_to_a_client_names_the_issuer_in_silence_too(
    browser: Browser, ask: Ask, query_of: QueryOf
) -> None:
    browser.sign_in()
    allowed = browser.submit(browser.get(ask()), "/authorize", decision="allow")
    redeem(browser, query_of(allowed.location)["code"])
    denied = browser.submit(browser.get(ask(prompt="consent")), "/authorize", decision="deny")
    silent, wrong = browser.get(ask()), browser.get(ask(scope="evil"))

    for answer in (allowed, denied, silent, wrong):
        assert query_of(answer.location)["iss"] == ISSUER
        assert answer.status in {302, 303}
    assert "code" in query_of(silent.location)


def test_the_answer_in_silence_is_kept_by_no_cache(
    browser: Browser, ask: Ask, query_of: QueryOf
) -> None:
    browser.sign_in()
    allowed = browser.submit(browser.get(ask()), "/authorize", decision="allow")
    redeem(browser, query_of(allowed.location)["code"])

    assert browser.get(ask()).header("Cache-Control") == "no-store"


def redeem(browser: Browser, code: str) -> None:
    form = {
        "grant_type": "authorization_code",
        "client_id": "album",
        "code": code,
        "redirect_uri": "https://app.example.org/callback",
        "code_verifier": "v" * 43,
    }
    assert "access_token" in json.loads(browser.post("/token", form).response.body)


# --- cross-site request forgery of a sign-in ---


def test_nobody_is_signed_in_as_somebody_else_by_a_foreign_form(
    browser: Browser, new_browser: NewBrowser, accounts: Accounts
) -> None:
    accounts.create("mallory", PASSWORD)
    attacker = new_browser()
    page = attacker.get("/sign-in")

    answer = browser.submit(page, "/sign-in", name="mallory", password=PASSWORD)

    assert answer.status == 403
    assert browser.get("/connections").location.startswith("/sign-in")


def test_a_form_from_before_the_sign_in_is_of_no_use_after_it(
    browser: Browser, clock: FakeClock
) -> None:
    page = browser.get("/sign-in")
    browser.submit(page, "/sign-in", name="alice", password=PASSWORD)
    clock.advance(1)

    assert browser.submit(page, "/sign-in", name="alice", password=PASSWORD).status == 403
