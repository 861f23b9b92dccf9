"""What a verb costs: statements of SQLite, BEGIN and COMMIT counted as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from oauthstore_core.errors import DuplicateError, GrantRevokedError
from oauthstore_core.records import (
    Account,
    ClaimOutcome,
    Credential,
    CredentialState,
    Grant,
    PollOutcome,
    RotationOutcome,
    Token,
)
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

NOW = 1_700_000_000


class Traced(SqlaBackend):
    """A store that counts the statements that SQLite executes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.seen: list[str] = []
        event.listen(self._store._engine, "connect", self._trace)

    def _trace(self, connection: Any, record: object) -> None:  # noqa: ANN401 - sqlite3
        connection.set_trace_callback(self.seen.append)

    def cost(self, call: Callable[[], object]) -> int:
        self.seen.clear()
        call()
        return len(self.seen)

    def saved(self, *kinds: str, **changes: object) -> tuple[Grant, list[Token]]:
        """Return a grant that is stored with a token of each kind."""
        made = {"access": access_token, "refresh": refresh_token}
        tokens = [made[kind](NOW) for kind in kinds]
        kept = grant(NOW, family=fresh() if "refresh" in kinds else None, **changes)
        self.tokens.save_token(kept, tokens)
        return kept, tokens

    def held(self, made: Credential) -> dict[str, Any]:
        """Store the credential and return what its client presents."""
        self.credentials.save_credential(made, NOW)
        return {
            "kind": made.kind,
            "digest": made.digest,
            "client_id": made.client_id,
            "now": NOW,
        }

    def rotation(self, now: int = NOW, grace: int = 5) -> Callable[[], RotationOutcome]:
        """Return a call that presents the same refresh token again and again."""
        kept, (_, refresh) = self.saved("access", "refresh")
        assert kept.family is not None

        def rotate(now: int = now) -> RotationOutcome:
            successors = [access_token(NOW), refresh_token(NOW, generation=1)]
            return self.tokens.rotate_refresh_token(
                kept.family or "", refresh.digest, kept.client_id, successors, b"x", now, grace
            ).outcome

        return rotate


@pytest.fixture
def traced(url: str) -> Iterator[Traced]:
    store = Traced(url)
    store.migrate()
    yield store
    store.close()


def test_saving_a_grant_with_its_tokens_costs_four(traced: Traced) -> None:
    assert traced.cost(lambda: traced.saved("access")) == 4
    assert traced.cost(lambda: traced.saved("access", "refresh")) == 4


def test_saving_no_access_token_costs_three(traced: Traced) -> None:
    assert traced.cost(lambda: traced.saved("refresh")) == 3
    assert traced.cost(traced.saved) == 3


def test_adding_a_token_costs_one_more_only_where_one_is_dropped(traced: Traced) -> None:
    kept, (first,) = traced.saved("access")
    add = traced.tokens.save_token
    traced.saved("access", granted_at=NOW - 10**6)
    expired = replace(access_token(NOW), issued_at=NOW - 9, expires_at=NOW - 5)
    traced.tokens.save_token(grant(NOW), [replace(expired, issued_at=NOW - 9)])

    assert traced.cost(lambda: add(kept, [access_token(NOW)])) == 4
    assert traced.cost(lambda: add(kept, [access_token(first.expires_at or 0)])) == 5
    assert traced.tokens.query_token(first.digest) is None


def test_the_oldest_beyond_the_limit_cost_one_more(traced: Traced) -> None:
    kept, (first,) = traced.saved("access")
    tokens = [access_token(NOW + 1) for _ in range(31)]
    traced.tokens.save_token(kept, tokens)

    cost = traced.cost(lambda: traced.tokens.save_token(kept, [access_token(NOW + 2)]))
    assert cost == 5
    assert traced.tokens.query_token(first.digest) is None
    assert all(traced.tokens.query_token(token.digest) for token in tokens)


def test_a_refused_save_costs_four_and_is_rolled_back(traced: Traced) -> None:
    kept, _ = traced.saved("access")
    traced.tokens.revoke_grant(kept.grant_id, NOW, NOW + 9)

    def refused() -> None:
        with pytest.raises(GrantRevokedError):
            traced.tokens.save_token(kept, [access_token(NOW)])

    assert traced.cost(refused) == 4
    assert traced.seen[-1] == "ROLLBACK"


def test_queries_cost_one(traced: Traced) -> None:
    kept, (access, _) = traced.saved("access", "refresh")
    held = traced.held(credential(NOW, alias=fresh()))

    assert traced.cost(lambda: traced.tokens.query_token(access.digest)) == 1
    assert traced.cost(lambda: traced.tokens.query_refresh_token(kept.family or "")) == 1
    assert traced.cost(lambda: traced.tokens.list_grants(kept.client_id, None, None, 5)) == 1
    query = traced.credentials.query_credential
    assert traced.cost(lambda: query(held["kind"], held["digest"])) == 1
    by_alias = traced.credentials.query_credential_by_alias
    assert traced.cost(lambda: by_alias(held["kind"], fresh())) == 1


def test_a_rotation_costs_four_and_a_reuse_five(traced: Traced) -> None:
    rotate = traced.rotation()
    outcomes = []

    costs = [traced.cost(lambda: outcomes.append(rotate())) for _ in range(2)]
    costs.append(traced.cost(lambda: outcomes.append(rotate(NOW + 5))))
    assert [outcome.name for outcome in outcomes] == ["WON", "GRACE", "REUSED"]
    assert costs == [4, 4, 5]


def test_a_rotation_does_not_drop_because_of_another_grants_tokens(traced: Traced) -> None:
    rotate = traced.rotation()
    for _ in range(40):
        traced.saved("access")

    assert traced.cost(rotate) == 4


def test_revocations_cost_one_and_of_a_range_two(traced: Traced) -> None:
    kept, (access,) = traced.saved("access")
    for _ in range(10):
        traced.saved("access", client_id="c")
    store = traced.tokens

    assert traced.cost(lambda: store.revoke_token(kept.grant_id, access.digest, NOW)) == 1
    assert traced.cost(lambda: store.revoke_grant(kept.grant_id, NOW, NOW + 9)) == 1
    assert traced.cost(lambda: store.revoke_grant("yet to be saved", NOW, NOW + 9)) == 1
    assert traced.cost(lambda: store.revoke_all("c", None, NOW, NOW + 9)) == 2


def test_saving_a_credential_costs_one_and_taking_an_alias_over_five(traced: Traced) -> None:
    alias = fresh()
    save = traced.credentials.save_credential

    assert traced.cost(lambda: save(credential(NOW), NOW)) == 1
    assert traced.cost(lambda: save(credential(NOW, alias=alias, expires_at=NOW), NOW)) == 1
    assert traced.cost(lambda: save(credential(NOW, alias=alias), NOW)) == 5
    with pytest.raises(DuplicateError):
        save(credential(NOW, alias=alias), NOW)


def test_a_claim_costs_one_and_a_lost_one_two(traced: Traced) -> None:
    held = traced.held(credential(NOW))
    outcomes = []

    def claim() -> None:
        outcomes.append(traced.credentials.claim_credential(**held).outcome)

    assert [traced.cost(claim), traced.cost(claim)] == [1, 2]
    assert outcomes == [ClaimOutcome.WON, ClaimOutcome.ALREADY_USED]


def test_a_poll_costs_one_while_pending_and_two_when_approved(traced: Traced) -> None:
    held = traced.held(pending(NOW))
    outcomes = []

    def poll() -> None:
        outcomes.append(traced.credentials.poll_credential(**held).outcome)

    def decide() -> None:
        state = CredentialState.APPROVED
        traced.credentials.decide_credential(held["kind"], held["digest"], state, "s", "{}", NOW)

    assert [traced.cost(call) for call in (poll, poll, decide, poll)] == [1, 1, 1, 2]
    assert outcomes == [PollOutcome.PENDING, PollOutcome.SLOW_DOWN, PollOutcome.APPROVED]


def test_redeeming_costs_five_and_a_second_time_four(traced: Traced) -> None:
    held = traced.held(credential(NOW))
    outcomes = []

    def redeem() -> None:
        kept, tokens = grant(NOW, family=fresh()), [access_token(NOW), refresh_token(NOW)]
        claim = traced.tokens.redeem_credential(**held, grant=kept, tokens=tokens)
        outcomes.append(claim.outcome)

    assert [traced.cost(redeem), traced.cost(redeem)] == [5, 4]
    assert outcomes == [ClaimOutcome.WON, ClaimOutcome.ALREADY_USED]


def test_the_other_roles_cost_one_a_verb(traced: Traced) -> None:
    made = client()
    account = Account("subject", "name", NOW)

    assert traced.cost(lambda: traced.clients.save_client(made)) == 1
    assert traced.cost(lambda: traced.clients.save_client(replace(made, version=1))) == 1
    assert traced.cost(lambda: traced.clients.query_client(made.client_id)) == 1
    assert traced.cost(lambda: traced.clients.list_clients(None, None, 5)) == 1
    assert traced.cost(lambda: traced.clients.delete_client(made.client_id)) == 1
    assert traced.cost(lambda: traced.nonces.claim_nonce(fresh(), NOW + 9, NOW)) == 1
    assert traced.cost(lambda: traced.accounts.save_account(account)) == 1
    assert traced.cost(lambda: traced.accounts.query_account("name")) == 1
    assert traced.cost(lambda: traced.accounts.count_attempt(fresh(), 9, NOW)) == 1


def test_a_purge_costs_one_and_of_tokens_six(traced: Traced) -> None:
    assert traced.cost(lambda: traced.credentials.purge_credentials(NOW, 100)) == 1
    assert traced.cost(lambda: traced.nonces.purge_nonces(NOW, 100)) == 1
    assert traced.cost(lambda: traced.tokens.purge_tokens(NOW, 100)) == 6


def test_whole_flows_cost_what_their_verbs_cost(traced: Traced) -> None:
    known = traced.clients.save_client(client()).client_id
    code = traced.held(credential(NOW))
    _, (access,) = traced.saved("access")
    rotate = traced.rotation()

    def ask_client() -> object:
        return traced.clients.query_client(known)

    def redeem() -> object:
        return traced.tokens.redeem_credential(**code, grant=grant(NOW), tokens=[access_token(NOW)])

    def ask_code() -> object:
        return traced.credentials.query_credential(code["kind"], code["digest"])

    def claim_nonce() -> object:
        return traced.nonces.claim_nonce(fresh(), NOW + 9, NOW)

    def ask_token() -> object:
        return traced.tokens.query_token(access.digest)

    def ask_family() -> object:
        return traced.tokens.query_refresh_token(fresh())

    flows: dict[str, list[Callable[[], object]]] = {
        "client_credentials": [ask_client, lambda: traced.saved("access")],
        "authorization_code": [ask_client, ask_code, redeem],
        "refresh_token": [ask_client, ask_family, rotate],
        "bearer": [ask_token],
        "oauth1_resource": [ask_client, ask_token, claim_nonce],
    }
    costs = {name: sum(map(traced.cost, verbs)) for name, verbs in flows.items()}
    oauth1_token = costs["authorization_code"] + traced.cost(claim_nonce)
    assert costs == {
        "client_credentials": 5,
        "authorization_code": 7,
        "refresh_token": 6,
        "bearer": 1,
        "oauth1_resource": 3,
    }
    assert oauth1_token == 8
