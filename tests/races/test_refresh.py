from __future__ import annotations

import json

import pytest

from ..live.figures import Report, Tally
from ..live.oauth import refresh_form
from .stage import RACERS, Stage

pytestmark = pytest.mark.race


def test_within_the_grace_16_refreshes_get_one_and_the_same_successor(
    stage: Stage, report: Report
) -> None:
    bystander = stage.fetch_family()
    first = response = stage.fetch_family()
    tally = Tally("One refresh token within the grace, 16 times at once")
    for _ in range(stage.rounds):
        form = refresh_form(response["refresh_token"])
        answers = stage.race([stage.party.token_request(form)] * RACERS)
        tally.add(answers)

        assert {answer.status for answer in answers} == {200}
        (body,) = {answer.body for answer in answers}
        response = json.loads(body)
        stage.assert_alive(response)

    # The very first token, long past its grace, takes them all with it.
    assert stage.party.ask_token(refresh_form(first["refresh_token"])).status == 400
    stage.assert_dead(response)
    stage.assert_alive(bystander)
    report(tally.line(f"{stage.rounds} successors, each given {RACERS} times"))


def test_without_a_grace_one_refresh_of_16_succeeds_at_most_and_the_family_is_dead(
    strict_stage: Stage, report: Report
) -> None:
    stage = strict_stage
    bystander = stage.fetch_family()
    tally = Tally("One refresh token without a grace, 16 times at once")
    for _ in range(stage.rounds):
        first = stage.fetch_family()
        form = refresh_form(first["refresh_token"])
        answers = stage.race([stage.party.token_request(form)] * RACERS)
        tally.add(answers)
        won = [answer.json for answer in answers if answer.status == 200]

        assert len(won) <= 1
        assert sum(a.outcome == "400 invalid_grant" for a in answers) == RACERS - len(won)
        for response in (first, *won):
            stage.assert_dead(response)
            again = stage.party.ask_token(refresh_form(response["refresh_token"]))
            assert again.outcome == "400 invalid_grant"

    stage.assert_alive(bystander)
    assert tally.outcomes["200"] > 0
    report(tally.line("nothing alive afterwards"))
