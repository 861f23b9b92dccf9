from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from ..live.figures import Report
from ..live.oauth import Party, refresh_form
from .stage import Stage

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]

CRASHES = 6
#: Threads of each kind of load.
CLIENTS = 3
CODES = 8
#: Seconds between two codes, and two rotations.
PAUSE = 0.04
FORM = {"grant_type": "client_credentials", "scope": "profile"}


@dataclass
class Ledger:
    """What clients were told, and what they asked without hearing an answer."""

    #: Access tokens that were issued, and not revoked.
    issued: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    #: Refresh tokens that are spent, and each family's latest response.
    rotated: list[str] = field(default_factory=list)
    latest: list[dict[str, str]] = field(default_factory=list)
    #: Forms of codes that were redeemed, with the answer, and of those whose answer was lost.
    redeemed: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    unknown_codes: list[dict[str, str]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def test_what_was_acknowledged_survives_a_kill_and_nothing_works_twice_after_it(
    open_stage: Callable[..., Stage], report: Report
) -> None:
    # A lost answer is asked for again after the restart, which may take a while.
    stage = open_stage(reuse_grace=60)
    told = Counter[str]()
    for _ in range(CRASHES):
        ledger = _crash_under_load(stage)
        told += _check(stage, ledger)
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


def _check(stage: Stage, ledger: Ledger) -> Counter[str]:
    """Hold the server that was started again to what the one before it told."""
    party = stage.party
    assert set(ledger.statuses) == {200}
    assert all(party.is_active(token) for token in ledger.issued)
    assert not any(party.is_active(token) for token in ledger.revoked)
    for _, response in ledger.redeemed:
        stage.assert_alive(response)
    for form, response in ledger.redeemed:
        assert party.ask_token(form).outcome == "400 invalid_grant"
        stage.assert_dead(response)
    for form in ledger.unknown_codes:
        outcomes = [party.ask_token(form).outcome for _ in range(2)]
        assert outcomes[0] in {"200", "400 invalid_grant"}
        assert outcomes[1] == "400 invalid_grant"
    lost = sum(_check_family(stage, response) for response in ledger.latest)
    for token in ledger.rotated:
        assert not party.is_active(token)
        assert party.ask_token(refresh_form(token)).outcome == "400 invalid_grant"
    for response in ledger.latest:
        stage.assert_dead(response)
    # The session outlives the server, and so does the key that it is sealed under.
    stage.browser.fetch_code(stage.client.client_id)
    return Counter(
        {
            "requests answered": ledger.statuses.total(),
            "tokens": len(ledger.issued) + len(ledger.redeemed),
            "revocations": len(ledger.revoked),
            "rotations": len(ledger.rotated),
            "codes redeemed": len(ledger.redeemed),
            "lost answers": lost + len(ledger.unknown_codes),
        }
    )


def _check_family(stage: Stage, latest: dict[str, str]) -> bool:
    """Try the refresh token that a client has: it works, or gives what was lost on the way.

    Tell whether an answer was lost.
    """
    party, form = stage.party, refresh_form(latest["refresh_token"])
    assert party.is_active(latest["access_token"])
    lost = not party.is_active(latest["refresh_token"])
    first = party.ask_token(form)
    assert first.status == 200, first.outcome
    stage.assert_alive(first.json)
    assert party.ask_token(form).body == first.body
    return lost
