"""How sessions end: at the server, so that no copy of a cookie lives on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from oauthstore_core.errors import ConflictError
from oauthstore_core.records import Account
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.session_ends import MOST_ENDED
from oauthstore_core.testing.clock import FakeClock

from .browser import PASSWORD, Ask, Browser, NewBrowser

SESSION = "__Host-oauthstore"


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/sign-in").location == "/"


def sign_out(browser: Browser) -> None:
    assert browser.submit(browser.get("/sign-out"), "/sign-out").location == "/"


def test_a_copy_of_the_cookie_ends_with_the_sign_out(
    browser: Browser, new_browser: NewBrowser, ask: Ask
) -> None:
    browser.sign_in()
    thief = new_browser()
    thief.cookies[SESSION] = browser.cookies[SESSION]
    question = thief.get(ask())

    sign_out(browser)

    assert question.status == 200
    assert thief.get(ask()).location.startswith("/sign-in")
    assert thief.submit(question, "/authorize", decision="allow").location.startswith("/sign-in")


def test_signing_out_in_one_browser_leaves_the_others_signed_in(
    browser: Browser, new_browser: NewBrowser
) -> None:
    other = new_browser()
    browser.sign_in()
    other.sign_in()

    sign_out(browser)

    assert is_signed_in(other)
    assert not is_signed_in(browser)


def test_the_account_remembers_few_ended_sessions_and_none_whose_time_is_over(
    browser: Browser, accounts: Accounts, clock: FakeClock
) -> None:
    for _ in range(3):
        browser.sign_in()
        sign_out(browser)
    during = json.loads(accounts.store.query_account("alice").payload)
    clock.advance(8 * 3600)
    browser.sign_in()
    sign_out(browser)
    after = json.loads(accounts.store.query_account("alice").payload)

    assert len(during["ended_sessions"]) == 3
    assert len(after["ended_sessions"]) == 1


def test_more_sign_outs_than_an_account_remembers_sign_out_everywhere(
    browser: Browser, new_browser: NewBrowser, accounts: Accounts, clock: FakeClock
) -> None:
    other, copies = new_browser(), []
    other.sign_in()
    for _ in range(MOST_ENDED + 1):
        assert is_signed_in(other)
        # Else the throttle would wait.
        clock.advance(60)
        browser.sign_in()
        copies.append(browser.cookies[SESSION])
        sign_out(browser)

    payload = json.loads(accounts.store.query_account("alice").payload)
    assert "ended_sessions" not in payload
    assert not is_signed_in(other)
    for copy in copies:
        browser.cookies[SESSION] = copy
        assert not is_signed_in(browser)


def test_a_sign_out_counts_though_the_account_is_changed_at_the_same_time(
    browser: Browser, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in()
    copy, page = browser.cookies[SESSION], browser.get("/sign-out")
    save = accounts.store.save_account

    def save_after_another(account: Account) -> Account:
        monkeypatch.undo()
        current = accounts.store.query_account("alice")
        fields = json.loads(current.payload) | {"later": 1}
        save(replace(current, payload=json.dumps(fields)))
        return save(account)

    monkeypatch.setattr(accounts.store, "save_account", save_after_another)
    browser.submit(page, "/sign-out")

    browser.cookies[SESSION] = copy
    assert not is_signed_in(browser)
    assert json.loads(accounts.store.query_account("alice").payload)["later"] == 1


def test_a_sign_out_that_cannot_be_stored_is_not_said_to_be_one(
    browser: Browser, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in()
    page = browser.get("/sign-out")

    def refuse(_: Account) -> Account:
        raise ConflictError("changed")

    monkeypatch.setattr(accounts.store, "save_account", refuse)
    answer = browser.submit(page, "/sign-out")

    assert answer.status == 503
    assert is_signed_in(browser)


def test_a_hash_that_is_renewed_ends_no_session(browser: Browser, accounts: Accounts) -> None:
    browser.sign_in()
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    later = Accounts(accounts.store, accounts._clock, stronger)

    renewed = later.verify("alice", PASSWORD)

    assert renewed is not None
    assert "m=16,t=2" in json.loads(renewed.payload)["password"]
    assert is_signed_in(browser)


def test_a_locked_account_has_no_session(browser: Browser, accounts: Accounts) -> None:
    browser.sign_in()

    accounts.lock(accounts.store.query_account("alice"))

    assert not is_signed_in(browser)


def test_a_sign_in_takes_over_no_session_that_was_there_before(
    browser: Browser, new_browser: NewBrowser, accounts: Accounts
) -> None:
    accounts.create("mallory", PASSWORD)
    attacker = new_browser()
    attacker.sign_in("mallory")
    visit = new_browser()
    visit.get("/sign-in")
    # What somebody has planted beforehand: a visit that they know, and no session.
    browser.cookies.update(visit.cookies)

    browser.sign_in()

    assert browser.cookies[SESSION] != attacker.cookies[SESSION]
    assert "__Host-oauthstore-visit" not in browser.cookies
    assert not is_signed_in(visit)
