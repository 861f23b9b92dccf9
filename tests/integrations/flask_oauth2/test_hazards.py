"""The table of Authlib's hazards: what happens there, in own mode, and in store mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from .hazards import (
    C1,
    CLIENT_CREDENTIALS,
    Hazard,
    assert_to_be_one_client_and_name_another,
    authenticate_twice,
    basic_of,
    challenge,
    error_of_redirect,
    find_tokens_in_the_log,
    let_a_client_s_token_live_for_days,
    name_a_method_that_nobody_registered,
    name_a_mode_that_is_none,
    name_the_issuer_of_a_fragment_response,
    post_consent_with_hidden_fields,
    present_a_secret_where_there_is_none,
    put_the_parameters_into_the_address,
    redeem_a_code_twice_at_once,
    refresh_twice_at_once,
    repeat_a_parameter,
    repeat_the_response_type_to_the_client,
    revoke_by,
    status,
    tell_clients_apart,
)
from .worlds import WORLDS, open_world

STOCK_CHALLENGE = 'bearer error="{}", error_description="{}"'
OURS = 'Bearer realm="oauthstore"'
INSECURE = "http://auth.example"

HAZARDS = [
    Hazard(
        "a scope that the client does not have",
        status(
            "/oauth/token",
            {"grant_type": "client_credentials", "scope": "admin"},
            headers=C1,
        ),
        "200",
        "400 invalid_scope",
    ),
    Hazard(
        "a consent form repeats the query",
        post_consent_with_hidden_fields,
        "400 invalid_request",
        "302",
    ),
    Hazard(
        "a response type with a quote",
        error_of_redirect(response_type='fo"o'),
        "500",
        "400 invalid_request",
        "400",
    ),
    Hazard(
        "a redirect URI that is not ASCII",
        error_of_redirect(redirect_uri="https://x/é"),
        "500",
        "400 invalid_request",
        "400",
    ),
    Hazard("a response mode that is none", name_a_mode_that_is_none, ("3xx", 1), ("4xx", 0)),
    Hazard(
        "the issuer of a fragment response",
        name_the_issuer_of_a_fragment_response,
        "query",
        "fragment",
    ),
    Hazard("a request's text in an error", repeat_the_response_type_to_the_client, True, False),  # noqa: FBT003
    Hazard(
        "plain http to the token endpoint",
        status("/oauth/token", CLIENT_CREDENTIALS, headers=C1, base_url=INSECURE),
        "500",
        "400 insecure_transport",
        "421 invalid_request",
    ),
    Hazard(
        "plain http to revocation",
        status("/oauth/revoke", {"token": "x"}, headers=C1, base_url=INSECURE),
        "500",
        "400 insecure_transport",
        "421 invalid_request",
    ),
    Hazard(
        "a Basic header that is not UTF-8",
        status("/oauth/token", CLIENT_CREDENTIALS, headers=basic_of(b"\xff:\xff")),
        "500",
        "401 invalid_client",
    ),
    Hazard(
        "a secret that is not ASCII",
        status("/oauth/token", CLIENT_CREDENTIALS, headers=basic_of("c1:é".encode())),
        "500",
        "401 invalid_client",
    ),
    Hazard(
        "a secret of a client that has none",
        present_a_secret_where_there_is_none,
        "500",
        "401 invalid_client",
    ),
    Hazard("unknown client and wrong secret", tell_clients_apart, True, False),  # noqa: FBT003
    Hazard(
        "a method that nobody registered",
        name_a_method_that_nobody_registered,
        "500",
        "401 invalid_client",
    ),
    Hazard("two methods in one request", authenticate_twice, "200", "400 invalid_request"),
    Hazard(
        "an assertion of another client",
        assert_to_be_one_client_and_name_another,
        "200",
        "400 invalid_request",
    ),
    Hazard(
        "parameters in the address",
        put_the_parameters_into_the_address,
        "200",
        "400 invalid_request",
    ),
    Hazard("a parameter twice", repeat_a_parameter, "200", "400 invalid_request"),
    Hazard("tokens in the log at DEBUG", find_tokens_in_the_log, True, False),  # noqa: FBT003
    Hazard("a code twice at once", redeem_a_code_twice_at_once, 2, 1),
    Hazard("a refresh token twice at once", refresh_twice_at_once, 2, 1),
    Hazard(
        "tokens of a client for ten days",
        let_a_client_s_token_live_for_days,
        864_000,
        864_000,
        3600,
    ),
    Hazard(
        "an unknown hint at revocation",
        status("/oauth/revoke", {"token": "x", "token_type_hint": "id_token"}, headers=C1),
        "401 unsupported_token_type",
        "400 unsupported_token_type",
        "200",
    ),
    Hazard(
        "a wrong hint for an access token",
        revoke_by("refresh_token", "access_token", look_at="access_token"),
        200,
        401,
    ),
    Hazard(
        "a wrong hint for a refresh token",
        revoke_by("access_token", "refresh_token", look_at="refresh_token"),
        200,
        400,
    ),
    Hazard(
        "a challenge for too little scope",
        challenge("/mail", "Bearer {}"),
        "none",
        f'{OURS}, error="insufficient_scope", scope="mail"',
    ),
    Hazard(
        "a challenge without a token",
        challenge("/me", None),
        STOCK_CHALLENGE.format("missing_authorization", "Missing 'Authorization' in headers."),
        OURS,
    ),
    Hazard(
        "a challenge for another scheme",
        challenge("/me", "Token {}"),
        STOCK_CHALLENGE.format("unsupported_token_type", ""),
        OURS,
    ),
]


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name)
@pytest.mark.parametrize("world", WORLDS)
def test_a_hazard_is_there_on_authlib_and_closed_on_ours(
    world: str, hazard: Hazard, tmp_path: Path
) -> None:
    assert hazard.attempt(open_world(world, tmp_path)) == hazard.expected(world)
