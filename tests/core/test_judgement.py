"""The precedence of outcomes: the first that holds decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oauthstore_core.judgement import (
    is_kept,
    judge_claim,
    judge_decision,
    judge_poll,
    judge_rotation,
    judge_token,
    surplus_tokens,
)
from oauthstore_core.records import (
    Credential,
    CredentialState,
    Grant,
    IssuedToken,
    RefreshFamily,
    Token,
    TokenState,
)

NOW, GRACE = 1000, 10
CODE = Credential("d", "code", "app", 1060, 9000, state=CredentialState.APPROVED)
GRANT = Grant("g", "app", keep_until=9000)
OLD = Token("old", "refresh", 900, 2000, TokenState.ROTATED, rotated_at=NOW - 5)
CURRENT = Token("current", "refresh", 995, 2000, generation=1)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "won"),
        ({"client_id": "other"}, "missing"),
        ({"keep_until": NOW}, "missing"),
        ({"keep_until": NOW, "state": "used"}, "missing"),
        ({"state": "used"}, "already_used"),
        ({"state": "used", "expires_at": NOW}, "already_used"),
        ({"state": "denied", "expires_at": NOW}, "denied"),
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": NOW + 1}, "won"),
        ({"state": "pending", "expires_at": NOW}, "expired"),
        ({"state": "pending"}, "pending"),
    ],
)
def test_a_claim_is_told_the_first_that_holds(changes: dict[str, object], outcome: str) -> None:
    if "state" in changes:
        changes = {**changes, "state": CredentialState(changes["state"])}
    claim = judge_claim(replace(CODE, **changes), "app", NOW)  # type: ignore[arg-type]

    assert claim.outcome.value == outcome
    assert (claim.credential is None) == (outcome == "missing")


def test_a_claim_of_nothing_is_missing() -> None:
    assert judge_claim(None, "app", NOW).outcome.value == "missing"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"state": CredentialState.PENDING}, "won"),
        ({"state": CredentialState.PENDING, "expires_at": NOW}, "expired"),
        ({"expires_at": NOW}, "already_decided"),
        ({"state": CredentialState.DENIED}, "already_decided"),
        ({"keep_until": NOW}, "missing"),
    ],
)
def test_a_decision_is_made_once_and_in_time(changes: dict[str, object], outcome: str) -> None:
    decided = judge_decision(replace(CODE, **changes), NOW)  # type: ignore[arg-type]

    assert decided.outcome.value == outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "approved"),
        ({"client_id": "other"}, "missing"),
        ({"keep_until": NOW}, "missing"),
        ({"state": CredentialState.USED, "expires_at": NOW}, "used"),
        ({"state": CredentialState.DENIED, "expires_at": NOW}, "denied"),
        ({"expires_at": NOW}, "expired"),
        ({"state": CredentialState.PENDING}, "pending"),
        ({"state": CredentialState.PENDING, "polled_at": NOW - 3, "interval": 5}, "slow_down"),
        ({"state": CredentialState.PENDING, "polled_at": NOW - 4, "interval": 5}, "pending"),
    ],
)
def test_a_poll_is_told_the_first_that_holds(changes: dict[str, object], outcome: str) -> None:
    polled = judge_poll(replace(CODE, **changes), "app", NOW)  # type: ignore[arg-type]

    assert polled.outcome.value == outcome


@pytest.mark.parametrize(
    ("digest", "changes", "outcome"),
    [
        ("current", {}, "won"),
        ("old", {}, "grace"),
        ("older", {}, "reused"),
        ("current", {"client_id": "other"}, "missing"),
        ("older", {"client_id": "other"}, "missing"),
        ("current", {"keep_until": NOW}, "missing"),
        ("current", {"revoked_at": 1}, "revoked"),
        ("old", {"revoked_at": 1}, "revoked"),
        ("older", {"revoked_at": 1}, "revoked"),
    ],
)
def test_a_rotation_is_told_the_first_that_holds(
    digest: str, changes: dict[str, object], outcome: str
) -> None:
    family = RefreshFamily(replace(GRANT, **changes), CURRENT, OLD)  # type: ignore[arg-type]

    rotation = judge_rotation(family, digest, "app", "next", b"sealed", NOW, GRACE)

    assert rotation.outcome.value == outcome
    assert (rotation.sealed_response == b"sealed") == (outcome == "grace")


@pytest.mark.parametrize(("now", "outcome"), [(1004, "grace"), (1005, "reused")])
def test_the_grace_ends_at_its_last_second(now: int, outcome: str) -> None:
    family = RefreshFamily(GRANT, CURRENT, OLD)

    assert judge_rotation(family, "old", "app", "n", b"", now, GRACE).outcome.value == outcome
    assert judge_rotation(family, "old", "app", "n", b"", now, 0).outcome.value == "reused"


def test_a_repeated_delivery_of_a_rotation_has_won_whatever_the_grace() -> None:
    family = RefreshFamily(GRANT, CURRENT, OLD)

    rotation = judge_rotation(family, "old", "app", "current", None, NOW + 500, 0)

    assert rotation.outcome.value == "won"
    assert rotation.token == replace(OLD, state=TokenState.ACTIVE, rotated_at=None)


def test_an_old_token_is_reuse_even_if_the_current_one_is_expired() -> None:
    family = RefreshFamily(GRANT, replace(CURRENT, expires_at=NOW), OLD)

    assert judge_rotation(family, "current", "app", "n", None, NOW, 0).outcome.value == "expired"
    assert judge_rotation(family, "old", "app", "n", None, NOW, 0).outcome.value == "reused"


@pytest.mark.parametrize(
    ("grant", "token", "valid"),
    [
        ({}, {}, True),
        ({}, {"expires_at": None}, True),
        ({}, {"expires_at": NOW}, False),
        ({}, {"state": TokenState.REVOKED}, False),
        ({}, {"state": TokenState.ROTATED}, False),
        ({"revoked_at": 1}, {}, False),
        ({"keep_until": NOW}, {"expires_at": None}, False),
        ({"keep_until": None}, {}, True),
    ],
)
def test_row_57_a_token_is_valid_if_nothing_speaks_against_it(
    grant: dict[str, object], token: dict[str, object], *, valid: bool
) -> None:
    issued = IssuedToken(
        replace(GRANT, **grant),  # type: ignore[arg-type]
        replace(CURRENT, **token),  # type: ignore[arg-type]
    )

    assert judge_token(issued, NOW) is valid


def test_what_has_no_end_is_kept() -> None:
    assert is_kept(None, NOW)
    assert is_kept(NOW + 1, NOW)
    assert not is_kept(NOW, NOW)


def test_surplus_are_the_expired_and_the_oldest_beyond_the_limit() -> None:
    live = [Token(f"t{n}", "access", n, NOW + 1) for n in range(4)]
    expired = Token("expired", "access", 0, NOW)
    others = [Token("forever", "access", 0), CURRENT, Token("o1", "oauth1", 0)]

    added = [Token("a0", "access", NOW, NOW + 1)]

    surplus = surplus_tokens([*others, *reversed(live), expired], added, limit=3)

    assert [token.digest for token in surplus] == ["expired", "t0", "t1"]


def test_what_is_added_is_never_the_oldest_of_its_second() -> None:
    stored = [Token(f"z{n}", "access", NOW, NOW + 1) for n in range(3)]

    surplus = surplus_tokens(stored, [Token("a", "access", NOW, NOW + 1)], limit=3)

    assert [token.digest for token in surplus] == ["z0"]
