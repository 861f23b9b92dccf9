"""Codes in one store, tokens in another: the core claims, then saves (laws 2 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.memory import MemoryBackend

from .watched import Counter, FailingAt, WatchedBackend
from .world import World, compose


@pytest.fixture
def watched() -> WatchedBackend:
    return WatchedBackend(MemoryBackend())


@pytest.fixture
def cache() -> WatchedBackend:
    return WatchedBackend(MemoryBackend())


@pytest.fixture
def composed(watched: WatchedBackend, cache: WatchedBackend) -> World:
    return compose(watched, cache)


def test_a_code_is_claimed_and_then_its_tokens_are_saved(
    composed: World, watched: WatchedBackend, cache: WatchedBackend
) -> None:
    party = composed.register()
    code = composed.code(party)

    with Counter(watched) as main, Counter(cache) as beside:
        answer = composed.redeem(party, code)

    assert answer.status == 200
    assert main.verbs == ["query_client", "save_token"]
    assert beside.verbs == ["query_credential", "claim_credential"]
    assert not composed.stores.redeems


def test_row_4_presenting_a_code_again_kills_its_tokens(composed: World) -> None:
    party = composed.register()
    code = composed.code(party)
    tokens = composed.redeem(party, code).json

    assert composed.redeem(party, code).outcome == (400, "invalid_grant")
    assert not composed.is_alive(tokens, party)


def _between_claim_and_save(backend: WatchedBackend, happening: Callable[[], Any]) -> None:
    def watch(verb: str, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - any verb's
        if verb == "save_token":
            backend.watch = lambda _, act: act()
            happening()
        return act()

    backend.watch = watch


def test_row_3_a_loser_between_claim_and_save_takes_the_winner_s_tokens(
    composed: World, watched: WatchedBackend
) -> None:
    party = composed.register()
    code = composed.code(party)
    loser = []
    _between_claim_and_save(watched, lambda: loser.append(composed.redeem(party, code)))

    winner = composed.redeem(party, code)

    assert loser[0].outcome == (400, "invalid_grant")
    assert winner.outcome == (400, "invalid_grant")
    assert composed.redeem(party, code).outcome == (400, "invalid_grant")


def test_row_32_a_revocation_between_claim_and_save_takes_the_winner_s_tokens(
    composed: World, watched: WatchedBackend
) -> None:
    party = composed.register()
    code = composed.code(party)
    _between_claim_and_save(watched, lambda: composed.server.revoke_all(subject="alice"))

    assert composed.redeem(party, code).outcome == (400, "invalid_grant")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_row_56_tokens_that_could_not_be_saved_are_lost_with_the_code(
    composed: World, watched: WatchedBackend, *, after: bool
) -> None:
    party = composed.register()
    code = composed.code(party)
    with FailingAt(watched, 2, StoreUnavailableError, after=after):
        assert composed.redeem(party, code).outcome == (503, "temporarily_unavailable")

    assert composed.redeem(party, code).outcome == (400, "invalid_grant")
    tokens = watched._backend.tokens  # type: ignore[attr-defined]
    assert all(row.grant.revoked_at is not None for row in tokens._rows.values())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_row_55_a_claim_whose_outcome_is_unknown_is_503(
    composed: World, cache: WatchedBackend, *, after: bool
) -> None:
    party = composed.register()
    code = composed.code(party)
    with FailingAt(cache, 2, StoreUnavailableError, after=after):
        assert composed.redeem(party, code).outcome == (503, "temporarily_unavailable")

    assert composed.redeem(party, code).status == (400 if after else 200)


def test_row_5_only_a_presentation_that_passes_the_checks_claims(composed: World) -> None:
    party, thief = composed.register(), composed.register()
    code = composed.code(party)

    assert composed.redeem(thief, code).error == "invalid_grant"
    assert composed.redeem(party, code, code_verifier="w" * 43).error == "invalid_grant"
    assert composed.redeem(party, code).status == 200
