"""Many threads at once, on one server: one decision, one nonce, one exchange.

The races against worker processes over HTTP are in `tests/races`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from authlib.oauth1.rfc5849.errors import InvalidTokenError, OAuth1Error

from oauthstore_core.oauth2.resource_owner import ResourceOwner
from oauthstore_core.testing.races import RACERS, race, rounds

from .signer import Signer
from .world import ALICE, NOW, RESOURCE, TOKEN, Answer, World, with_token


def decide(world: World, temporary: Signer, user: ResourceOwner | None) -> Callable[[], object]:
    def attempt() -> object:
        try:
            return world.authorize(temporary, user)
        except InvalidTokenError:
            return None

    return attempt


def test_of_16_decisions_one_counts(world: World) -> None:
    signer = world.register()
    users = [*(ResourceOwner(f"user-{number}") for number in range(RACERS - 4)), *[None] * 4]
    for _ in range(rounds()):
        temporary = world.begin(signer)

        answers = race([decide(world, temporary, user) for user in users])

        won = [(user, found) for user, found in zip(users, answers, strict=True) if found]
        assert len(won) == 1
        ((user, answer),) = won
        assert isinstance(answer, Answer)
        if user is None:
            assert world.exchange(temporary, "guessed").status == 401
        else:
            exchanged = world.exchange(temporary, answer.form["oauth_verifier"])
            assert world.fetch(with_token(temporary, exchanged)).subject == user.subject


def test_of_16_identical_requests_one_passes(world: World) -> None:
    token = world.issue(world.register())
    for _ in range(rounds()):
        asked = token.sign("GET", RESOURCE, NOW)

        refused = Counter(race([lambda asked=asked: world.refusal(asked)] * RACERS))

        assert refused == {None: 1, (401, "invalid_nonce"): RACERS - 1}


def test_of_16_identical_exchanges_one_gets_token_credentials_and_they_live(world: World) -> None:
    exchange_identically(world)


def exchange_identically(world: World) -> None:
    signer = world.register()
    for _ in range(rounds()):
        temporary = world.begin(signer)
        asked = temporary.sign("POST", TOKEN, NOW, oauth_verifier=world.verifier(temporary))

        answers = race([lambda asked=asked: world.send(asked)] * RACERS)

        won = [each for each in answers if isinstance(each, Answer) and each.status == 200]
        lost = [each.outcome for each in answers if isinstance(each, Answer) and each not in won]
        assert lost == [(401, "invalid_nonce")] * (RACERS - 1)
        assert world.is_alive(with_token(signer, won[0]))


def test_of_16_exchanges_at_most_one_gets_token_credentials_and_they_are_dead(
    world: World,
) -> None:
    exchange_differently(world)


def exchange_differently(world: World) -> None:
    signer = world.register()
    for _ in range(rounds()):
        temporary = world.begin(signer)
        verifier = world.verifier(temporary)

        answers = race([lambda t=temporary, v=verifier: world.exchange(t, v)] * RACERS)

        outcomes = [each.outcome for each in answers if isinstance(each, Answer)]
        assert outcomes.count((200, None)) <= 1
        assert set(outcomes) <= {(200, None), (401, "invalid_token")}
        for each in answers:
            if isinstance(each, Answer) and each.status == 200:
                assert not world.is_alive(with_token(signer, each))


@pytest.mark.parametrize("whole", [True, False])
def test_no_exchange_outlives_a_revocation_that_it_races(world: World, *, whole: bool) -> None:
    signer = world.register()
    subject = None if whole else ALICE.subject

    def revoke() -> int:
        return world.server.revoke_all(client_id=signer.client_id, subject=subject)

    for _ in range(rounds()):
        world.clock.advance(10)
        pairs = [(each := world.begin(signer), world.verifier(each)) for _ in range(RACERS - 1)]
        calls: list[Callable[[], object]] = [
            lambda t=temporary, v=verifier: world.exchange(t, v) for temporary, verifier in pairs
        ]
        calls.insert(RACERS // 2, revoke)

        answers = race(calls)

        for each in answers:
            if isinstance(each, Answer):
                assert each.outcome in {(200, None), (401, "invalid_token")}
                if each.status == 200:
                    assert not world.is_alive(with_token(signer, each))


def test_a_denial_that_races_an_exchange_of_nothing_is_final(world: World) -> None:
    temporary = world.begin(world.register())
    race([decide(world, temporary, None)] * RACERS)

    with pytest.raises(OAuth1Error):
        world.authorize(temporary)
