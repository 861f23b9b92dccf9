"""Security checklist rows 22, 33, 34: who learns what of a token (RFC 7662)."""

from __future__ import annotations

import pytest

from oauthstore_core.digests import digest, generate_handle
from oauthstore_core.records import Grant, Token

from .world import ISSUER, NOW, Party, World, basic, form_request

INACTIVE = b'{"active":false}'


def test_row_33_a_client_learns_of_its_own_access_token(world: World) -> None:
    party = world.register()
    token = world.issue(party)["access_token"]

    answer = world.introspect(party, token)

    assert answer.json == {
        "active": True,
        "client_id": party.client_id,
        "scope": "profile email",
        "sub": "alice",
        "exp": NOW + 3600,
        "iat": NOW,
        "iss": ISSUER,
        "token_type": "Bearer",
    }


def test_row_33_a_client_learns_of_its_own_refresh_token(world: World) -> None:
    party = world.register()
    token = world.issue(party)["refresh_token"]

    claims = world.introspect(party, token).json

    assert claims["active"] is True
    assert "token_type" not in claims
    assert claims["exp"] == NOW + 30 * 24 * 3600


def test_row_22_an_introspection_answer_is_not_stored(world: World) -> None:
    answer = world.introspect(world.register(), "unknown")

    assert answer.headers == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "pragma": "no-cache",
    }


def test_row_33_another_client_learns_nothing(world: World) -> None:
    party, other = world.register(), world.register()
    tokens = world.issue(party)

    for name in ("access_token", "refresh_token"):
        answer = world.introspect(other, tokens[name])
        assert (answer.status, answer.response.body) == (200, INACTIVE)


def test_row_33_a_resource_server_learns_of_everybody_s_access_tokens(world: World) -> None:
    party, resource_server = world.register(), world.register(resource_server=True)
    tokens = world.issue(party)

    claims = world.introspect(resource_server, tokens["access_token"]).json

    assert claims["active"] is True
    assert claims["client_id"] == party.client_id


def test_row_34_a_resource_server_cannot_take_a_refresh_token_for_an_access_token(
    world: World,
) -> None:
    party, resource_server = world.register(), world.register(resource_server=True)
    token = world.issue(party)["refresh_token"]

    assert world.introspect(resource_server, token).response.body == INACTIVE


def test_row_33_a_public_client_cannot_introspect(world: World) -> None:
    public = world.register_public()
    token = world.issue(public)["access_token"]

    answer = world.introspect(public, token)

    assert answer.outcome == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("headers", [{}, basic("nobody", "x"), {"Authorization": "Bearer x"}])
def test_row_33_nobody_introspects_without_authentication(
    world: World, headers: dict[str, str]
) -> None:
    request = form_request("/introspect", {"token": "x"}, headers)

    response = world.server.create_endpoint_response("introspection", request)

    assert response.status == 401


def test_row_33_a_token_that_is_worth_nothing_is_inactive_and_no_more(world: World) -> None:
    party = world.register()
    expired, revoked, rotated = world.issue(party), world.issue(party), world.issue(party)
    world.revoke(party, revoked["refresh_token"])
    world.refresh(party, rotated["refresh_token"])
    world.clock.advance(3600)

    worthless = [
        *(expired["access_token"], revoked["access_token"], revoked["refresh_token"]),
        *(rotated["refresh_token"], rotated["refresh_token"] + "x", "unknown", "rt_x", "é"),
    ]

    assert {world.introspect(party, token).response.body for token in worthless} == {INACTIVE}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "'", "é"])
def test_row_31_any_hint_is_ignored(world: World, hint: str) -> None:
    party = world.register()
    tokens = world.issue(party)

    for name in ("access_token", "refresh_token"):
        assert world.introspect(party, tokens[name], token_type_hint=hint).json["active"] is True


def test_without_a_token_the_request_is_invalid(world: World) -> None:
    party = world.register()

    assert world.introspect(party, "").outcome == (400, "invalid_request")
    assert world.revoke(party, "").outcome == (400, "invalid_request")


@pytest.mark.parametrize("name", ["revocation", "introspection"])
def test_row_17_only_posts_are_taken(world: World, name: str) -> None:
    party = world.register()
    request = form_request("/", {"token": "x", **party.form}, party.headers)
    request.method = "GET"

    assert world.server.create_endpoint_response(name, request).status == 400
    assert world.server.create_token_response(request).status == 400


def _oauth1_token(world: World, party: Party) -> str:
    token = generate_handle()
    grant = Grant("oauth1-grant", party.client_id, "alice", granted_at=NOW)
    world.stores.tokens.save_token(grant, [Token(digest(token), "oauth1", NOW)])
    return token


def test_row_34_an_oauth_1_token_without_its_signature_is_worth_nothing(world: World) -> None:
    party, resource_server = world.register(), world.register(resource_server=True)
    token = _oauth1_token(world, party)

    assert not world.is_accepted(token)
    assert world.introspect(party, token).response.body == INACTIVE
    assert world.introspect(resource_server, token).response.body == INACTIVE


def test_row_34_an_oauth_1_token_cannot_be_revoked_through_oauth_2(world: World) -> None:
    party = world.register()
    token = _oauth1_token(world, party)

    assert world.revoke(party, token).status == 200
    issued = world.stores.tokens.query_token(digest(token))
    assert issued is not None
    assert issued.token.state.value == "active"
