"""What a verb costs: commands to the server, as the driver counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from oauthstore_core.errors import GrantRevokedError
from oauthstore_core.records import Account, Credential, CredentialState, Grant, Token
from oauthstore_core.testing.samples import (
    access_token,
    client,
    credential,
    fresh,
    grant,
    pending,
    refresh_token,
)
from oauthstore_mongo import MongoBackend

pytestmark = pytest.mark.servers

NOW = 1_700_000_000


class Commands(monitoring.CommandListener):
    """Counts what the driver sends, but for what it sends of its own."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.count += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    def expect(self, call: Callable[[], object], flights: int) -> None:
        before = self.count
        call()
        assert self.count - before == flights


@pytest.fixture
def costs() -> Commands:
    return Commands()


@pytest.fixture
def store(url: str, costs: Commands) -> Iterator[MongoBackend]:
    with (
        MongoClient[dict[str, Any]](url, event_listeners=[costs]) as counted,
        closing(MongoBackend(url, {"client": counted})) as backend,
    ):
        backend.clients.query_client("")  # the schema is looked at once a process
        yield backend


def saved(store: MongoBackend, *kinds: str, **changes: object) -> tuple[Grant, list[Token]]:
    """Return a grant that is stored with a token of each kind."""
    made = {"access": access_token, "refresh": refresh_token}
    tokens = [made[kind](NOW) for kind in kinds]
    kept = grant(NOW, family=fresh() if "refresh" in kinds else None, **changes)
    store.tokens.save_token(kept, tokens)
    return kept, tokens


def held(store: MongoBackend, made: Credential) -> dict[str, Any]:
    """Store the credential and return what its client presents."""
    store.credentials.save_credential(made, NOW)
    return {"kind": made.kind, "digest": made.digest, "client_id": made.client_id, "now": NOW}


def test_the_schema_is_looked_at_once(url: str, costs: Commands) -> None:
    with (
        MongoClient[dict[str, Any]](url, event_listeners=[costs]) as counted,
        closing(MongoBackend(url, {"client": counted})) as store,
    ):
        costs.expect(lambda: store.clients.query_client("c"), 2)
        costs.expect(lambda: store.clients.query_client("c"), 1)


def test_saving(store: MongoBackend, costs: Commands) -> None:
    costs.expect(lambda: saved(store, "access"), 2)
    costs.expect(lambda: saved(store, "access", "refresh"), 2)
    costs.expect(lambda: saved(store, "refresh"), 2)
    costs.expect(lambda: saved(store), 2)
    kept, _ = saved(store, "access")
    costs.expect(lambda: store.tokens.save_token(kept, [access_token(NOW)]), 2)


def test_a_refused_save(store: MongoBackend, costs: Commands) -> None:
    kept, _ = saved(store, "access")
    store.tokens.revoke_grant(kept.grant_id, NOW, NOW + 9)
    store.tokens.revoke_all("fenced", None, NOW, NOW + 9)

    def refused(given: Grant) -> None:
        with pytest.raises(GrantRevokedError):
            store.tokens.save_token(given, [access_token(NOW)])

    costs.expect(lambda: refused(kept), 3)
    # Its announcement is taken back.
    costs.expect(lambda: refused(grant(NOW, client_id="fenced")), 3)


def test_queries(store: MongoBackend, costs: Commands) -> None:
    kept, (access, _) = saved(store, "access", "refresh")
    code = held(store, credential(NOW, alias=fresh()))
    for query in (
        lambda: store.tokens.query_token(access.digest),
        lambda: store.tokens.query_refresh_token(kept.family or ""),
        lambda: store.tokens.list_grants(kept.client_id, None, None, 5),
        lambda: store.credentials.query_credential(code["kind"], code["digest"]),
        lambda: store.credentials.query_credential_by_alias(code["kind"], fresh()),
        lambda: store.clients.query_client("c"),
        lambda: store.clients.list_clients(None, None, 500),
        lambda: store.accounts.query_account("name"),
        lambda: store.accounts.query_account_by_subject("subject"),
        lambda: store.accounts.list_accounts(None, 5),
    ):
        costs.expect(query, 1)


def test_a_long_page_is_one_flight(store: MongoBackend, costs: Commands) -> None:
    for _ in range(205):
        store.tokens.save_token(grant(NOW, client_id="c"), [])

    costs.expect(lambda: store.tokens.list_grants("c", None, None, 204), 1)


def test_rotating(store: MongoBackend, costs: Commands) -> None:
    kept, (_, refresh) = saved(store, "access", "refresh")

    def rotate(now: int = NOW) -> object:
        return store.tokens.rotate_refresh_token(
            kept.family or "",
            refresh.digest,
            kept.client_id,
            [access_token(NOW), refresh_token(NOW, generation=1)],
            b"x",
            now,
            5,
        )

    costs.expect(rotate, 1)  # won
    costs.expect(rotate, 1)  # within the grace
    costs.expect(lambda: rotate(NOW + 5), 1)  # reuse


def test_revoking(store: MongoBackend, costs: Commands) -> None:
    kept, (access,) = saved(store, "access")
    for _ in range(10):
        saved(store, "access", client_id="c")
    tokens = store.tokens

    costs.expect(lambda: tokens.revoke_token(kept.grant_id, access.digest, NOW), 1)
    costs.expect(lambda: tokens.revoke_grant(kept.grant_id, NOW, NOW + 9), 1)
    costs.expect(lambda: tokens.revoke_grant("to be saved", NOW, NOW + 9), 1)
    costs.expect(lambda: tokens.revoke_all("c", None, NOW, NOW + 9), 2)


def test_credentials(store: MongoBackend, costs: Commands) -> None:
    alias = fresh()
    code, device = held(store, credential(NOW)), held(store, pending(NOW))
    save = store.credentials.save_credential

    def decide() -> object:
        approved = CredentialState.APPROVED
        return store.credentials.decide_credential(
            device["kind"], device["digest"], approved, "s", "{}", NOW
        )

    costs.expect(lambda: save(credential(NOW), NOW), 1)
    costs.expect(lambda: save(credential(NOW, alias=alias, expires_at=NOW), NOW), 1)
    costs.expect(lambda: save(credential(NOW, alias=alias), NOW), 4)  # from one that expired
    costs.expect(lambda: store.credentials.claim_credential(**code), 1)  # won
    costs.expect(lambda: store.credentials.claim_credential(**code), 1)  # lost
    costs.expect(lambda: store.credentials.poll_credential(**device), 1)  # pending
    costs.expect(decide, 1)
    costs.expect(decide, 1)  # decided already
    costs.expect(lambda: store.credentials.poll_credential(**device), 1)  # approved


def test_the_other_roles(store: MongoBackend, costs: Commands) -> None:
    made, nonce, attempt = client(), fresh(), fresh()
    account = Account("subject", "name", NOW)

    costs.expect(lambda: store.clients.save_client(made), 1)
    costs.expect(lambda: store.clients.save_client(replace(made, version=1)), 1)
    costs.expect(lambda: store.clients.delete_client(made.client_id), 1)
    costs.expect(lambda: store.nonces.claim_nonce(nonce, NOW + 9, NOW), 1)
    costs.expect(lambda: store.nonces.claim_nonce(nonce, NOW + 9, NOW), 1)  # a replay
    costs.expect(lambda: store.accounts.save_account(account), 1)
    costs.expect(lambda: store.accounts.delete_account("subject"), 1)
    costs.expect(lambda: store.accounts.count_attempt(attempt, 9, NOW), 2)  # opens a window
    costs.expect(lambda: store.accounts.count_attempt(attempt, 9, NOW), 1)


def test_purging(store: MongoBackend, costs: Commands) -> None:
    costs.expect(lambda: store.credentials.purge_credentials(NOW, 100), 1)
    costs.expect(lambda: store.tokens.purge_tokens(NOW, 100), 2)
    for _ in range(30):
        store.credentials.save_credential(credential(NOW), NOW)
        store.tokens.save_token(grant(NOW, keep_until=NOW + 9), [access_token(NOW)])
        saved(store, "access")
    costs.expect(lambda: store.credentials.purge_credentials(NOW + 10**6, 100), 2)
    # Grants that have ended, then tokens of those that live: to look, and to remove.
    costs.expect(lambda: store.tokens.purge_tokens(NOW + 3600, 100), 4)


def test_whole_flows(store: MongoBackend, costs: Commands) -> None:
    known = store.clients.save_client(client()).client_id
    code = held(store, credential(NOW))
    kept, (access, refresh) = saved(store, "access", "refresh")

    def exchange() -> None:
        store.clients.query_client(known)
        store.credentials.query_credential(code["kind"], code["digest"])
        store.credentials.claim_credential(**code)
        saved(store, "access", "refresh")

    def refreshed() -> None:
        store.clients.query_client(known)
        store.tokens.query_refresh_token(kept.family or "")
        successors = [access_token(NOW), refresh_token(NOW, generation=1)]
        store.tokens.rotate_refresh_token(
            kept.family or "", refresh.digest, kept.client_id, successors, b"x", NOW, 5
        )

    def issued() -> None:
        store.clients.query_client(known)
        saved(store, "access")

    costs.expect(issued, 3)
    costs.expect(exchange, 5)
    costs.expect(refreshed, 3)
    costs.expect(lambda: store.tokens.query_token(access.digest), 1)
