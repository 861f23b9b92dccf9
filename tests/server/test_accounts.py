"""Accounts and their passwords."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from oauthstore_core.errors import DuplicateError
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.accounts import AccountError, Accounts, normalize_name

PASSWORD = "correct horse battery"


def test_a_subject_is_fresh_and_looks_like_no_client_id(accounts: Accounts) -> None:
    one, two = accounts.create("bob", PASSWORD), accounts.create("carol", PASSWORD)

    assert one.subject.startswith("user_")
    assert one.subject != two.subject


def test_the_record_holds_an_argon2_hash_and_nothing_of_the_password(accounts: Accounts) -> None:
    account = accounts.create("bob", PASSWORD)

    assert json.loads(account.payload)["password"].startswith("$argon2id$")
    assert PASSWORD not in account.payload
    assert "argon2" not in repr(account)


@pytest.mark.parametrize("name", ["ALICE", " alice ", "ＡＬＩＣＥ"])  # noqa: RUF001 - full width
def test_names_that_look_alike_are_one(accounts: Accounts, name: str) -> None:
    with pytest.raises(DuplicateError):
        accounts.create(name, PASSWORD)


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "a\nb", "x" * 129, "a\u200bb", "\udc80"])
def test_a_name_that_cannot_be_typed_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError):
        accounts.create(name, PASSWORD)


@pytest.mark.parametrize("length", [8, 1024])
def test_a_password_may_be_of_any_characters(accounts: Accounts, length: int) -> None:
    accounts.create("bob", "a" * length)

    assert accounts.verify("bob", "a" * length)


@pytest.mark.parametrize("length", [0, 7, 1025])
def test_a_password_that_is_too_short_or_too_long_is_refused(
    accounts: Accounts, length: int
) -> None:
    with pytest.raises(AccountError, match="8 to 1024"):
        accounts.create("bob", "a" * length)


def test_a_password_is_the_same_however_its_accents_were_typed(accounts: Accounts) -> None:
    accounts.create("bob", "caf\u00e9 au lait")

    assert accounts.verify("bob", "cafe\u0301 au lait")


def test_a_wrong_password_changes_nothing(accounts: Accounts) -> None:
    before = accounts.store.query_account("alice")

    assert accounts.verify("alice", "wrong") is None
    assert accounts.store.query_account("alice") == before


def test_an_unknown_name_costs_a_verification_too(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(server.stores.accounts, server.clock, hasher)
    verified = []
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda _, stored, __: verified.append(stored) or False
    )

    assert accounts.verify("nobody", PASSWORD) is None
    assert accounts.verify("x" * 500, PASSWORD) is None

    assert len(verified) == 2
    assert all(stored.startswith("$argon2id$v=19$m=8,t=1,p=1$") for stored in verified)


def test_an_account_without_a_password_cannot_sign_in(accounts: Accounts) -> None:
    account = accounts.store.query_account("alice")
    accounts.store.save_account(replace(account, payload="{}"))

    assert accounts.verify("alice", "") is None


def test_a_sign_in_renews_a_hash_with_other_parameters(accounts: Accounts) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    later = Accounts(accounts.store, accounts._clock, stronger)

    account = later.verify("alice", PASSWORD)

    assert account is not None
    assert account.version == 2
    assert "m=16,t=2" in json.loads(account.payload)["password"]
    assert later.verify("alice", PASSWORD) == account


@pytest.mark.parametrize(("meanwhile", "signs_in"), [(PASSWORD, True), ("another password", False)])
def test_a_password_that_is_changed_during_a_renewal_ends_the_old_one(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, meanwhile: str, *, signs_in: bool
) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    later = Accounts(accounts.store, accounts._clock, stronger)
    account = accounts.store.query_account("alice")
    monkeypatch.setattr(later.store, "query_account", lambda _: account)
    changed = accounts.change_password(account, meanwhile)

    assert later.verify("alice", PASSWORD) == (changed if signs_in else None)


def test_another_password_keeps_what_else_the_payload_holds(accounts: Accounts) -> None:
    account = accounts.store.query_account("alice")
    payload = json.dumps(json.loads(account.payload) | {"later": [1]})
    account = accounts.store.save_account(replace(account, payload=payload))

    changed = accounts.change_password(account, "another password")

    assert json.loads(changed.payload)["later"] == [1]
    assert accounts.verify("alice", PASSWORD) is None
    assert accounts.verify("alice", "another password")


def test_normalizing_a_name_twice_changes_nothing_more() -> None:
    for name in ("Straße", "ﬁn", "İstanbul", " A "):
        once = normalize_name(name)

        assert normalize_name(once) == once
