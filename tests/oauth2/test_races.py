"""Security checklist rows 3, 4, 28, 32: many threads at once, on one server.

The races against worker processes over HTTP are in `tests/races`.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from oauthstore_core.backends import Backend
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.testing.races import race

from .world import Answer, Party, World, compose

RACERS = 16
ROUNDS = int(os.environ.get("OAUTHSTORE_TEST_ROUNDS", "30"))

WON, LOST = (200, None), (400, "invalid_grant")


@pytest.fixture(autouse=True)
def _switch_often() -> Iterator[None]:
    """Let threads change in the midst of a request, which takes less than Python's interval."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def _race(calls: Sequence[Callable[[], object]]) -> list[Answer]:
    """Return the answers of the calls that are requests."""
    return [answer for answer in race(calls) if isinstance(answer, Answer)]


def _outcomes(answers: Sequence[Answer]) -> Counter[tuple[int, str | None]]:
    return Counter(answer.outcome for answer in answers)


@pytest.fixture
def party(world: World) -> Party:
    return world.register()


def _present_codes(world: World) -> None:
    party = world.register()
    for _ in range(ROUNDS):
        code = world.code(party)

        answers = _race([lambda code=code: world.redeem(party, code)] * RACERS)

        outcomes = _outcomes(answers)
        assert outcomes[WON] <= 1
        assert outcomes[WON] + outcomes[LOST] == RACERS
        for answer in answers:
            if answer.status == 200:
                assert not world.is_alive(answer.json, party)


def test_row_3_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead(
    world: World,
) -> None:
    _present_codes(world)


def test_row_3_nor_where_codes_and_tokens_are_in_two_stores(backend: Backend) -> None:
    _present_codes(compose(backend, MemoryBackend()))


def test_row_29_of_16_refreshes_within_the_grace_all_get_the_very_same_answer(
    world: World, party: Party
) -> None:
    for _ in range(ROUNDS):
        token = world.issue(party)["refresh_token"]

        answers = _race([lambda token=token: world.refresh(party, token)] * RACERS)

        bodies = {answer.response.body for answer in answers}
        assert len(bodies) == 1
        assert {answer.status for answer in answers} == {200}


def test_row_28_of_16_refreshes_without_grace_one_wins_and_the_family_is_dead(
    backend: Backend,
) -> None:
    world = World(backend, reuse_grace=0)
    party = world.register()
    for _ in range(ROUNDS):
        token = world.issue(party)["refresh_token"]

        answers = _race([lambda token=token: world.refresh(party, token)] * RACERS)

        outcomes = _outcomes(answers)
        assert outcomes == {WON: 1, LOST: RACERS - 1}
        won = next(answer for answer in answers if answer.status == 200)
        assert not world.is_alive(won.json, party)


def test_row_32_no_refresh_outlives_a_revocation_that_it_races(world: World, party: Party) -> None:
    for _ in range(ROUNDS):
        tokens = world.issue(party)
        calls: list[Callable[[], Answer]] = [
            lambda tokens=tokens: world.refresh(party, tokens["refresh_token"])
        ] * (RACERS - 1)
        calls.insert(
            RACERS // 2, lambda tokens=tokens: world.revoke(party, tokens["refresh_token"])
        )

        answers = _race(calls)

        for answer in answers:
            assert answer.outcome in (WON, LOST)
            found = answer.json.get("access_token")
            assert found is None or not world.is_accepted(found)
        assert not world.is_alive(tokens, party)


def test_row_32_no_code_outlives_the_revocation_of_everything_that_it_races(
    world: World, party: Party
) -> None:
    for _ in range(ROUNDS):
        world.clock.advance(10)
        codes = [world.code(party) for _ in range(RACERS - 1)]
        calls: list[Callable[[], object]] = [
            lambda code=code: world.redeem(party, code) for code in codes
        ]
        calls.insert(RACERS // 2, lambda: world.server.revoke_all(subject="alice"))

        answers = _race(calls)

        assert len(answers) == RACERS - 1
        for answer in answers:
            assert answer.outcome in (WON, LOST)
            found = answer.json.get("access_token")
            assert found is None or not world.is_accepted(found)


def test_16_clients_at_once_do_not_see_each_other(world: World) -> None:
    parties = [world.register(scope=f"scope{number}") for number in range(RACERS)]
    unlimited = World(world.backend, clock=world.clock, scopes={})
    for _ in range(ROUNDS):
        calls = [lambda party=party: unlimited.client_credentials(party) for party in parties]

        answers = _race(calls)

        scopes = [answer.json["scope"] for answer in answers]
        assert scopes == [f"scope{number}" for number in range(RACERS)]
        assert unlimited.server._seen.get() is None
