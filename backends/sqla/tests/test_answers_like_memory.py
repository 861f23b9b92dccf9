"""Random histories, played to this backend and to the memory model, which must agree."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from oauthstore_core.errors import OAuthStoreError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.records import (
    Account,
    ClaimOutcome,
    Client,
    Credential,
    CredentialState,
    DecisionOutcome,
    Grant,
    PollOutcome,
    RotationOutcome,
    Token,
)
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
        self.random = random.Random(seed)  # noqa: S311 - a history to repeat
        self.now = 1_700_000_000
        self.made = 0
        #: Calls of one era share their records; a fence would soon stop everything else.
        self.era = 0
        self.issued: list[str] = []
        self.secrets: dict[str, list[str]] = {}
        self.clients: dict[str, str] = {}
        self.saved: list[dict[str, Any]] = []

    def call(self) -> Call:
        self.now += self.random.choice((0, 0, 0, 0, 0, 0, 1, 1, 5))
        if self.random.random() < 0.005:
            self.era += 1
            self.secrets.clear()
        made: Callable[[], Call] = self.random.choice(
            [self.save] * 12
            + [self.rotate] * 16
            + [self.save_credential, self.claim, self.poll, self.poll, self.decide] * 5
            + [self.query] * 10
            + [self.redeem, self.client, self.account, self.nonce] * 4
            + [self.page, self.revoke] * 2
            + [self.revoke_all, self.purge]
        )
        return made()

    def one(self, *choices: Any) -> Any:  # noqa: ANN401 - one of them
        return self.random.choice(choices)

    def fresh(self) -> str:
        self.made += 1
        return digest("fresh", self.made)

    def name(self) -> str:
        return self.one(*NAMES[:-1])

    def few(self, what: str, count: int = 6) -> str:
        return digest(what, self.era, self.random.randrange(count))

    def client_id(self) -> str:
        return self.one(*"aaaaaaaa", "A", "\x00") + str(self.era)

    def subject(self) -> str | None:
        return self.one(f"s{self.era}", f"S{self.era}", None)

    # --- tokens ---

    def grant(self) -> Grant:
        number = self.random.randrange(12)
        return Grant(
            grant_id=f"grant-{self.era}-{number}",
            client_id=self.client_id(),
            subject=self.subject(),
            family=self.one(None, digest("family", self.era, number)),
            granted_at=self.now - self.one(0, 0, 3, 30),
            keep_until=self.one(None, self.now + 100, self.now + 400),
            payload=self.one("{}", '{"x": "\U0001f511"}'),
        )

    def token(self, kind: str) -> Token:
        expires_at = None if kind == "oauth1" else self.now + self.one(0, 5, 50, 500)
        value = self.fresh()
        if self.issued and self.random.random() < 0.08:
            value = self.one(*self.issued[-50:])
        elif kind != "refresh":
            self.issued.append(value)
        return Token(value, kind, self.now - self.one(0, 0, 1), expires_at, payload='{"a":1}')

    def access(self) -> str:
        return self.one(*self.issued[-20:], self.few("never"))

    def tokens(self, grant: Grant) -> list[Token]:
        made = [
            self.token(self.one("access", "access", "oauth1")) for _ in range(self.one(0, 1, 2))
        ]
        if grant.family is not None and self.random.random() < 0.7:
            made.append(self.token("refresh"))
            self.secrets[grant.family] = [made[-1].digest]
            self.clients[grant.family] = grant.client_id
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
        presented = known[-1] if self.random.random() < 0.8 else self.one(*known[-3:])
        successors = [
            self.token(kind) for kind in self.one(("refresh",), *[("access", "refresh")] * 3)
        ]
        if presented == known[-1]:
            known.append(successors[-1].digest)
        values = {
            "family": family,
            "digest": presented,
            "client_id": self.one(*[self.clients.get(family, "a")] * 9, "A"),
            "successors": successors,
            "sealed_response": self.one(None, b"\x00sealed"),
            "now": self.now,
            "grace": self.one(0, 3, 30),
        }
        if self.random.random() < 0.1 and len(known) > 1:
            # A delivery repeated: the same successor again.
            values["digest"] = known[-2]
            values["successors"] = [replace(successors[-1], digest=known[-1])]
        return "tokens", "rotate_refresh_token", values

    def revoke(self) -> Call:
        grant_id = f"grant-{self.era}-{self.random.randrange(14)}"
        if self.issued and self.random.random() < 0.5:
            values = {"grant_id": grant_id, "digest": self.access(), "now": self.now}
            return "tokens", "revoke_token", values
        values = {"grant_id": grant_id, "now": self.now, "keep_until": self.now + 60}
        return "tokens", "revoke_grant", values

    def revoke_all(self) -> Call:
        return (
            "tokens",
            "revoke_all",
            {
                "client_id": self.one(None, self.client_id(), ""),
                "subject": self.one(self.subject(), self.subject(), ""),
                "now": self.now - self.one(0, 2),
                "keep_until": self.now + self.one(20, 60),
            },
        )

    # --- credentials ---

    def presented(self) -> dict[str, Any]:
        if self.saved and self.random.random() < 0.9:
            presented = dict(self.one(*self.saved[-5:]))
            if self.random.random() < 0.1:
                presented["client_id"] = self.client_id()
            return presented
        return self.new_presented()

    def new_presented(self) -> dict[str, Any]:
        return {
            "kind": self.one(*["device_code"] * 5, "Device_code"),
            "digest": self.few("credential", 30),
            "client_id": self.client_id(),
        }

    def save_credential(self) -> Call:
        presented = self.new_presented()
        self.saved.append(presented)
        credential = Credential(
            **presented,
            expires_at=self.now + self.one(0, 5, 60, 200),
            keep_until=self.now + self.one(60, 300),
            alias=self.one(None, self.few("alias", 3)),
            grant_id=self.one(None, "grant-1"),
            subject=self.one(None, "s"),
            state=self.one(*STATES[:2]),
            granted_at=self.one(None, self.now),
            interval=self.one(None, 5, 9),
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
            ("tokens", "query_token", {"digest": self.access()}),
            ("tokens", "query_token", {"digest": self.access()}),
            ("tokens", "query_refresh_token", {"family": self.few("family", 12)}),
            (
                "credentials",
                "query_credential",
                {"kind": kind, "digest": self.few("credential", 30)},
            ),
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
            scope = {"client_id": self.one(None, self.client_id()), "subject": self.subject()}
            paged = {"after": self.one(None, f"grant-{self.era}-3"), "limit": self.one(1, 4, 50)}
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


def told(call: Call, answered: object) -> str:
    if isinstance(answered, type):
        return f"{call[1]} {answered.__name__}"
    outcome = getattr(answered, "outcome", None)
    return f"{call[1]} {outcome.name if outcome else bool(answered)}"


OUTCOMES = {
    *(f"claim_credential {name}" for name in ClaimOutcome.__members__),
    *(f"redeem_credential {name}" for name in ClaimOutcome.__members__),
    *(f"decide_credential {name}" for name in DecisionOutcome.__members__),
    *(f"poll_credential {name}" for name in PollOutcome.__members__),
    *(f"rotate_refresh_token {name}" for name in RotationOutcome.__members__),
    *("rotate_refresh_token DuplicateError", "redeem_credential GrantRevokedError"),
    *("save_token False", "save_token DuplicateError", "save_token GrantRevokedError"),
    *("save_credential False", "save_credential DuplicateError", "query_token True"),
    *("save_client ConflictError", "save_client DuplicateError", "save_client True"),
    *("save_account ConflictError", "save_account DuplicateError", "save_account True"),
    *("claim_nonce True", "claim_nonce False", "query_refresh_token True", "revoke_all True"),
}


def test_random_histories_are_answered_as_memory_answers_them(tmp_path: Path) -> None:
    seen = set()

    for seed in range(6):
        model = MemoryBackend(options={"access_tokens_per_grant": LIMIT})
        options = {"access_tokens_per_grant": LIMIT, "synchronous": "NORMAL"}
        store = SqlaBackend(f"sqlite:///{tmp_path}/{seed}.db", options)
        store.migrate()
        historian = Historian(seed)
        for number in range(4000):
            call = historian.call()
            expected = answer(model, call)
            assert answer(store, call) == expected, f"seed {seed}, call {number}: {call}"
            seen.add(told(call, expected))
        store.close()

    assert seen >= OUTCOMES
