from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from ..live.figures import Report
from ..live.oauth import Party, refresh_form
from .ledger import Ledger, check
from .stage import Stage

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]

CRASHES = 6
#: Threads of each kind of load.
CLIENTS = 3
CODES = 8
#: Seconds between two codes, and two rotations.
PAUSE = 0.04
FORM = {"grant_type": "client_credentials", "scope": "profile"}


def test_what_was_acknowledged_survives_a_kill_and_nothing_works_twice_after_it(
    open_stage: Callable[..., Stage], report: Report
) -> None:
    # A lost answer is asked for again after the restart, which may take a while.
    stage = open_stage(reuse_grace=60)
    told = Counter[str]()
    for _ in range(CRASHES):
        ledger = _crash_under_load(stage)
        assert set(ledger.statuses) == {200}
        told += check(stage, ledger)
    stage.close()

    assert told["tokens"] > 0
    figures = ", ".join(f"{number} {what}" for what, number in told.most_common())
    report(f"{CRASHES} x kill -9 of both workers under load: {figures}; no 5xx, nothing lost")


def _crash_under_load(stage: Stage) -> Ledger:
    """Load the server, kill it in the midst, start it again; return what was told."""
    ledger = Ledger()
    codes = [stage.browser.fetch_code(stage.client.client_id).form() for _ in range(CODES)]
    families = [stage.fetch_family() for _ in range(CLIENTS)]
    loads: list[threading.Thread] = []

    def load(work: Callable[..., None], *arguments: object) -> None:
        party = Party(stage.server, stage.client)
        loads.append(threading.Thread(target=_until_killed, args=(work, ledger, party, *arguments)))

    load(_redeem, codes)
    for family in families:
        load(_rotate, family)
    for _ in range(CLIENTS):
        load(_issue_and_revoke)
    for thread in loads:
        thread.start()
    time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - the kill meets anything
    stage.server.kill()
    for thread in loads:
        thread.join()
    stage.party.close()
    stage.server.start()
    return ledger


def _until_killed(work: Callable[..., None], ledger: Ledger, party: Party, *more: object) -> None:
    # A connection that broke is the kill's doing, an answer with 5xx the server's.
    with closing(party), suppress(OSError, http.client.HTTPException):
        work(ledger, party, *more)


def _redeem(ledger: Ledger, party: Party, codes: list[dict[str, str]]) -> None:
    for form in codes:
        ledger.unknown_codes.append(form)
        answer = party.ask_token(form)
        ledger.unknown_codes.remove(form)
        ledger.statuses[answer.status] += 1
        ledger.redeemed.append((form, answer.json))
        time.sleep(PAUSE)


def _rotate(ledger: Ledger, party: Party, response: dict[str, str]) -> None:
    place = len(ledger.latest)
    ledger.latest.append(response)
    while True:
        spent = ledger.latest[place]["refresh_token"]
        answer = party.ask_token(refresh_form(spent))
        ledger.statuses[answer.status] += 1
        ledger.latest[place] = answer.json
        ledger.rotated.append(spent)
        time.sleep(PAUSE)


def _issue_and_revoke(ledger: Ledger, party: Party) -> None:
    while True:
        token = party.fetch_tokens(FORM)["access_token"]
        ledger.statuses[200] += 1
        if random.random() < 0.5:  # noqa: S311 - no secret
            ledger.issued.append(token)
        else:
            party.revoke(token)
            ledger.revoked.append(token)
