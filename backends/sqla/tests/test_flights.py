"""What a verb costs on a server: round trips, as the server or the driver's library counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from psycopg.pq import Trace
from sqlalchemy import event

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
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.engine import Statement

from .servers import Database

NOW = 1_700_000_000


@pytest.fixture(params=["postgresql", "mysql"])
def server_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class OnPostgreSQL(SqlaBackend):
    """Counts what libpq receives: a server is ready for the next query once a flight."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url)
        self._log = (folder / "libpq.log").open("w+b")
        event.listen(self._store._engine, "connect", self._trace)

    def _trace(self, driver: Any, _: object) -> None:  # noqa: ANN401 - psycopg's
        driver.pgconn.trace(self._log.fileno())
        driver.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

    def close(self) -> None:
        super().close()
        self._log.close()

    def flights(self) -> int:
        # libpq buffers its log; a new flag makes it flush.
        self._store.run(lambda session: session._connection.pgconn.untrace(), writes=False)
        self._log.seek(0)
        count = self._log.read().count(b"ReadyForQuery")
        self._store.run(lambda session: self._trace(session._connection, None), writes=False)
        return count


class OnMySQL(SqlaBackend):
    """Counts what the server was asked on this connection."""

    _ASKED = Statement("SHOW SESSION STATUS LIKE 'Questions'")

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(url)
        self._own = 0

    def flights(self) -> int:
        self._own += 1
        return int(self._store.rows(self._ASKED, {})[0][1]) - self._own


@dataclass
class Costs:
    """The store, and how many flights a call takes."""

    store: OnPostgreSQL | OnMySQL
    name: str

    def of(self, call: Callable[[], object]) -> int:
        before = self.store.flights()
        call()
        return self.store.flights() - before

    def expect(self, call: Callable[[], object], *, postgresql: int, mysql: int) -> None:
        assert self.of(call) == {"postgresql": postgresql, "mysql": mysql}[self.name]


@pytest.fixture
def costs(database: Database, server_name: str, tmp_path: Path) -> Iterator[Costs]:
    kind = {"postgresql": OnPostgreSQL, "mysql": OnMySQL}[server_name]
    store = kind(database.url, tmp_path)
    store.ping()
    yield Costs(store, server_name)
    store.close()


def saved(store: SqlaBackend, *kinds: str, **changes: object) -> tuple[Grant, list[Token]]:
    """Return a grant that is stored with a token of each kind."""
    made = {"access": access_token, "refresh": refresh_token}
    tokens = [made[kind](NOW) for kind in kinds]
    kept = grant(NOW, family=fresh() if "refresh" in kinds else None, **changes)
    store.tokens.save_token(kept, tokens)
    return kept, tokens


def held(store: SqlaBackend, made: Credential) -> dict[str, Any]:
    """Store the credential and return what its client presents."""
    store.credentials.save_credential(made, NOW)
    return {"kind": made.kind, "digest": made.digest, "client_id": made.client_id, "now": NOW}


def test_saving(costs: Costs) -> None:
    store = costs.store
    costs.expect(lambda: saved(store, "access"), postgresql=2, mysql=2)
    costs.expect(lambda: saved(store, "access", "refresh"), postgresql=2, mysql=5)
    costs.expect(lambda: saved(store, "refresh"), postgresql=2, mysql=4)
    costs.expect(lambda: saved(store), postgresql=2, mysql=4)


def test_adding_a_token(costs: Costs) -> None:
    kept, _ = saved(costs.store, "access")

    def add() -> None:
        costs.store.tokens.save_token(kept, [access_token(NOW)])

    costs.expect(add, postgresql=2, mysql=6)


def test_a_refused_save(costs: Costs) -> None:
    store = costs.store
    kept, _ = saved(store, "access")
    store.tokens.revoke_grant(kept.grant_id, NOW, NOW + 9)
    store.tokens.revoke_all("fenced", None, NOW, NOW + 9)

    def refused(given: Grant) -> None:
        with pytest.raises(GrantRevokedError):
            store.tokens.save_token(given, [access_token(NOW)])

    costs.expect(lambda: refused(kept), postgresql=3, mysql=5)
    # Its announcement is taken back.
    costs.expect(lambda: refused(grant(NOW, client_id="fenced")), postgresql=7, mysql=7)


def test_queries(costs: Costs) -> None:
    store = costs.store
    kept, (access, _) = saved(store, "access", "refresh")
    code = held(store, credential(NOW, alias=fresh()))
    for query in (
        lambda: store.tokens.query_token(access.digest),
        lambda: store.tokens.query_refresh_token(kept.family or ""),
        lambda: store.tokens.list_grants(kept.client_id, None, None, 5),
        lambda: store.credentials.query_credential(code["kind"], code["digest"]),
        lambda: store.credentials.query_credential_by_alias(code["kind"], fresh()),
        lambda: store.clients.query_client("c"),
        lambda: store.clients.list_clients(None, None, 5),
        lambda: store.accounts.query_account("name"),
    ):
        costs.expect(query, postgresql=1, mysql=1)


def test_rotating(costs: Costs) -> None:
    store = costs.store
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

    costs.expect(rotate, postgresql=1, mysql=5)  # won
    costs.expect(rotate, postgresql=2, mysql=1)  # within the grace
    costs.expect(lambda: rotate(NOW + 5), postgresql=3, mysql=2)  # reuse


def test_revoking(costs: Costs) -> None:
    store = costs.store
    kept, (access,) = saved(store, "access")
    for _ in range(10):
        saved(store, "access", client_id="c")
    revoke = store.tokens

    def revoke_token() -> None:
        revoke.revoke_token(kept.grant_id, access.digest, NOW)

    costs.expect(revoke_token, postgresql=1, mysql=1)
    costs.expect(lambda: revoke.revoke_grant(kept.grant_id, NOW, NOW + 9), postgresql=1, mysql=1)
    costs.expect(lambda: revoke.revoke_grant("to be saved", NOW, NOW + 9), postgresql=1, mysql=1)
    costs.expect(lambda: revoke.revoke_all("c", None, NOW, NOW + 9), postgresql=2, mysql=2)


def test_credentials(costs: Costs) -> None:
    store = costs.store
    alias = fresh()
    code, device = held(store, credential(NOW)), held(store, pending(NOW))
    save = store.credentials.save_credential

    def decide() -> object:
        approved = CredentialState.APPROVED
        return store.credentials.decide_credential(
            device["kind"], device["digest"], approved, "s", "{}", NOW
        )

    def claim() -> object:
        return store.credentials.claim_credential(**code)

    def poll() -> object:
        return store.credentials.poll_credential(**device)

    costs.expect(lambda: save(credential(NOW), NOW), postgresql=1, mysql=1)
    expired = credential(NOW, alias=alias, expires_at=NOW)
    costs.expect(lambda: save(expired, NOW), postgresql=1, mysql=1)
    costs.expect(lambda: save(credential(NOW, alias=alias), NOW), postgresql=5, mysql=5)
    costs.expect(claim, postgresql=1, mysql=2)  # won
    costs.expect(claim, postgresql=2, mysql=2)  # lost
    costs.expect(poll, postgresql=1, mysql=4)  # pending
    costs.expect(decide, postgresql=1, mysql=2)
    costs.expect(poll, postgresql=2, mysql=4)  # approved


def test_redeeming(costs: Costs) -> None:
    code = held(costs.store, credential(NOW))
    kept = grant(NOW, family=fresh())

    def redeem() -> object:
        tokens = [access_token(NOW), refresh_token(NOW)]
        return costs.store.tokens.redeem_credential(**code, grant=kept, tokens=tokens)

    costs.expect(redeem, postgresql=2, mysql=7)  # won
    costs.expect(redeem, postgresql=3, mysql=2)  # lost


def test_the_other_roles(costs: Costs) -> None:
    store = costs.store
    made, nonce, account = client(), fresh(), Account("subject", "name", NOW)

    costs.expect(lambda: store.clients.save_client(made), postgresql=1, mysql=1)
    again = replace(made, version=1)
    costs.expect(lambda: store.clients.save_client(again), postgresql=1, mysql=1)
    costs.expect(lambda: store.clients.delete_client(made.client_id), postgresql=1, mysql=1)
    costs.expect(lambda: store.nonces.claim_nonce(nonce, NOW + 9, NOW), postgresql=1, mysql=1)
    # A replay.
    costs.expect(lambda: store.nonces.claim_nonce(nonce, NOW + 9, NOW), postgresql=1, mysql=3)
    costs.expect(lambda: store.accounts.save_account(account), postgresql=1, mysql=1)
    costs.expect(lambda: store.accounts.count_attempt(fresh(), 9, NOW), postgresql=1, mysql=4)


def test_purging(costs: Costs) -> None:
    store = costs.store
    costs.expect(lambda: store.credentials.purge_credentials(NOW, 100), postgresql=1, mysql=1)
    costs.expect(lambda: store.nonces.purge_nonces(NOW, 100), postgresql=1, mysql=1)
    costs.expect(lambda: store.tokens.purge_tokens(NOW, 100), postgresql=5, mysql=5)


def test_whole_flows(costs: Costs) -> None:
    store = costs.store
    known = store.clients.save_client(client()).client_id
    code = held(store, credential(NOW))
    kept, (access, refresh) = saved(store, "access", "refresh")

    def ask_client() -> object:
        return store.clients.query_client(known)

    def exchange() -> None:
        ask_client()
        store.credentials.query_credential(code["kind"], code["digest"])
        tokens = [access_token(NOW), refresh_token(NOW)]
        granted = grant(NOW, family=fresh())
        store.tokens.redeem_credential(**code, grant=granted, tokens=tokens)

    def refreshed() -> None:
        ask_client()
        store.tokens.query_refresh_token(kept.family or "")
        successors = [access_token(NOW), refresh_token(NOW, generation=1)]
        store.tokens.rotate_refresh_token(
            kept.family or "", refresh.digest, kept.client_id, successors, b"x", NOW, 5
        )

    def bearer() -> None:
        store.tokens.query_token(access.digest)

    def issued() -> None:
        ask_client()
        saved(store, "access")

    costs.expect(issued, postgresql=3, mysql=3)
    costs.expect(exchange, postgresql=4, mysql=9)
    costs.expect(refreshed, postgresql=3, mysql=7)
    costs.expect(bearer, postgresql=1, mysql=1)
