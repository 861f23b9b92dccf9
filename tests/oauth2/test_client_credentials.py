"""The client acts for itself; a revocation just before it does not lock it out (law 4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from oauthstore_core.errors import WouldBlockError
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.oauth2.clients import ClientRecord
from oauthstore_core.oauth2.management import delete_client
from oauthstore_core.testing.clock import FakeClock

from .asgi import post_form
from .world import NOW, Party, World


class _InterveningClock(FakeClock):
    """Lets something happen while the server waits for a fence."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.meanwhile: Callable[[], object] = lambda: None
        self.waits = 0

    def wait_until(self, moment: int) -> None:
        self.waits += 1
        self.meanwhile()
        super().wait_until(moment)


def test_a_client_gets_an_access_token_and_no_refresh_token(world: World) -> None:
    answer = world.client_credentials(world.register())

    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.json["expires_in"] == 3600
    assert answer.headers["cache-control"] == "no-store"


def test_row_36_its_token_names_no_subject(world: World) -> None:
    party = world.register(client_id="alice")
    token = world.client_credentials(party).json["access_token"]

    claims = world.introspect(party, token).json

    assert "sub" not in claims
    assert world.server.revoke_all(subject="alice") == 0
    assert world.is_accepted(token)


@pytest.mark.parametrize(
    ("scope", "granted"), [("profile", "profile"), ("email profile", "email profile")]
)
def test_row_26_scope_is_what_was_asked(world: World, scope: str, granted: str) -> None:
    assert world.client_credentials(world.register(), scope=scope).json["scope"] == granted


@pytest.mark.parametrize("scope", ["admin", "profile admin", "unknown", " ", "profile\temail", '"'])
def test_row_26_scope_that_is_not_registered_is_refused(world: World, scope: str) -> None:
    answer = world.client_credentials(world.register(), scope=scope)

    assert answer.outcome == (400, "invalid_scope")


def test_row_18_a_public_client_has_no_credentials(world: World) -> None:
    public = world.register_public()

    assert world.client_credentials(public).outcome == (401, "invalid_client")


def test_row_8_a_client_without_the_grant_type_is_unauthorized(world: World) -> None:
    party = world.register(grant_types=["authorization_code"])

    assert world.client_credentials(party).outcome == (400, "unauthorized_client")


@pytest.mark.parametrize(("age", "alive"), [(3599, True), (3600, False)])
def test_row_57_its_token_is_expired_at_its_end(world: World, age: int, *, alive: bool) -> None:
    token = world.client_credentials(world.register()).json["access_token"]
    world.clock.advance(age)

    assert world.is_accepted(token) is alive


def test_right_after_a_revocation_the_server_waits_past_the_fence(world: World) -> None:
    party = world.register()
    world.server.revoke_all(client_id=party.client_id)

    answer = world.client_credentials(party)

    assert answer.status == 200
    assert world.clock.now() > NOW + world.settings.clock_skew
    assert world.is_accepted(answer.json["access_token"])


def _waiting(world: World) -> tuple[World, _InterveningClock, Party]:
    clock = _InterveningClock(NOW)
    waiting = World(world.backend, clock=clock)
    party = waiting.register()
    waiting.server.revoke_all(client_id=party.client_id)
    return waiting, clock, party


def test_no_more_than_eight_requests_wait_for_a_fence_at_once(world: World) -> None:
    waiting, clock, party = _waiting(world)
    answers = []

    def ask_again() -> None:
        if clock.waits < 20:
            answers.append(waiting.client_credentials(party))

    clock.meanwhile = ask_again
    waiting.client_credentials(party)

    assert clock.waits == 8
    assert answers[0].outcome == (503, "temporarily_unavailable")


def test_a_client_that_is_deleted_meanwhile_gets_nothing(world: World) -> None:
    waiting, clock, party = _waiting(world)
    clock.meanwhile = lambda: delete_client(waiting.server, party.client_id)

    assert waiting.client_credentials(party).outcome == (401, "invalid_client")


def test_a_client_that_is_deleted_once_it_was_read_gets_nothing_however_long_the_rest_takes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    party = world.register()
    read = world.server.query_client_anew

    def read_and_pause(client_id: str) -> ClientRecord | None:
        client = read(client_id)
        if client is not None:
            delete_client(world.server, client_id)
            world.clock.advance(30)
        return client

    monkeypatch.setattr(world.server, "query_client_anew", read_and_pause)

    assert world.client_credentials(party).outcome == (401, "invalid_client")


def test_a_client_whose_secret_is_taken_away_meanwhile_gets_nothing(world: World) -> None:
    waiting, clock, party = _waiting(world)

    def take_secret() -> None:
        stored = waiting.stores.clients.query_client(party.client_id)
        assert stored is not None
        payload = {**json.loads(stored.payload), "secret_digests": []}
        waiting.stores.clients.save_client(replace(stored, payload=json.dumps(payload)))

    clock.meanwhile = take_secret

    assert waiting.client_credentials(party).outcome == (401, "invalid_client")


def test_a_client_whose_scope_or_grant_type_is_taken_away_meanwhile_does_not_keep_it(
    world: World,
) -> None:
    waiting, clock, party = _waiting(world)
    clock.meanwhile = lambda: waiting.change(party, scope="email")
    narrowed = waiting.client_credentials(party)
    waiting.server.revoke_all(client_id=party.client_id)
    clock.meanwhile = lambda: waiting.change(party, grant_types=[])

    assert narrowed.json["scope"] == "email"
    assert waiting.client_credentials(party).outcome == (400, "unauthorized_client")


def test_a_client_that_is_revoked_again_and_again_is_refused_in_the_end(world: World) -> None:
    waiting, clock, party = _waiting(world)
    # Each revocation comes from a server whose clock is ahead.
    clock.meanwhile = lambda: waiting.stores.tokens.revoke_all(
        party.client_id, None, clock.now() + 10, clock.now() + 1000
    )

    assert waiting.client_credentials(party).outcome == (503, "temporarily_unavailable")
    assert clock.waits == 3


class _EventLoopClock(FakeClock):
    """Refuses to wait the first time, as on an event loop."""

    refused = 0

    def wait_until(self, moment: int) -> None:
        if not self.refused:
            self.refused += 1
            raise WouldBlockError
        super().wait_until(moment)


def test_on_an_event_loop_the_request_is_run_again_in_a_thread() -> None:
    clock = _EventLoopClock(NOW)
    world = World(clock=clock)
    party = world.register()
    world.server.revoke_all(client_id=party.client_id)
    routes = {"/token": {"POST": world.server.create_token_response}}

    answer = post_form(
        Application(routes, blocking=False),
        "/token",
        {"grant_type": "client_credentials"},
        party.headers,
    )

    assert answer.status == 200
    assert clock.refused == 1
    assert world.is_accepted(answer.json["access_token"])
