"""With 100,000 rows in every table, no verb reads a whole table or index of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oauthstore_core.errors import DuplicateError
from oauthstore_core.records import CredentialState
from oauthstore_core.testing.samples import (
    access_token,
    account,
    client,
    credential,
    fresh,
    grant,
    pending,
    refresh_token,
)
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.schema import metadata

from .filling import digest, fill
from .plans import analyze, full_scans, record
from .servers import Database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROWS = 100_000
NOW = 1_700_000_000
LATER = NOW + 90 * 86_400
#: Which of the rows the verbs are pointed at; none of them is due.
FEW = range(5_000, 5_030)


@pytest.fixture
def filled(database: Database) -> Iterator[SqlaBackend]:
    fill(database.url, NOW, ROWS)
    analyze(database.url, metadata.tables)
    store = SqlaBackend(database.url)
    yield store
    store.close()


def test_no_verb_reads_a_whole_table(filled: SqlaBackend, database: Database) -> None:
    sent = record(filled)
    for verbs in (use_clients, use_tokens, use_credentials, use_accounts, use_the_rest):
        verbs(filled)
    distinct = {statement.sql: statement for statement in sent}.values()

    assert len(distinct) > 45
    assert list(full_scans(database.url, distinct)) == []


def hexed(what: str, number: int) -> str:
    return digest(what, number).hex()


def use_clients(store: SqlaBackend) -> None:
    clients = store.clients
    found = clients.query_client("client-5000")
    assert found is not None
    clients.save_client(replace(found, payload="[]"))
    clients.save_client(client(client_id="client-new"))
    clients.delete_client("client-5001")
    clients.list_clients(None, "client-5", 20)
    clients.list_clients("owner-5", "client-5", 20)
    clients.purge_clients(NOW, 100)
    clients.purge_clients(NOW, 1000)


def use_tokens(store: SqlaBackend) -> None:
    tokens = store.tokens
    for number in FEW[:2]:
        assert tokens.query_token(hexed("token", number)) is not None
        assert tokens.query_refresh_token(hexed("family", number)) is not None
        tokens.revoke_token(f"grant-{number:06}", hexed("token", number), NOW)
    made = grant(NOW, family=fresh())
    tokens.save_token(made, [access_token(NOW), refresh_token(NOW)])
    for _ in range(33):
        tokens.save_token(made, [access_token(NOW)])
    rotate(store, FEW[3], "current")  # WON
    rotate(store, FEW[3], "current")  # GRACE
    rotate(store, FEW[3], "nothing")  # REUSED
    rotate(store, FEW[3], "nothing")  # REVOKED
    rotate(store, ROWS + 1, "current")  # MISSING
    redeem(store)
    tokens.revoke_grant("grant-005004", NOW, LATER)
    tokens.revoke_grant("grant-nobody-knows", NOW, LATER)
    for scope in (("client-7", None), (None, "subject-5008"), ("client-9", "subject-5009")):
        assert tokens.revoke_all(*scope, NOW, LATER) > 0
        tokens.list_grants(*scope, "grant-005", 20)
    tokens.list_grants(None, None, "grant-005", 20)
    tokens.purge_tokens(NOW, 100)
    tokens.purge_tokens(NOW, 1000)


def rotate(store: SqlaBackend, number: int, presented: str) -> None:
    store.tokens.rotate_refresh_token(
        hexed("family", number),
        hexed(presented, number),
        f"client-{number % 1000}",
        [access_token(NOW), refresh_token(NOW, generation=2)],
        b"sealed",
        NOW,
        10,
    )


def redeem(store: SqlaBackend) -> None:
    code = credential(NOW)
    store.credentials.save_credential(code, NOW)
    for _ in range(2):
        store.tokens.redeem_credential(
            code.kind,
            code.digest,
            code.client_id,
            grant(NOW, client_id=code.client_id),
            [access_token(NOW)],
            NOW,
        )


def use_credentials(store: SqlaBackend) -> None:
    credentials = store.credentials
    kind = "device_code"
    for number in FEW[10:12]:
        owner = f"client-{number % 1000}"
        made = hexed("credential", number)
        assert credentials.query_credential(kind, made) is not None
        assert credentials.query_credential_by_alias(kind, hexed("alias", number)) is not None
        for _ in range(2):
            credentials.poll_credential(kind, made, owner, NOW)
        for _ in range(2):
            credentials.decide_credential(
                kind, made, CredentialState.APPROVED, "subject-1", "{}", NOW
            )
        for _ in range(2):
            credentials.claim_credential(kind, made, owner, NOW)
    credentials.save_credential(pending(NOW), NOW)
    with pytest.raises(DuplicateError):
        credentials.save_credential(pending(NOW, alias=hexed("alias", FEW[12])), NOW)
    credentials.save_credential(pending(NOW, alias=hexed("alias", 5)), NOW)  # of an expired one
    credentials.purge_credentials(NOW, 100)
    credentials.purge_credentials(NOW, 1000)


def use_accounts(store: SqlaBackend) -> None:
    accounts = store.accounts
    found = accounts.query_account("name-5000")
    assert found is not None
    accounts.save_account(replace(found, payload="[]"))
    accounts.save_account(account())
    accounts.query_account_by_subject("subject-5001")
    accounts.delete_account("subject-5002")
    accounts.list_accounts("subject-5", 20)


def use_the_rest(store: SqlaBackend) -> None:
    store.nonces.claim_nonce(fresh(), LATER, NOW)
    store.nonces.claim_nonce(hexed("nonce", FEW[0]), LATER, NOW)
    store.accounts.count_attempt(hexed("attempt", FEW[0]), 60, NOW)
    for limit in (100, 1000):
        store.nonces.purge_nonces(NOW, limit)
        store.accounts.purge_attempts(NOW, limit)
