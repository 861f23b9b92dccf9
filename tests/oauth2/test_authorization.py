"""Security checklist rows 2, 6, 9, 10, 11, 15, 16, 26: the authorization endpoint."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from authlib.oauth2 import OAuth2Error

from oauthstore_core.http import HttpRequest
from oauthstore_core.oauth2.resource_owner import ResourceOwner

from .world import ALICE, CALLBACK, ISSUER, VERIFIER, World, code_query

STATES = [
    "xyz",
    "a b",
    "a+b",
    "é\N{KEY}",
    "%2F%",
    "&=;#?",
    '"<script>\\',
    "a\r\nSet-Cookie: x",
    "0",
]


def test_row_9_a_code_comes_with_state_and_issuer_and_nothing_else(world: World) -> None:
    answer = world.authorize(world.register())

    location = urlsplit(answer.response.location or "")
    assert answer.response.location is not None
    assert answer.response.location.startswith(CALLBACK + "?code=")
    assert set(answer.parameters) == {"code", "state", "iss"}
    assert answer.parameters["iss"] == ISSUER
    assert location.fragment == ""
    assert answer.headers["cache-control"] == "no-store"


def test_row_11_the_redirect_is_no_307(world: World) -> None:
    party = world.register()

    assert world.authorize(party).status == 302
    assert world.authorize(party, user=None).status == 302


@pytest.mark.parametrize("state", STATES)
def test_row_10_state_comes_back_as_it_was_sent(world: World, state: str) -> None:
    party = world.register()

    granted = world.authorize(party, state=state)
    denied = world.authorize(party, state=state, user=None)
    refused = world.authorize(party, state=state, scope="unknown")

    assert {granted.parameters["state"]} == {state}
    assert denied.parameters["state"] == refused.parameters["state"] == state


def test_row_10_without_state_none_comes_back(world: World) -> None:
    party = world.register()

    assert "state" not in world.authorize(party, state=None).parameters
    assert "state" not in world.authorize(party, state=None, user=None).parameters


def test_row_15_a_denial_is_access_denied_and_leaves_no_code(world: World) -> None:
    answer = world.authorize(world.register(), user=None)

    assert answer.parameters == {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
        "state": "xyz",
        "iss": ISSUER,
    }


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"scope": "profile unknown"}, "invalid_scope"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"scope": "profile\temail"}, "invalid_scope"),
        ({"scope": "profile\N{EM SPACE}email"}, "invalid_scope"),
        ({"scope": 'pro"file'}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "c" * 44}, "invalid_request"),
        ({"code_challenge": "c" * 42 + "\n"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, "invalid_request"),
    ],
)
def test_row_6_what_is_wrong_after_the_redirect_uri_is_told_by_redirect(
    world: World, changes: dict[str, str | None], error: str
) -> None:
    answer = world.authorize(world.register(), **changes)

    assert answer.status == 302
    assert answer.parameters["error"] == error
    assert answer.parameters["state"] == "xyz"
    assert answer.parameters["iss"] == ISSUER
    assert "code" not in answer.parameters


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": "$ne"}, "invalid_client"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": CALLBACK + '"'}, "invalid_request"),
        ({"redirect_uri": "https://é.example/"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb", "response_type": "token"}, None),
        ({"redirect_uri": "https://evil.example/cb", "scope": "unknown"}, "invalid_request"),
        ({"client_id": "nobody", "response_type": 'fo"o'}, "invalid_request"),
        ({"client_id": "nobody", "response_type": None}, "invalid_request"),
    ],
)
def test_row_2_without_a_known_client_and_redirect_uri_nothing_redirects(
    world: World, changes: dict[str, str | None], error: str | None
) -> None:
    answer = world.authorize(world.register(), **changes)

    assert answer.response.location is None
    assert answer.status == 400
    assert answer.error == (error or "unsupported_response_type")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "x"]
)
def test_row_16_a_repeated_parameter_is_refused_and_never_redirects(
    world: World, name: str
) -> None:
    query = code_query(world.register())

    for value in ("", "a"):
        answer = world.ask(f"{query}&{name}={value}&{name}={value}")
        assert answer.outcome == (400, "invalid_request")
        assert answer.response.location is None


def test_an_empty_parameter_counts_as_left_out(world: World) -> None:
    party = world.register()

    assert world.authorize(party, redirect_uri="").status == 302
    assert "state" not in world.authorize(party, state="").parameters
    assert world.authorize(party, code_challenge="").error == "invalid_request"


def test_the_redirect_uri_may_be_left_out_where_one_is_registered(world: World) -> None:
    one = world.register()
    two = world.register(redirect_uris=[CALLBACK, CALLBACK + "2"])

    answer = world.authorize(one, redirect_uri=None)

    assert (answer.response.location or "").startswith(CALLBACK + "?code=")
    assert world.redeem(one, answer.code).status == 200
    assert world.authorize(two, redirect_uri=None).outcome == (400, "invalid_request")


def test_a_body_is_not_read_at_the_authorization_endpoint(world: World) -> None:
    query = code_query(world.register()).encode()

    request = HttpRequest("POST", "/authorize", body=query)

    assert world.server.create_authorization_response(request, grant_user=ALICE).status == 400


@pytest.mark.parametrize("raw", ["state=\xff", "state=é", "state=%FF", "state=%00", "a=b&" * 120])
def test_a_query_that_is_not_url_encoded_utf_8_is_refused(world: World, raw: str) -> None:
    answer = world.ask(f"{code_query(world.register(), state=None)}&{raw}")

    assert answer.outcome == (400, "invalid_request")
    assert answer.response.location is None


def test_row_8_a_client_without_the_grant_type_gets_no_code(world: World) -> None:
    party = world.register(grant_types=["client_credentials"])

    answer = world.authorize(party)

    assert answer.parameters["error"] == "unauthorized_client"


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:x", "Authorization_Code"])
def test_row_8_password_and_implicit_grants_do_not_exist(world: World, grant_type: str) -> None:
    party = world.register()

    answer = world.token(party, grant_type=grant_type, username="alice", password="x")

    assert answer.outcome == (400, "unsupported_grant_type")


def test_row_26_the_granted_scope_is_what_was_asked_or_all_that_is_registered(
    world: World,
) -> None:
    party = world.register()

    assert world.issue(party, scope="email")["scope"] == "email"
    assert world.issue(party, scope="email email profile")["scope"] == "email profile"
    assert world.issue(party, scope=None)["scope"] == "profile email"


def test_the_consent_page_gets_the_validated_grant(world: World) -> None:
    party = world.register(client_name="Photos")
    query = code_query(party, scope=None)

    grant = world.server.get_consent_grant(HttpRequest("GET", "/authorize", query_string=query))

    assert grant.client.client_name == "Photos"
    assert grant.request.scope == "profile email"
    assert grant.redirect_uri == CALLBACK


def test_a_grant_that_the_consent_page_validated_is_answered_as_such(world: World) -> None:
    party = world.register()
    request = HttpRequest("POST", "/authorize", query_string=code_query(party))
    grant = world.server.get_consent_grant(request)

    response = world.server.create_authorization_response(request, grant_user=ALICE, grant=grant)

    assert (response.location or "").startswith(CALLBACK + "?code=")


def test_an_error_of_the_consent_page_can_be_answered(world: World) -> None:
    query = code_query(world.register(), scope="unknown")
    request = HttpRequest("GET", "/authorize", query_string=query)

    with pytest.raises(OAuth2Error) as caught:
        world.server.get_consent_grant(request)
    response = world.server.handle_error_response(None, caught.value)

    assert (response.location or "").startswith(CALLBACK + "?error=invalid_scope")


def test_a_subject_is_text_whatever_the_application_s_users_are_numbered_with(
    world: World,
) -> None:
    party = world.register()
    answer = world.authorize(party, user=ResourceOwner(7))  # type: ignore[arg-type]
    tokens = world.redeem(party, answer.code).json

    assert world.introspect(party, tokens["access_token"]).json["sub"] == "7"
    assert world.server.revoke_all(subject="7") == 1
    assert not world.is_accepted(tokens["access_token"])
