from __future__ import annotations

import pytest

from ..live.figures import Report, Tally
from .stage import RACERS, Stage

pytestmark = pytest.mark.race


def test_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead(
    stage: Stage, report: Report
) -> None:
    bystander = stage.fetch_family()
    tally = Tally("One code, 16 times at once")
    for _ in range(stage.rounds):
        code = stage.browser.fetch_code(stage.client.client_id)
        answers = stage.race([stage.party.token_request(code.form())] * RACERS)
        tally.add(answers)
        won = [answer.json for answer in answers if answer.status == 200]

        assert len(won) <= 1
        assert sum(a.outcome == "400 invalid_grant" for a in answers) == RACERS - len(won)
        for response in won:
            stage.assert_dead(response)
            assert _refresh(stage, response) == "400 invalid_grant"

    stage.assert_alive(bystander)
    assert _refresh(stage, bystander) == "200"
    report(tally.line("nothing alive afterwards"))


def _refresh(stage: Stage, response: dict[str, str]) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": response["refresh_token"]}
    return stage.party.ask_token(form).outcome
