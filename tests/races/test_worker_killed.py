"""One worker of two is killed amid races, and replaced while who heard nothing asks again."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pytest

from oauthstore_core.oauth2.management import live_grants
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.application import open_server
from oauthstore_core.settings import Settings

from ..live.figures import Report, Tally
from ..live.oauth import Party, refresh_form
from ..live.wire import Answer, Connection, Volley, form_request, wait_until_accepting
from ..server.test_hostile import BODIES
from .stage import RACERS, Stage, register

pytestmark = pytest.mark.race

ROUNDS = 15
#: Seconds between two requests' releases, at most: the kill then meets requests at every stage.
SPACING = 0.002
#: Seconds in which the worker that is gone is missed.
PATIENCE = 60


class Alone:
    """Sixteen requests of a client of the race's own: all its grants are the race's doing."""

    def __init__(self, stage: Stage, operator: AuthorizationServer) -> None:
        self.stage = stage
        self.client = register(stage.server)
        self.party = Party(stage.server, self.client)
        self._operator = operator
        self.successes = 0

    def fetch_code(self) -> dict[str, str]:
        return self.stage.browser.fetch_code(self.client.client_id).form()

    def fetch_family(self) -> dict[str, str]:
        return self.party.fetch_tokens(self.fetch_code())

    def signs_of_life(self, response: dict[str, str]) -> set[bool]:
        """Return whether the tokens of a response are worth something, wherever they are shown."""
        access, refresh = response["access_token"], response["refresh_token"]
        shown = (self.party.is_active(access), self.party.is_active(refresh))
        return {*shown, self.party.ask_resource(access) == 200}

    def grants(self) -> int:
        """Return how many of the client's grants are alive, those that nobody was told of, too."""
        return sum(1 for _ in live_grants(self._operator, self.client.client_id))


class CodeRace(Alone):
    """Of 16 presentations of a code at most one gets tokens, and they are dead."""

    def begin(self) -> list[bytes]:
        return [self.party.token_request(self.fetch_code())] * RACERS

    def judge(self, answers: list[Answer]) -> None:
        won = [answer.json for answer in answers if answer.status == 200]
        self.successes += len(won)

        assert len(won) <= 1
        assert sum(a.outcome == "400 invalid_grant" for a in answers) == RACERS - len(won)
        for response in won:
            assert self.signs_of_life(response) == {False}
        assert self.grants() == 0


class RefreshRace(Alone):
    """Of 16 refreshes within the grace all get one successor, which works."""

    def begin(self) -> list[bytes]:
        self._first = self.fetch_family()
        return [self.party.token_request(refresh_form(self._first["refresh_token"]))] * RACERS

    def judge(self, answers: list[Answer]) -> None:
        assert [answer.status for answer in answers] == [200] * RACERS
        assert len({answer.body for answer in answers}) == 1
        successor = answers[0].json
        self.successes += 1
        assert self.signs_of_life(successor) == {True}
        assert self.grants() == 1
        self.party.revoke(successor["refresh_token"])
        assert self.grants() == 0


class RevocationRace(Alone):
    """Of 15 refreshes and a revoke nothing is alive once the revoke was answered."""

    def begin(self) -> list[bytes]:
        self._first = self.fetch_family()
        token = self._first["refresh_token"]
        refresh = self.party.token_request(refresh_form(token))
        return [self.party.revocation_request(token), *[refresh] * (RACERS - 1)]

    def judge(self, answers: list[Answer]) -> None:
        won = [answer.json for answer in answers[1:] if answer.status == 200]
        self.successes += len(won)

        assert answers[0].status == 200
        assert {a.outcome for a in answers[1:]} <= {"200", "400 invalid_grant"}
        for response in (self._first, *won):
            assert self.signs_of_life(response) == {False}
        assert self.grants() == 0


class HostileRace:
    """What nobody should send is answered as ever."""

    def __init__(self, stage: Stage) -> None:
        self._url = f"{stage.server.issuer}/token"
        self._bodies = list(BODIES.values())

    def begin(self) -> list[bytes]:
        head = form_request(self._url, {}).partition(b"Content-Length")[0]
        return [
            b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
            for body in random.choices(self._bodies, k=RACERS)  # noqa: S311 - no secret
        ]

    def judge(self, answers: list[Answer]) -> None:
        for answer in answers:
            assert answer.status in {400, 401}
            assert answer.json["error"].startswith(("invalid_", "unsupported_"))


Game: TypeAlias = CodeRace | RefreshRace | RevocationRace


@pytest.fixture
def stage(open_stage: Callable[..., Stage]) -> Stage:
    """Return a stage whose grace outlasts the replacement of a worker."""
    return open_stage(reuse_grace=60)


@pytest.fixture
def games(stage: Stage, operator: AuthorizationServer) -> Iterator[list[Game]]:
    found = [race(stage, operator) for race in (CodeRace, RefreshRace, RevocationRace)]
    yield found
    for game in found:
        game.party.close()


@pytest.fixture
def operator(stage: Stage) -> Iterator[AuthorizationServer]:
    server = open_server(Settings.load(stage.server.config))
    with server.stores:
        yield server


def test_every_race_keeps_its_rule_while_a_worker_is_killed_and_replaced(
    stage: Stage, games: list[Game], report: Report
) -> None:
    bystander = stage.fetch_family()
    races = [*games, HostileRace(stage)]
    tally = Tally("One worker killed amid races of codes, refreshes, revokes and hostile input")
    lost = 0
    for _ in range(ROUNDS):
        requests = [race.begin() for race in races]
        answers, unheard = _fire_and_kill(stage, [r for part in requests for r in part])
        tally.add(answers)
        lost += unheard
        for party in (stage.party, *(game.party for game in games)):
            party.close()  # it may have been with the worker
        for number, race in enumerate(races):
            race.judge(answers[number * RACERS : (number + 1) * RACERS])

    stage.assert_alive(bystander)
    assert all(game.successes for game in games)
    assert 0 < lost < ROUNDS * RACERS * len(races)
    report(tally.line(f"{lost} connections died with their worker, and asked again"))


def _fire_and_kill(stage: Stage, requests: list[bytes]) -> tuple[list[Answer], int]:
    """Return the answers and how many requests had to be sent twice: a worker dies meanwhile.

    Return once it is replaced.
    """
    pids = stage.server.worker_pids()
    victim = random.choice(pids)  # noqa: S311 - no secret
    volley = Volley(stage.server.address, pids, len(requests))
    try:
        heard = volley.fire_to_the_death(requests, SPACING, lambda: os.kill(victim, signal.SIGKILL))
    finally:
        volley.close()
    unheard = [number for number, answer in enumerate(heard) if answer is None]
    with ThreadPoolExecutor(len(requests)) as pool:
        again = pool.map(lambda number: _ask(stage, requests[number]), unheard)
        second = dict(zip(unheard, again, strict=True))
    _wait_until_replaced(stage, set(pids))
    return [answer or second[number] for number, answer in enumerate(heard)], len(unheard)


def _ask(stage: Stage, request: bytes) -> Answer:
    """Return the answer, on a connection of the request's own."""
    connection = Connection(stage.server.address)
    try:
        return connection.exchange(request)
    finally:
        connection.close()


def _wait_until_replaced(stage: Stage, before: set[int]) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        now = stage.server.worker_pids()
        fresh = set(now) - before
        if fresh and len(now) == stage.server.workers:
            wait_until_accepting(stage.server.address, fresh.pop())
            return
        time.sleep(0.01)
    raise AssertionError("The worker was not replaced.")
