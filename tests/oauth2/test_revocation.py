"""Security checklist rows 31 and 32: revocation (RFC 7009)."""

from __future__ import annotations

import pytest

from oauthstore_core.oauth2.endpoints import query_handle
from oauthstore_core.oauth2.management import delete_client, revoke_handle

from .world import Party, World


def test_row_31_revoking_an_access_token_takes_that_token_only(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    answer = world.revoke(party, tokens["access_token"])

    assert (answer.status, answer.json) == (200, {})
    assert answer.headers["cache-control"] == "no-store"
    assert not world.is_accepted(tokens["access_token"])
    assert world.refresh(party, tokens["refresh_token"]).status == 200


def test_row_31_revoking_a_refresh_token_takes_the_grant(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    assert world.revoke(party, tokens["refresh_token"]).status == 200
    assert not world.is_alive(tokens, party)


def test_row_31_revoking_an_old_refresh_token_takes_the_grant(world: World) -> None:
    party = world.register()
    first = world.issue(party)
    second = world.refresh(party, first["refresh_token"]).json

    assert world.revoke(party, first["refresh_token"]).status == 200
    assert not world.is_alive(second, party)


def test_row_31_by_setting_an_access_token_takes_the_grant(world: World) -> None:
    wide = World(world.backend, clock=world.clock, revoke_access_token_revokes_grant=True)
    party = wide.register()
    tokens = wide.issue(party)

    assert wide.revoke(party, tokens["access_token"]).status == 200
    assert not wide.is_alive(tokens, party)


@pytest.mark.parametrize("token", ["unknown", "rt_x", "rt_" + "f" * 22 + ".s", "é", "$ne"])
def test_row_31_an_unknown_token_is_200(world: World, token: str) -> None:
    answer = world.revoke(world.register(), token)

    assert (answer.status, answer.response.body) == (200, b"{}")


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unknown", '"', "é"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_row_31_a_token_is_found_whatever_the_hint(world: World, name: str, hint: str) -> None:
    party = world.register()
    tokens = world.issue(party)

    assert world.revoke(party, tokens[name], token_type_hint=hint).status == 200
    assert not world.is_accepted(tokens["access_token"])


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_row_31_another_client_s_token_is_refused_and_lives_on(world: World, name: str) -> None:
    party, thief, public = world.register(), world.register(), world.register_public()
    tokens = world.issue(party)

    assert world.revoke(thief, tokens[name]).outcome == (400, "invalid_grant")
    assert world.revoke(public, tokens[name]).outcome == (400, "invalid_grant")
    assert world.is_accepted(tokens["access_token"])
    assert world.refresh(party, tokens["refresh_token"]).status == 200


def test_row_31_a_resource_server_may_look_and_not_touch(world: World) -> None:
    party, resource_server = world.register(), world.register(resource_server=True)
    tokens = world.issue(party)

    answer = world.revoke(resource_server, tokens["access_token"])

    assert answer.outcome == (400, "invalid_grant")


def test_row_31_a_public_client_may_revoke_its_own(world: World) -> None:
    public = world.register_public()
    tokens = world.issue(public)

    assert world.revoke(public, tokens["refresh_token"]).status == 200
    assert not world.is_alive(tokens, public)


def test_row_31_revoking_twice_is_200(world: World) -> None:
    party = world.register()
    token = world.issue(party)["refresh_token"]

    assert [world.revoke(party, token).status for _ in range(2)] == [200, 200]


def test_row_31_revoking_needs_the_client_s_authentication(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    answer = world.revoke(Party(party.client_id), tokens["access_token"])

    assert answer.outcome == (401, "invalid_client")
    assert world.is_accepted(tokens["access_token"])


def test_row_32_revoking_everything_of_a_user_ends_all_that_is_theirs(world: World) -> None:
    one, two = world.register(), world.register_public()
    tokens = [world.issue(one), world.issue(two)]
    own = world.client_credentials(one).json

    assert world.server.revoke_all(subject="alice") == 2
    assert not world.is_alive(tokens[0], one)
    assert not world.is_alive(tokens[1], two)
    assert world.is_accepted(own["access_token"])


def test_row_32_deleting_a_client_ends_all_that_is_its(world: World) -> None:
    party = world.register()
    tokens, code = world.issue(party), world.code(party)

    assert delete_client(world.server, party.client_id) == 1
    assert not world.is_accepted(tokens["access_token"])
    assert world.redeem(party, code).outcome == (401, "invalid_client")
    assert delete_client(world.server, party.client_id) is None


def test_an_operator_can_look_at_a_token_and_revoke_it(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    found = query_handle(world.server, tokens["access_token"])
    revoked = revoke_handle(world.server, tokens["refresh_token"])

    assert found is not None
    assert (found.client_id, found.subject) == (party.client_id, "alice")
    assert revoked is not None
    assert not world.is_alive(tokens, party)
    assert revoke_handle(world.server, "unknown") is None
