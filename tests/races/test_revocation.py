from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from oauthstore_core.oauth2.management import delete_client
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.application import open_server
from oauthstore_core.settings import Settings

from ..live.figures import Report, Tally
from ..live.oauth import Party, refresh_form
from ..live.server import TestClient
from ..live.wire import Answer
from .stage import RACERS, Stage, register

pytestmark = pytest.mark.race

DELETIONS = 20
FORM = {"grant_type": "client_credentials", "scope": "profile"}
#: Seconds between two requests' releases, at most: a revoke then meets refreshes at every stage.
SPACING = 0.002


def test_a_refresh_that_races_a_revoke_leaves_nothing_alive(stage: Stage, report: Report) -> None:
    bystander = stage.fetch_family()
    tally = Tally("15 refreshes and a revoke at once")
    met = 0
    for number in range(stage.rounds):
        first = stage.fetch_family()
        revoked = first["refresh_token"]
        refresh = stage.party.token_request(refresh_form(revoked))
        revoke = stage.party.revocation_request(revoked)
        answers = stage.race([revoke, *[refresh] * (RACERS - 1)], spacing=number % 2 * SPACING)
        tally.add(answers)
        won = [answer.json for answer in answers[1:] if answer.status == 200]
        lost = [answer.outcome for answer in answers[1:] if answer.status != 200]
        met += bool(won and lost)

        assert answers[0].status == 200
        assert set(lost) <= {"400 invalid_grant"}
        for response in (first, *won):
            stage.assert_dead(response)
            again = stage.party.ask_token(refresh_form(response["refresh_token"]))
            assert again.outcome == "400 invalid_grant"

    stage.assert_alive(bystander)
    assert met > 0
    report(tally.line(f"the revoke came between in {met} rounds, nothing alive after it"))


def test_client_credentials_that_race_the_deletion_of_their_client_leave_nothing_alive(
    stage: Stage, report: Report
) -> None:
    warden = Party(stage.server, register(stage.server, "--resource-server"))
    tally = Tally("16 client_credentials and the deletion of their client at once")
    operator = open_server(Settings.load(stage.server.config))
    with operator.stores:
        for _ in range(DELETIONS):
            condemned = Party(stage.server, _register(operator))
            request = condemned.token_request(FORM)
            answers = _race_deletion(stage, operator, condemned.client_id, [request] * RACERS)
            tally.add(answers)

            assert {answer.outcome for answer in answers} <= {"200", "401 invalid_client"}
            for answer in answers:
                if answer.status == 200:
                    token = answer.json["access_token"]
                    assert not warden.is_active(token)
                    assert stage.party.ask_resource(token) == 401
            assert condemned.ask_token(FORM).outcome == "401 invalid_client"
            condemned.close()
    assert warden.is_active(warden.fetch_tokens(FORM)["access_token"])
    warden.close()
    report(tally.line("nothing alive after the deletion"))


def _register(operator: AuthorizationServer) -> TestClient:
    made = register_client(
        operator.stores.clients,
        {"grant_types": ["client_credentials"], "scope": "profile"},
        key_ring=operator.key_ring,
        clock=operator.clock,
    )
    return TestClient(made.client.client_id, made.client_secret)


def _race_deletion(
    stage: Stage, operator: AuthorizationServer, client_id: str, requests: list[bytes]
) -> list[Answer]:
    """Return the answers to requests in the midst of which the client is deleted."""
    begun = threading.Event()

    def delete() -> None:
        begun.wait()
        delete_client(operator, client_id)

    with ThreadPoolExecutor(1) as executor:
        deletion = executor.submit(delete)
        answers = stage.race(requests, SPACING, meanwhile=begun.set)
        deletion.result()
    return answers
