"""Security checklist rows 34, 35, 57: a protected resource (RFC 6750)."""

from __future__ import annotations

import pytest
from authlib.oauth2 import OAuth2Error

from oauthstore_core.http import FORM_TYPE, Headers, HttpRequest
from oauthstore_core.oauth2.resource import ResourceProtector

from .world import Answer, World, bearer

INVALID = (
    'Bearer realm="oauthstore", error="invalid_token", error_description="The access token '
    'provided is expired, revoked, malformed, or invalid for other reasons."'
)


def _refusal(protector: ResourceProtector, request: HttpRequest, *scopes: str) -> Answer:
    with pytest.raises(OAuth2Error) as caught:
        protector.validate(request, list(scopes))
    return Answer(protector.create_error_response(caught.value))


def test_a_valid_token_tells_whose_it_is(world: World) -> None:
    party = world.register()
    token = world.protector.validate(bearer(world.issue(party)["access_token"]), ["profile"])

    assert (token.client_id, token.subject) == (party.client_id, "alice")
    assert token.get_scope() == "profile email"
    assert token.get_expires_in() == 3600


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "Bearer", "Bearer ", "Basic"),
        # "or attempted using an unsupported authentication method", section 3.1.
        *("Basic YTpi", "OAuth oauth_token=x", "MAC id=x"),
    ],
)
def test_row_35_a_request_without_token_gets_a_bare_challenge(
    world: World, header: str | None
) -> None:
    fields = [] if header is None else [("Authorization", header)]
    answer = _refusal(world.protector, HttpRequest("GET", "/r", headers=Headers(fields)))

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="oauthstore"'
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer unknown",
        "bearer unknown",
        "Bearer a b",
        "Bearer a, Bearer b",
        "Bearer " + "a" * 70_000,
        "Bearer \xff",
        "Bearer \ud800",
        "Bearer a\x00b",
    ],
)
def test_row_35_a_token_that_is_none_is_an_invalid_token(world: World, header: str) -> None:
    fields = Headers([("Authorization", header)])

    answer = _refusal(world.protector, HttpRequest("GET", "/r", headers=fields))

    assert answer.outcome == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == INVALID


def test_row_35_a_token_in_the_query_or_the_form_is_not_looked_at(world: World) -> None:
    token = world.issue(world.register())["access_token"]
    query, body = f"access_token={token}", f"access_token={token}".encode()
    form = Headers([("Content-Type", FORM_TYPE)])

    for request in (
        HttpRequest("GET", "/r", query_string=query),
        HttpRequest("POST", "/r", headers=form, body=body),
    ):
        assert _refusal(world.protector, request).status == 401


def test_row_35_a_scope_that_does_not_reach_is_403_and_names_what_is_needed(
    world: World,
) -> None:
    token = world.issue(world.register(), scope="email")["access_token"]

    answer = _refusal(world.protector, bearer(token), "profile", "admin email")

    assert answer.outcome == (403, "insufficient_scope")
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="oauthstore", error="insufficient_scope", scope="profile admin email"'
    )


def test_row_35_scopes_in_one_entry_are_all_needed_entries_are_alternatives(
    world: World,
) -> None:
    request = bearer(world.issue(world.register(), scope="email")["access_token"])

    assert world.protector.validate(request, ["profile", "email"])
    assert _refusal(world.protector, request, "profile email").status == 403


def test_row_35_a_token_without_scope_reaches_nothing_that_needs_one(world: World) -> None:
    party = world.register(scope="")
    request = bearer(world.client_credentials(party).json["access_token"])

    assert world.protector.validate(request)
    assert _refusal(world.protector, request, "profile").status == 403


def test_row_34_what_is_no_access_token_is_refused(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    for other in (tokens["refresh_token"], world.code(party), party.client_secret, "rt_x.y"):
        assert other is not None
        answer = _refusal(world.protector, bearer(other))
        assert answer.headers["www-authenticate"] == INVALID


@pytest.mark.parametrize(("age", "accepted"), [(3599, True), (3600, False), (4000, False)])
def test_row_57_a_token_is_expired_at_its_end_whether_purged_or_not(
    world: World, age: int, *, accepted: bool
) -> None:
    token = world.issue(world.register())["access_token"]
    world.clock.advance(age)

    assert world.is_accepted(token) is accepted


def test_row_57_a_purge_takes_nothing_that_lives(world: World) -> None:
    party = world.register()
    tokens, code = world.issue(party), world.code(party)
    now = world.clock.now()

    world.stores.tokens.purge_tokens(now, 100)
    world.stores.credentials.purge_credentials(now, 100)

    assert world.is_alive(tokens, party)
    assert world.redeem(party, code).status == 200


def test_row_59_reuse_is_recognised_after_every_purge(world: World) -> None:
    party = world.register()
    code = world.code(party)
    tokens = world.redeem(party, code).json
    world.clock.advance(29 * 24 * 3600)
    world.stores.tokens.purge_tokens(world.clock.now(), 100)
    world.stores.credentials.purge_credentials(world.clock.now(), 100)

    assert world.redeem(party, code).outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)
