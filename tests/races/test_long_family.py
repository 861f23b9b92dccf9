from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..live.figures import Report, percentiles
from ..live.oauth import refresh_form
from .stage import Stage

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]

ROTATIONS = 10_000
SAMPLE = 200


def test_a_family_of_10000_rotations_costs_what_a_fresh_one_costs_and_knows_its_third_token(
    stage: Stage, report: Report
) -> None:
    family = _Family(stage)
    family.rotate(SAMPLE)
    grown = count_rows(stage.server.database)
    family.rotate(ROTATIONS - SAMPLE)

    # Not a row more than after its first rotations, however many came since.
    assert count_rows(stage.server.database) == grown

    fresh = _Family(stage)
    for _ in range(SAMPLE):
        fresh.rotate(1)
        family.rotate(1)
    family.rotate(1)
    stage.assert_alive(family.response)
    answer = stage.party.ask_token(refresh_form(family.refresh_tokens[2]))
    assert answer.outcome == "400 invalid_grant"
    stage.assert_dead(family.response)
    report(
        f"A family of {ROTATIONS} rotations, in turn with a fresh one: "
        f"{percentiles(family.seconds[ROTATIONS:])}; the fresh one: {percentiles(fresh.seconds)}; "
        "not a row more since its 200th; its third token revoked it"
    )


class _Family:
    """A family that is rotated again and again, as its client does it."""

    def __init__(self, stage: Stage) -> None:
        self._party = stage.party
        self.response = stage.fetch_family()
        self.refresh_tokens = [self.response["refresh_token"]]
        self.seconds: list[float] = []

    def rotate(self, times: int) -> None:
        for _ in range(times):
            answer = self._party.ask_token(refresh_form(self.refresh_tokens[-1]))
            assert answer.status == 200, answer.outcome
            self.response = answer.json
            self.refresh_tokens.append(self.response["refresh_token"])
            self.seconds.append(answer.seconds)


def count_rows(database: Path) -> int:
    """Return how many rows all tables have together."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = [name for (name,) in tables]
        return sum(
            connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for name in names
        )
