"""Signing in and out, sessions, and what they withstand."""

from __future__ import annotations

import json
from typing import NoReturn
from urllib.parse import quote

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.records import Account
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.cookies import Cookies
from oauthstore_core.testing.clock import FakeClock

from .browser import Ask, Browser, NewBrowser


def test_the_session_cookie_is_bound_to_the_host_and_not_for_scripts(browser: Browser) -> None:
    answer = browser.sign_in()

    cookie = next(v for v in answer.headers("Set-Cookie") if v.startswith("__Host-oauthstore="))
    assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"]


def test_on_loopback_http_the_cookie_does_without_secure() -> None:
    name, value = Cookies(secure=False).write("oauthstore", "x")

    assert (name, value) == ("Set-Cookie", "oauthstore=x; Path=/; HttpOnly; SameSite=Lax")


def test_the_name_is_found_whatever_its_case(browser: Browser) -> None:
    assert browser.sign_in("  ALICE ").status == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "wrong"), ("nobody", "correct horse battery"), ("", ""), ("alice", "x" * 5000)],
)
def test_wrong_and_unknown_look_alike(browser: Browser, name: str, password: str) -> None:
    answer = browser.sign_in(name, password)

    assert answer.status == 422
    assert "do not belong together" in answer.text
    assert "__Host-oauthstore" not in browser.cookies


def test_what_was_typed_is_escaped(browser: Browser) -> None:
    answer = browser.sign_in('"><script>', "wrong")

    assert b"<script>" not in answer.response.body


def test_a_sign_in_form_needs_the_browser_that_it_was_rendered_for(
    browser: Browser, new_browser: NewBrowser
) -> None:
    page = new_browser().get("/sign-in")
    browser.get("/sign-in")

    answer = browser.submit(page, "/sign-in", name="alice", password="correct horse battery")

    assert answer.status == 403
    assert "__Host-oauthstore" not in browser.cookies


def test_a_sign_in_form_without_its_cookie_is_refused(browser: Browser) -> None:
    page = browser.get("/sign-in")
    browser.cookies.clear()

    answer = browser.submit(page, "/sign-in", name="alice", password="correct horse battery")

    assert answer.status == 403


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/authorize",
        "/authorizeevil?x",
        "/sign-out",
        "/authorize?\r\nSet-Cookie: x=1",
        "/authorize?é",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_sign_in_leads_to_no_foreign_place(browser: Browser, target: str) -> None:
    page = browser.get(f"/sign-in?next={quote(target)}")
    answer = browser.submit(page, "/sign-in", name="alice", password="correct horse battery")

    assert (answer.status, answer.location) == (303, "/")


def test_the_eleventh_attempt_on_a_name_waits_even_with_the_right_password(
    browser: Browser, clock: FakeClock
) -> None:
    for _ in range(10):
        assert browser.sign_in(password="wrong").status == 422

    answer = browser.sign_in()

    assert answer.status == 429
    assert answer.header("Retry-After") == "60"
    assert "Wait a minute" in answer.text
    clock.advance(60)
    assert browser.sign_in().status == 303


def test_a_name_on_which_the_attempts_go_on_is_locked_for_a_while(
    browser: Browser, clock: FakeClock
) -> None:
    first = clock.now()
    for _ in range(3):
        assert [browser.sign_in(password="wrong").status for _ in range(10)] == [422] * 10
        clock.advance(60)

    answer = browser.sign_in()

    assert (answer.status, answer.header("Retry-After")) == (429, "900")
    assert "quarter of an hour" in answer.text
    clock.advance(first + 899 - clock.now())
    assert browser.sign_in().status == 429
    clock.advance(1)
    assert browser.sign_in().status == 303


def test_whoever_has_the_password_may_sign_in_as_often_as_they_like(
    new_browser: NewBrowser, clock: FakeClock
) -> None:
    assert [new_browser("127.0.0.1").sign_in().status for _ in range(100)] == [303] * 100


def test_a_right_password_forgives_the_wrong_ones_before_it_and_ends_no_session(
    browser: Browser, new_browser: NewBrowser, ask: Ask
) -> None:
    other = new_browser()
    other.sign_in()
    for _ in range(3):
        for _ in range(8):
            assert browser.sign_in(password="wrong").status == 422
        assert new_browser().sign_in().status == 303

    assert other.get(ask()).status == 200


def test_an_account_that_changes_meanwhile_signs_in_all_the_same(
    browser: Browser, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(8):
        browser.sign_in(password="wrong")
    save = server.stores.accounts.save_account

    def change_meanwhile(account: Account) -> Account:
        save(account)
        return save(account)

    monkeypatch.setattr(server.stores.accounts, "save_account", change_meanwhile)

    assert browser.sign_in().status == 303
    assert browser.get("/").status == 200


def test_attempts_that_are_not_looked_at_lock_nobody(browser: Browser, clock: FakeClock) -> None:
    for _ in range(50):
        browser.sign_in(password="wrong")
    clock.advance(60)

    assert browser.sign_in().status == 303


def test_what_is_refused_for_an_address_is_not_counted_for_the_name(
    browser: Browser, new_browser: NewBrowser
) -> None:
    for number in range(100):
        browser.sign_in(f"name{number}", "wrong")
    for _ in range(20):
        assert browser.sign_in(password="wrong").status == 429

    assert new_browser("192.0.2.2").sign_in().status == 303


def test_a_whole_network_of_ipv6_is_one_address(new_browser: NewBrowser) -> None:
    for number in range(100):
        new_browser(f"2001:db8::{number:x}").sign_in(f"name{number}", "wrong")

    assert new_browser("2001:db8::ffff:1").sign_in().status == 429
    assert new_browser("2001:db8:0:1::1").sign_in().status == 303


def test_an_ipv4_address_is_one_however_it_is_written(new_browser: NewBrowser) -> None:
    for number in range(100):
        new_browser("::ffff:192.0.2.9").sign_in(f"name{number}", "wrong")

    assert new_browser("192.0.2.9").sign_in().status == 429
    assert new_browser("::ffff:192.0.2.10").sign_in().status == 303


def test_attempts_on_an_unknown_name_are_counted_in_the_same_way(browser: Browser) -> None:
    statuses = [browser.sign_in("nobody", "wrong").status for _ in range(11)]

    assert statuses == [422] * 10 + [429]


def test_an_address_that_tries_many_names_waits(browser: Browser, new_browser: NewBrowser) -> None:
    for number in range(100):
        browser.sign_in(f"name{number}", "wrong")

    assert browser.sign_in().status == 429
    assert new_browser("192.0.2.2").sign_in().status == 303


def test_a_proxy_that_nobody_named_is_not_counted_as_an_address(new_browser: NewBrowser) -> None:
    local = new_browser("127.0.0.1")
    for number in range(101):
        local.sign_in(f"name{number}", "wrong")

    assert local.sign_in().status == 303


def test_counts_carry_neither_names_nor_addresses(
    browser: Browser, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    count = server.stores.accounts.count_attempt
    monkeypatch.setattr(
        server.stores.accounts, "count_attempt", lambda *a: seen.append(a[0]) or count(*a)
    )

    browser.sign_in()

    assert len(seen) == 4
    assert all(len(digest) == 64 and int(digest, 16) >= 0 for digest in seen)


def test_a_session_ends_after_eight_hours_used_or_not(
    browser: Browser, clock: FakeClock, ask: Ask
) -> None:
    browser.sign_in()
    clock.advance(8 * 3600 - 1)
    during = browser.get(ask()).status
    clock.advance(1)

    assert during == 200
    assert browser.get(ask()).location.startswith("/sign-in")


def test_a_changed_password_ends_the_sessions(
    browser: Browser, accounts: Accounts, ask: Ask
) -> None:
    browser.sign_in()

    accounts.change_password(accounts.store.query_account("alice"), "another password")

    assert browser.get(ask()).location.startswith("/sign-in")


def test_a_deleted_account_ends_its_sessions(
    browser: Browser, accounts: Accounts, ask: Ask
) -> None:
    browser.sign_in()

    accounts.store.delete_account(accounts.store.query_account("alice").subject)

    assert browser.get(ask()).location.startswith("/sign-in")


@pytest.mark.parametrize("value", ["", "x", "A" * 200, "A" * 9000, "é", "A=A="])
def test_a_foreign_cookie_is_no_session(browser: Browser, ask: Ask, value: str) -> None:
    browser.cookies["__Host-oauthstore"] = value

    assert browser.get(ask()).location.startswith("/sign-in")


def test_each_sign_in_opens_another_session(browser: Browser, new_browser: NewBrowser) -> None:
    other = new_browser()
    browser.sign_in()
    other.sign_in()

    assert browser.cookies["__Host-oauthstore"] != other.cookies["__Host-oauthstore"]


def test_signing_out_needs_the_form(browser: Browser) -> None:
    browser.sign_in()
    question = browser.get("/sign-out")
    forged = browser.post("/sign-out", {})

    assert question.status == 200
    assert forged.status == 403
    assert "__Host-oauthstore" in browser.cookies
    assert browser.submit(question, "/sign-out").location == "/"
    assert "__Host-oauthstore" not in browser.cookies


def test_not_you_leads_through_a_sign_in_back_to_the_question(browser: Browser, ask: Ask) -> None:
    browser.sign_in()

    answer = browser.submit(browser.get(ask()), "/sign-out")

    assert answer.location.startswith("/sign-in?next=%2Fauthorize%3F")
    assert "__Host-oauthstore" not in browser.cookies


def test_whoever_is_signed_in_is_not_asked_again(browser: Browser) -> None:
    browser.sign_in()

    assert browser.get("/sign-in").location == "/"


def test_a_store_that_fails_is_a_page_with_503(
    browser: Browser, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = browser.get("/sign-in")

    def fail(*_: object, **__: object) -> NoReturn:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(server.stores.accounts, "count_attempt", fail)
    answer = browser.submit(page, "/sign-in", name="alice", password="correct horse battery")

    assert answer.status == 503


def test_the_code_remembers_when_the_password_was_given(
    browser: Browser,
    clock: FakeClock,
    ask: Ask,
    server: AuthorizationServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved = []
    monkeypatch.setattr(
        server.stores.credentials, "save_credential", lambda item, _: saved.append(item)
    )
    signed_in_at = clock.now()
    browser.sign_in()
    clock.advance(600)

    browser.submit(browser.get(ask()), "/authorize", decision="allow")

    assert json.loads(saved[0].payload)["auth_time"] == signed_in_at
