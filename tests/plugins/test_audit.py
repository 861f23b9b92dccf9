"""The audit trail: an event for each outcome that matters, and never a handle."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from oauthstore_core.digests import digest, fingerprint, generate_handle
from oauthstore_core.errors import GrantRevokedError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.records import Account, Client, Credential, CredentialState, Grant, Token
from oauthstore_core.settings import Settings
from oauthstore_core.stores import Stores, open_stores

NOW = 1_000
GRANT = Grant("g1", "c1", "alice", digest("family"), granted_at=NOW, keep_until=NOW + 900)
ACCESS = Token(digest("access"), "access", NOW, NOW + 60, payload='{"note": "hidden"}')
REFRESH = Token(digest("refresh"), "refresh", NOW, NOW + 600)
CODE = Credential(
    digest("code"),
    "authorization_code",
    "c1",
    NOW + 60,
    NOW + 900,
    grant_id="g1",
    subject="alice",
    state=CredentialState.APPROVED,
    payload='{"note": "hidden"}',
)


class FixedClock:
    def now(self) -> int:
        return NOW

    def wait_until(self, moment: int) -> None:
        raise AssertionError


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def stores(backend: MemoryBackend, caplog: pytest.LogCaptureFixture) -> Stores:
    caplog.set_level(logging.INFO, "oauthstore.audit")
    return open_stores(
        Settings(plugins=("audit",)), backends={"default": backend}, clock=FixedClock()
    )


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    found = [vars(record)["audit"] for record in caplog.records]
    assert [json.loads(record.getMessage()) for record in caplog.records] == found
    return found


def names(caplog: pytest.LogCaptureFixture) -> list[object]:
    return [event["event"] for event in events(caplog)]


def test_an_issued_token_is_told_by_fingerprints(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    stores.tokens.save_token(GRANT, [ACCESS, REFRESH])

    assert events(caplog) == [
        {
            "event": "token_issued",
            "time": NOW,
            "client_id": "c1",
            "subject": "alice",
            "grant": fingerprint(digest("g1")),
            "tokens": [fingerprint(ACCESS.digest), fingerprint(REFRESH.digest)],
        }
    ]


def test_a_refresh_is_told_by_its_outcome(stores: Stores, caplog: pytest.LogCaptureFixture) -> None:
    stores.tokens.save_token(GRANT, [REFRESH])
    successor = replace(REFRESH, digest=digest("second"), generation=1)
    other = replace(REFRESH, digest=digest("third"), generation=1)
    caplog.clear()

    for token, now in [(successor, NOW), (other, NOW + 1), (other, NOW + 99), (other, NOW + 99)]:
        stores.tokens.rotate_refresh_token(
            digest("family"), REFRESH.digest, "c1", [token], None, now, 10
        )

    assert names(caplog) == [
        "refresh_rotated",
        "refresh_grace",
        "refresh_reused",
        "refresh_refused",
    ]
    assert events(caplog)[0]["tokens"] == [fingerprint(successor.digest)]
    assert "tokens" not in events(caplog)[2]
    assert events(caplog)[3]["outcome"] == "revoked"
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "WARNING", "INFO"]


def test_a_claim_is_told_by_its_outcome(stores: Stores, caplog: pytest.LogCaptureFixture) -> None:
    stores.credentials.save_credential(CODE, NOW)

    for client_id in ("c2", "c1", "c1"):
        stores.credentials.claim_credential(CODE.kind, CODE.digest, client_id, NOW)

    assert names(caplog) == ["credential_refused", "credential_claimed", "credential_reused"]
    assert events(caplog)[1] == {
        "event": "credential_claimed",
        "time": NOW,
        "kind": "authorization_code",
        "credential": fingerprint(CODE.digest),
        "client_id": "c1",
        "subject": "alice",
        "grant": fingerprint(digest("g1")),
        "outcome": "won",
    }


def test_to_redeem_is_a_claim_and_an_issue(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    stores.credentials.save_credential(CODE, NOW)

    for _ in range(2):
        stores.tokens.redeem_credential(CODE.kind, CODE.digest, "c1", GRANT, [ACCESS], NOW)

    assert names(caplog) == ["credential_claimed", "token_issued", "credential_reused"]


def test_a_decision_is_told_with_what_was_decided(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    stores.credentials.save_credential(replace(CODE, state=CredentialState.PENDING), NOW)

    for state in (CredentialState.DENIED, CredentialState.APPROVED):
        stores.credentials.decide_credential(CODE.kind, CODE.digest, state, "alice", "{}", NOW)

    outcomes = [(event["event"], event["outcome"]) for event in events(caplog)]
    assert outcomes == [
        ("credential_decided", "denied"),
        ("credential_decided", "already_decided"),
    ]


def test_revocations_are_told(stores: Stores, caplog: pytest.LogCaptureFixture) -> None:
    stores.tokens.save_token(GRANT, [ACCESS])
    caplog.clear()

    stores.tokens.revoke_token("g1", ACCESS.digest, NOW)
    stores.tokens.revoke_all("c1", None, NOW, NOW + 900)
    stores.tokens.revoke_grant("g1", NOW, NOW + 900)

    assert names(caplog) == ["token_revoked", "range_revoked", "grant_revoked"]
    assert events(caplog)[1] == {
        "event": "range_revoked",
        "time": NOW,
        "client_id": "c1",
        "count": 1,
    }


def test_clients_accounts_and_nonces_are_told(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = stores.accounts
    assert accounts is not None
    stores.clients.save_client(Client("c1"))
    stores.clients.delete_client("c1")
    stores.clients.delete_client("c1")
    accounts.save_account(Account("alice", "Alice", payload='{"note": "hidden"}'))
    accounts.delete_account("alice")
    stores.nonces.claim_nonce(digest("n"), NOW + 60, NOW)
    stores.nonces.claim_nonce(digest("n"), NOW + 60, NOW)

    assert [(event["event"], event.get("outcome")) for event in events(caplog)] == [
        ("client_saved", None),
        ("client_deleted", "deleted"),
        ("client_deleted", "missing"),
        ("account_saved", None),
        ("account_deleted", "deleted"),
        ("nonce_replayed", None),
    ]


def test_a_refused_save_is_told(stores: Stores, caplog: pytest.LogCaptureFixture) -> None:
    stores.tokens.revoke_grant("g1", NOW, NOW + 900)

    with pytest.raises(GrantRevokedError):
        stores.tokens.save_token(GRANT, [ACCESS])

    told = events(caplog)[-1]
    assert (told["event"], told["outcome"]) == ("store_refused", "GrantRevokedError")


def test_no_handle_no_payload_and_no_message_of_an_error_is_written(
    stores: Stores,
    backend: MemoryBackend,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Down:
        def get(self, _client_id: str) -> Client | None:
            raise StoreUnavailableError("hidden")

    stores.credentials.save_credential(CODE, NOW)
    stores.tokens.redeem_credential(CODE.kind, CODE.digest, "c1", GRANT, [ACCESS], NOW)
    monkeypatch.setattr(backend.clients, "_clients", Down())
    with pytest.raises(StoreUnavailableError):
        stores.clients.query_client("c1")

    assert names(caplog)[-1] == "store_failed"
    for secret in ("hidden", ACCESS.digest, CODE.digest, "g1"):
        assert secret not in caplog.text


def test_it_fails_closed(stores: Stores) -> None:
    class FullDisk(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise OSError("no space")

    handler = FullDisk()
    logging.getLogger("oauthstore.audit").addHandler(handler)
    try:
        with pytest.raises(OSError, match="no space"):
            stores.tokens.save_token(GRANT, [ACCESS])
    finally:
        logging.getLogger("oauthstore.audit").removeHandler(handler)


def test_the_trail_is_not_dropped_by_the_default_level_of_the_root() -> None:
    logger = logging.getLogger("oauthstore.audit")
    before = logger.level
    logger.setLevel(logging.NOTSET)
    try:
        open_stores(Settings(plugins=("audit",)), backends={"default": MemoryBackend()})

        assert logger.isEnabledFor(logging.INFO)
    finally:
        logger.setLevel(before)


def test_a_token_that_was_sent_as_a_client_id_is_not_written_where_the_store_fails(
    stores: Stores,
    backend: MemoryBackend,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle = generate_handle()
    monkeypatch.setattr(backend.clients, "_clients", None)

    with pytest.raises(AttributeError):
        stores.clients.query_client(handle)

    assert [event["event"] for event in events(caplog)] == ["store_failed"]
    assert handle not in caplog.text
