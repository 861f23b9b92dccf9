"""Races over HTTP against a Flask application and a Django project, each in two processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..live.figures import Report, Tally
from .sites import AUTHLIB, EDGES, OwnSite, StoreSite
from .stage import FEW_ROUNDS, RACERS, ROUNDS

pytestmark = [
    pytest.mark.race,
    pytest.mark.timeout(900),
    pytest.mark.parametrize("edge", EDGES),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def own_site(edge: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnSite]:
    """Yield an application with its own models; on PostgreSQL the claims are there, too."""
    on_file = request.param == "sqlite"
    url = None if on_file else request.getfixturevalue("postgresql")
    with OwnSite(edge, tmp_path, database=url, claims=url) as site:
        yield site


def test_in_own_mode_one_presentation_of_a_code_wins(own_site: OwnSite, report: Report) -> None:
    tally = Tally(f"{own_site.name}: one code, 16 times at once")
    for number in range(1, ROUNDS + 1):
        tally.add(own_site.race(own_site.token_request(own_site.code())))

        assert own_site.count_tokens() == number

    assert tally.outcomes == {"200": ROUNDS, "400 invalid_grant": ROUNDS * (RACERS - 1)}
    report(tally.line())


def test_in_own_mode_one_rotation_of_a_refresh_token_wins(
    own_site: OwnSite, report: Report
) -> None:
    tally = Tally(f"{own_site.name}: one refresh token, 16 times at once")
    token = own_site.ask_token(own_site.code()).json()["refresh_token"]
    for number in range(1, ROUNDS + 1):
        answers = own_site.race(own_site.refresh_request(token))
        tally.add(answers)
        (token,) = [a.json["refresh_token"] for a in answers if a.status == 200]

        assert own_site.count_tokens() == number + 1

    assert tally.outcomes == {"200": ROUNDS, "400 invalid_grant": ROUNDS * (RACERS - 1)}
    report(tally.line())


def test_on_authlib_as_it_comes_several_win(edge: str, tmp_path: Path, report: Report) -> None:
    outcomes = Counter[str]()
    with OwnSite(edge, tmp_path, AUTHLIB) as site:
        for _ in range(FEW_ROUNDS):
            outcomes.update(a.outcome for a in site.race(site.token_request(site.code())))
        after_codes = site.count_tokens()
        for _ in range(FEW_ROUNDS):
            token = site.ask_token(site.code()).json()["refresh_token"]
            outcomes.update(a.outcome for a in site.race(site.refresh_request(token)))
        after_refreshes = site.count_tokens() - after_codes - FEW_ROUNDS

    assert after_codes > FEW_ROUNDS
    assert after_refreshes > FEW_ROUNDS
    counted = ", ".join(f"{n} x {outcome}" for outcome, n in outcomes.most_common())
    report(
        f"{edge} on Authlib: {FEW_ROUNDS} codes gave {after_codes} times tokens, "
        f"{FEW_ROUNDS} refresh tokens {after_refreshes} times; {counted}"
    )


@pytest.mark.parametrize("grace", [0, 10])
def test_in_store_mode_a_code_presented_16_times_gets_one_answer_at_most_and_it_is_dead(
    edge: str, tmp_path: Path, report: Report, grace: int
) -> None:
    tally = Tally(f"{edge}, store mode, grace {grace} s: one code, 16 times at once")
    with StoreSite(edge, tmp_path, grace) as site:
        site.register()
        bystander = site.ask_token(site.code()).json()["access_token"]
        for _ in range(ROUNDS):
            answers = site.race(site.token_request(site.code()))
            tally.add(answers)
            won = [answer.json["access_token"] for answer in answers if answer.status == 200]

            assert len(won) <= 1
            assert not any(site.is_accepted(token) for token in won)
        assert site.is_accepted(bystander)

    assert set(tally.outcomes) <= {"200", "400 invalid_grant"}
    assert tally.outcomes["200"] > 0
    report(tally.line("nothing alive afterwards"))


def test_in_store_mode_a_refresh_token_presented_16_times_within_the_grace_gets_one_answer(
    edge: str, tmp_path: Path, report: Report
) -> None:
    tally = Tally(f"{edge}, store mode: one refresh token, 16 times at once")
    with StoreSite(edge, tmp_path) as site:
        site.register()
        response = site.ask_token(site.code()).json()
        for _ in range(ROUNDS):
            answers = site.race(site.refresh_request(response["refresh_token"]))
            tally.add(answers)

            assert len({answer.body for answer in answers}) == 1
            response = answers[0].json
        assert site.is_accepted(response["access_token"])

    assert tally.outcomes == {"200": ROUNDS * RACERS}
    report(tally.line(f"{ROUNDS} successors"))
