"""Resource indicators (RFC 8707): from the request to the code, the grant and the token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oauthstore_core.backends import Backend
from oauthstore_core.digests import digest
from oauthstore_core.http import HttpRequest, HttpResponse
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth2.resource_indicators import InvalidTargetError, narrow_audience

from .asgi import post_form, send
from .world import ALICE, CALLBACK, SCOPE, VERIFIER, Party, World, bearer, code_query

API = "https://api.example.com"
MAIL = "https://mail.example.com/v1"
LEGACY = "urn:example:legacy"
RESOURCES = [API, MAIL, LEGACY]

MALFORMED = [
    *("https://unknown.example", API + "/", API.upper(), "api.example.com", "/v1", "//api", ":"),
    *(f"{API}#", f"{API}#part", f"{API} {MAIL}", f"{API},{MAIL}", f" {API}", f"{API}\r\nx: y"),
    *("https://bücher.example", "https://[::1", "\N{KEY}", '"', "\\", "x" * 70_000, "null", "*"),
]


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend, resources=RESOURCES)


def _audience(world: World, access_token: str) -> Sequence[str]:
    return world.protector.validate(bearer(access_token)).audience


def _stored(world: World, access_token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the decoded payloads of the grant and of the token."""
    issued = world.stores.tokens.query_token(digest(access_token))
    assert issued is not None
    return json.loads(issued.grant.payload), json.loads(issued.token.payload)


# --- the authorization endpoint ---


def test_what_the_code_was_asked_for_is_the_audience_of_its_token(world: World) -> None:
    tokens = world.issue(world.register(), resource=[API, LEGACY])

    assert _audience(world, tokens["access_token"]) == (API, LEGACY)


def test_a_request_without_resource_makes_tokens_for_none_in_particular(world: World) -> None:
    tokens = world.issue(world.register())

    assert _audience(world, tokens["access_token"]) == ()
    assert _stored(world, tokens["access_token"])[0].keys() == {"scope", "auth_time"}


def test_the_same_resource_twice_counts_once(world: World) -> None:
    tokens = world.issue(world.register(), resource=[API, MAIL, API])

    assert _audience(world, tokens["access_token"]) == (API, MAIL)


def test_an_empty_resource_counts_as_left_out(world: World) -> None:
    tokens = world.issue(world.register(), resource=["", API, ""])

    assert _audience(world, tokens["access_token"]) == (API,)


@pytest.mark.parametrize("value", MALFORMED, ids=ascii)
def test_a_resource_that_is_unknown_or_malformed_is_told_by_a_redirect(
    world: World, value: str
) -> None:
    party = world.register()

    for resource in (value, [API, value]):
        answer = world.authorize(party, resource=resource)
        assert answer.outcome == (302, "invalid_target")
        assert (answer.response.location or "").startswith(CALLBACK)
        assert answer.parameters["state"] == "xyz"
        assert "iss" in answer.parameters


def test_where_no_resource_is_configured_each_is_unknown() -> None:
    plain = World(MemoryBackend())
    party = plain.register()

    assert plain.authorize(party, resource=API).error == "invalid_target"
    assert plain.client_credentials(party, resource=API).outcome == (400, "invalid_target")


@pytest.mark.parametrize("change", [{"client_id": "nobody"}, {"redirect_uri": "https://evil"}])
def test_before_client_and_redirect_uri_are_known_a_bad_resource_never_redirects(
    world: World, change: dict[str, str]
) -> None:
    answer = world.authorize(world.register(), resource="x", **change)

    assert answer.response.location is None
    assert answer.error != "invalid_target"


def test_as_many_resources_as_a_request_can_hold_are_answered(world: World) -> None:
    party = world.register()
    unknown = [f"https://{number}.example" for number in range(90)]

    assert world.authorize(party, resource=[API] * 90).code
    assert world.authorize(party, resource=unknown).error == "invalid_target"
    assert world.authorize(party, resource=unknown * 2).outcome == (400, "invalid_request")
    assert world.client_credentials(party, resource=unknown).error == "invalid_target"


def test_the_consent_page_learns_which_resources_are_asked_for(world: World) -> None:
    query = code_query(world.register(), resource=[API, MAIL])

    grant = world.server.get_consent_grant(HttpRequest("GET", "/authorize", query_string=query))

    assert grant.resources == (API, MAIL)


# --- the token endpoint: a code ---


def test_a_token_request_may_narrow_the_audience_and_the_grant_keeps_it_all(world: World) -> None:
    party = world.register()
    code = world.code(party, resource=[API, MAIL, LEGACY])

    tokens = world.redeem(party, code, resource=[LEGACY, API]).json

    assert _audience(world, tokens["access_token"]) == (LEGACY, API)
    granted, own = _stored(world, tokens["access_token"])
    assert granted["resource"] == [API, MAIL, LEGACY]
    assert own["aud"] == [LEGACY, API]


def test_a_token_that_is_for_all_of_its_grant_does_not_repeat_it(world: World) -> None:
    party = world.register()
    code = world.code(party, resource=[API, MAIL])

    tokens = world.redeem(party, code, resource=[MAIL, API]).json

    assert _stored(world, tokens["access_token"])[1].keys() == {"scope"}


@pytest.mark.parametrize("resource", [LEGACY, [API, LEGACY], "https://unknown.example", "x#y", "é"])
def test_more_than_was_granted_is_an_invalid_target_and_the_code_is_still_good(
    world: World, resource: str | list[str]
) -> None:
    party = world.register()
    code = world.code(party, resource=[API, MAIL])

    refused = world.redeem(party, code, resource=resource)

    assert refused.outcome == (400, "invalid_target")
    assert refused.headers["cache-control"] == "no-store"
    assert world.redeem(party, code).status == 200


def test_a_grant_that_names_no_resource_has_none_to_give(world: World) -> None:
    party = world.register()
    code = world.code(party)

    assert world.redeem(party, code, resource=API).outcome == (400, "invalid_target")
    tokens = world.redeem(party, code).json
    refreshed = world.refresh(party, tokens["refresh_token"], resource=API)
    assert refreshed.outcome == (400, "invalid_target")


def test_of_a_code_that_is_not_the_client_s_its_resources_tell_nothing(world: World) -> None:
    party, thief = world.register(), world.register()
    code = world.code(party, resource=API)

    for resource in (API, MAIL):
        assert world.redeem(thief, code, resource=resource).outcome == (400, "invalid_grant")
        wrong = world.redeem(party, code, resource=resource, code_verifier="w" * 43)
        assert wrong.error == "invalid_grant"


@pytest.mark.parametrize("resource", [MAIL, LEGACY, "https://unknown.example", "x#y"])
def test_a_code_presented_again_kills_its_grant_whatever_resource_it_is_asked_for(
    world: World, resource: str
) -> None:
    party = world.register()
    code = world.code(party, resource=[API, MAIL])
    tokens = world.redeem(party, code, resource=API).json

    assert world.redeem(party, code, resource=resource).outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)


# --- the token endpoint: refreshing ---


def test_a_refresh_without_resource_is_for_all_that_was_granted(world: World) -> None:
    party = world.register()
    code = world.code(party, resource=[API, MAIL])
    narrow = world.redeem(party, code, resource=API).json

    wide = world.refresh(party, narrow["refresh_token"]).json

    assert _audience(world, wide["access_token"]) == (API, MAIL)


def test_each_refresh_may_name_other_resources_of_the_grant(world: World) -> None:
    party = world.register()
    tokens = world.issue(party, resource=[API, MAIL])

    for resource in (API, MAIL):
        tokens = world.refresh(party, tokens["refresh_token"], resource=resource).json
        assert _audience(world, tokens["access_token"]) == (resource,)


@pytest.mark.parametrize("resource", [LEGACY, [API, LEGACY], "https://unknown.example", "é"])
def test_a_refresh_beyond_the_grant_is_an_invalid_target_and_rotates_nothing(
    world: World, resource: str | list[str]
) -> None:
    party = world.register()
    tokens = world.issue(party, resource=[API, MAIL])

    refused = world.refresh(party, tokens["refresh_token"], resource=resource)

    assert refused.outcome == (400, "invalid_target")
    assert world.refresh(party, tokens["refresh_token"]).status == 200


def test_within_the_grace_the_same_answer_comes_again_for_the_same_resource_only(
    world: World,
) -> None:
    party = world.register()
    first = world.issue(party, resource=[API, MAIL])["refresh_token"]
    second = world.refresh(party, first, resource=API)

    other = world.refresh(party, first, resource=MAIL)
    every = world.refresh(party, first)
    again = world.refresh(party, first, resource=API)

    assert other.outcome == every.outcome == (400, "invalid_target")
    assert again.response.body == second.response.body
    assert "aud" not in again.json
    assert world.is_alive(second.json, party)


# --- the token endpoint: client credentials ---


def test_a_client_s_own_token_is_for_the_resources_that_it_names(world: World) -> None:
    party = world.register()

    token = world.client_credentials(party, resource=[MAIL, LEGACY]).json["access_token"]

    assert _audience(world, token) == (MAIL, LEGACY)
    assert _stored(world, token) == ({"scope": SCOPE, "resource": [MAIL, LEGACY]}, {"scope": SCOPE})
    assert _audience(world, world.client_credentials(party).json["access_token"]) == ()


@pytest.mark.parametrize("value", MALFORMED, ids=ascii)
def test_a_client_s_own_token_cannot_be_for_what_is_unknown_or_malformed(
    world: World, value: str
) -> None:
    answer = world.client_credentials(world.register(), resource=[API, value])

    assert answer.outcome == (400, "invalid_target")


def test_who_does_not_authenticate_is_not_told_which_resources_are_known(world: World) -> None:
    nobody = Party("nobody", "wrong")

    for resource in (API, "https://unknown.example"):
        answer = world.client_credentials(nobody, resource=resource)
        assert answer.outcome == (401, "invalid_client")


def test_a_fresh_grant_that_a_fence_refused_keeps_its_resources(world: World) -> None:
    party = world.register()
    world.server.revoke_all(client_id=party.client_id)

    token = world.client_credentials(party, resource=API).json["access_token"]

    assert _audience(world, token) == (API,)


# --- over HTTP ---


def test_the_resource_goes_from_request_to_token_over_http(world: World) -> None:
    def consent(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = world.server.create_authorization_response(request, ALICE)
        return answer

    token = world.server.create_token_response
    routes = {"/authorize": {"POST": consent}, "/token": {"POST": token}}
    application = Application(routes, blocking=False)
    party = world.register()
    query = code_query(party, resource=[API, MAIL]).encode()
    code = send(application, "POST", "/authorize", query=query).code
    form = f"grant_type=authorization_code&code={code}&code_verifier={VERIFIER}"
    form += f"&redirect_uri={CALLBACK}&resource={MAIL}&resource={MAIL}"

    tokens = post_form(application, "/token", form.encode(), party.headers).json

    assert _audience(world, tokens["access_token"]) == (MAIL,)


def test_an_audience_is_never_widened_by_asking_for_nothing() -> None:
    assert narrow_audience((), (API, MAIL)) == (API, MAIL)
    assert narrow_audience((), ()) == ()
    with pytest.raises(InvalidTargetError):
        narrow_audience((API,), ())


ASKED = st.lists(st.sampled_from([*RESOURCES, "https://unknown.example"]), max_size=4)


@settings(max_examples=60, deadline=None, database=None)
@given(ASKED, st.lists(ASKED, min_size=1, max_size=5))
def test_whatever_is_asked_for_in_whichever_order_no_token_is_for_more_than_was_granted(
    authorized: list[str], narrowed: list[list[str]]
) -> None:
    world = World(MemoryBackend(), resources=RESOURCES, reuse_grace=0)
    party = world.register()
    answer = world.authorize(party, resource=authorized)
    if not set(authorized) <= set(RESOURCES):
        assert answer.error == "invalid_target"
        return
    tokens = world.redeem(party, answer.code).json

    for asked in narrowed:
        refreshed = world.refresh(party, tokens["refresh_token"], resource=asked)
        if set(asked) <= set(authorized):
            tokens = refreshed.json
            expected = asked or authorized
            # In whichever order: a token for all of the grant's has that of the grant.
            assert sorted(_audience(world, tokens["access_token"])) == sorted(set(expected))
        else:
            assert refreshed.outcome == (400, "invalid_target")
