"""Random histories, played to this backend and to the memory model, which must agree."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from oauthstore_core.errors import OAuthStoreError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.records import Account, Client, Credential, CredentialState, Grant, Token
from oauthstore_sqla import SqlaBackend

LIMIT = 3
NAMES = ("a", "A", "", "\x00", "é", "e\u0301", "\ud83d", "\U0001f511", "'; --", "\x1b0000", None)
STATES = tuple(CredentialState)

Call = tuple[str, str, dict[str, Any]]


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Historian:
    """Makes up calls on few enough records that they get in each other's way."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 1_700_000_000
        self.made = 0
        self.secrets: dict[str, list[str]] = {}

    def call(self) -> Call:
        self.now += self.random.choice((0, 0, 0, 1, 1, 5, 40))
        made: Callable[[], Call] = self.random.choice(
            [self.save] * 4
            + [self.rotate] * 4
            + [self.save_credential, self.claim, self.poll, self.decide] * 2
            + [self.query, self.query, self.revoke, self.revoke_all, self.redeem, self.page]
            + [self.purge, self.client, self.account, self.nonce]
        )
        return made()

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def fresh(self) -> str:
        self.made += 1
        return digest("fresh", self.made)

    def name(self) -> str:
        return self.one(*NAMES[:-1])

    def few(self, what: str, count: int = 6) -> str:
        return digest(what, self.random.randrange(count))

    # --- tokens ---

    def grant(self) -> Grant:
        number = self.random.randrange(12)
        return Grant(
            grant_id=f"grant-{number}",
            client_id=self.one("a", "A", "\x00"),
            subject=self.one("s", "S", None),
            family=self.one(None, digest("family", number)),
            granted_at=self.now - self.one(0, 0, 3, 30),
            keep_until=self.one(None, self.now + 100, self.now + 400),
            payload=self.one("{}", '{"x": "\U0001f511"}'),
        )

    def token(self, kind: str) -> Token:
        expires_at = None if kind == "oauth1" else self.now + self.one(0, 5, 50, 500)
        value = self.few("access", 40) if self.random.random() < 0.1 else self.fresh()
        return Token(value, kind, self.now - self.one(0, 0, 1), expires_at, payload='{"a":1}')

    def tokens(self, grant: Grant) -> list[Token]:
        made = [self.token(self.one("access", "access", "oauth1")) for _ in range(self.one(0, 1, 2))]
        if grant.family is not None and self.random.random() < 0.7:
            made.append(self.token("refresh"))
            self.secrets.setdefault(grant.family, []).append(made[-1].digest)
        return self.random.sample(made, len(made))

    def save(self) -> Call:
        grant = self.grant()
        return "tokens", "save_token", {"grant": grant, "tokens": self.tokens(grant)}

    def redeem(self) -> Call:
        grant = self.grant()
        saved = {"grant": grant, "tokens": self.tokens(grant), "now": self.now}
        return "tokens", "redeem_credential", {**self.presented(), **saved}

    def rotate(self) -> Call:
        family = self.one(*self.secrets) if self.secrets else self.few("family")
        known = self.secrets.setdefault(family, [self.fresh()])
        presented = known[-1] if self.random.random() < 0.6 else self.one(*known[-4:])
        successors = [self.token(kind) for kind in self.one(("refresh",), ("access", "refresh"))]
        known.append(successors[-1].digest)
        values = {
            "family": family,
            "digest": presented,
            "client_id": self.one("a", "a", "A", "\x00"),
            "successors": successors,
            "sealed_response": self.one(None, b"\x00sealed"),
            "now": self.now,
            "grace": self.one(0, 3, 30),
        }
        if self.random.random() < 0.1:
            values["digest"] = known[-2]
        return "tokens", "rotate_refresh_token", values

    def revoke(self) -> Call:
        grant_id = f"grant-{self.random.randrange(14)}"
        if self.random.random() < 0.5:
            values = {"grant_id": grant_id, "digest": self.few("access", 40), "now": self.now}
            return "tokens", "revoke_token", values
        values = {"grant_id": grant_id, "now": self.now, "keep_until": self.now + 60}
        return "tokens", "revoke_grant", values

    def revoke_all(self) -> Call:
        return (
            "tokens",
            "revoke_all",
            {
                "client_id": self.one(None, "a", "A", "\x00", ""),
                "subject": self.one(None, "s", "S", ""),
                "now": self.now - self.one(0, 2),
                "keep_until": self.now + self.one(20, 60),
            },
        )

    # --- credentials ---

    def presented(self) -> dict[str, Any]:
        return {
            "kind": self.one("device_code", "Device_code"),
            "digest": self.few("credential", 10),
            "client_id": self.one("a", "a", "A"),
        }

    def save_credential(self) -> Call:
        credential = Credential(
            **self.presented(),
            expires_at=self.now + self.one(0, 5, 60),
            keep_until=self.now + self.one(60, 120),
            alias=self.one(None, self.few("alias", 3)),
            grant_id=self.one(None, "grant-1"),
            subject=self.one(None, "s"),
            state=self.one(*STATES[:2]),
            granted_at=self.one(None, self.now),
            interval=self.one(None, 5),
            payload=self.one("{}", '{"x": "é\\u0000"}'),
        )
        values = {"credential": credential, "now": self.now}
        return "credentials", "save_credential", values

    def claim(self) -> Call:
        return "credentials", "claim_credential", {**self.presented(), "now": self.now}

    def poll(self) -> Call:
        return "credentials", "poll_credential", {**self.presented(), "now": self.now}

    def decide(self) -> Call:
        values = self.presented()
        del values["client_id"]
        values |= {
            "state": self.one(CredentialState.APPROVED, CredentialState.DENIED),
            "subject": self.one(None, *NAMES[:-1]),
            "payload": '{"decided": true}',
            "now": self.now,
        }
        return "credentials", "decide_credential", values

    # --- the rest ---

    def query(self) -> Call:
        kind = self.one("device_code", "Device_code")
        queries: Sequence[Call] = (
            ("tokens", "query_token", {"digest": self.few("access", 40)}),
            ("tokens", "query_token", {"digest": digest("fresh", self.one(*range(1, 300)))}),
            ("tokens", "query_refresh_token", {"family": self.few("family", 12)}),
            ("credentials", "query_credential", {"kind": kind, "digest": self.few("credential")}),
            (
                "credentials",
                "query_credential_by_alias",
                {"kind": kind, "alias": self.few("alias", 3)},
            ),
            ("clients", "query_client", {"client_id": self.name()}),
            ("clients", "delete_client", {"client_id": self.name()}),
            ("accounts", "query_account", {"name": self.name()}),
            ("accounts", "query_account_by_subject", {"subject": self.name()}),
            ("accounts", "delete_account", {"subject": self.name()}),
        )
        return self.one(*queries)

    def client(self) -> Call:
        client = Client(
            client_id=self.name(),
            owner=self.one(None, "", "o"),
            created_at=self.now,
            expires_at=self.one(None, self.now + 20),
            version=self.one(0, 0, 1, 2),
            payload=self.one("{}", '{"x": "\ud83d"}'),
        )
        return "clients", "save_client", {"client": client}

    def account(self) -> Call:
        account = Account(self.name(), self.name(), self.now, self.one(0, 0, 1, 2))
        return "accounts", "save_account", {"account": account}

    def nonce(self) -> Call:
        if self.random.random() < 0.5:
            values = {"digest": self.few("nonce"), "window": self.one(0, 9), "now": self.now}
            return "accounts", "count_attempt", values
        expires_at = self.now + self.one(0, 5, 50)
        values = {"digest": self.few("nonce"), "expires_at": expires_at, "now": self.now}
        return "nonces", "claim_nonce", values

    def page(self) -> Call:
        page = {"after": None, "limit": 1000}
        if self.random.random() < 0.5:
            scope = {"client_id": self.one(None, "a", "\x00"), "subject": self.one(None, "s")}
            paged = {"after": self.one(None, "grant-3"), "limit": self.one(1, 4, 50)}
            return "tokens", "list_grants", {**scope, **paged}
        if self.random.random() < 0.5:
            return "accounts", "list_accounts", page
        return "clients", "list_clients", {"owner": self.one(None, "", "o"), **page}

    def purge(self) -> Call:
        role, verb = self.one(
            ("tokens", "purge_tokens"),
            ("credentials", "purge_credentials"),
            ("clients", "purge_clients"),
            ("nonces", "purge_nonces"),
            ("accounts", "purge_attempts"),
        )
        return role, verb, {"now": self.now, "limit": 10_000}


def answer(backend: object, call: Call) -> object:
    role, verb, values = call
    try:
        answered = getattr(getattr(backend, role), verb)(**values)
    except (OAuthStoreError, ValueError) as error:
        return type(error)
    if verb in {"list_clients", "list_accounts"}:
        # Escaped texts sort elsewhere; any stable order will do.
        return replace(answered, items=sorted(answered.items, key=repr))
    return answered


@pytest.mark.parametrize("seed", range(4))
def test_a_random_history_is_answered_as_memory_answers_it(url: str, seed: int) -> None:
    model = MemoryBackend(options={"access_tokens_per_grant": LIMIT})
    options = {"access_tokens_per_grant": LIMIT, "synchronous": "NORMAL"}
    store = SqlaBackend(url, options)
    store.migrate()
    historian = Historian(seed)

    for number in range(2500):
        call = historian.call()
        assert answer(store, call) == answer(model, call), f"call {number}: {call}"

    store.close()
