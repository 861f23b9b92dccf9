"""The flows of OAuth 1 under Flask: the same on Authlib, with hooks, and on a store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .own_application import CALLBACK
from .worlds import World, told


def test_an_application_of_authlib_s_goes_through_the_whole_flow(world: World) -> None:
    temporary = world.temporary()
    page = world.open(f"/oauth1/authorize?oauth_token={temporary.token}", "GET")
    answer = world.exchange(temporary, world.authorize(temporary))
    found = told(answer)
    client = temporary.using(found["oauth_token"], found["oauth_token_secret"])

    assert page.json == {"client": "c1"}
    assert world.me(client).json == {"user": 1, "client": "c1"}


def test_who_authorizes_is_sent_to_the_callback(world: World) -> None:
    temporary = world.temporary()

    location = world.decide(temporary).location

    assert location.startswith(f"{CALLBACK}?oauth_token={temporary.token}&oauth_verifier=")


@pytest.mark.parametrize("method", ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"])
def test_each_signature_method_is_accepted_from_end_to_end(world: World, method: str) -> None:
    client = world.token(replace(world.client, method=method))

    assert world.me(client).json == {"user": 1, "client": "c1"}
    assert (
        world.me(
            replace(client, token_secret="x", client_secret="y", method="HMAC-SHA1")
        ).status_code
        == 401
    )


def test_a_client_with_a_key_alone_needs_no_secret(world: World) -> None:
    client = world.token(replace(world.client, client_id="c3", client_secret="", method="RSA-SHA1"))

    assert world.me(client).json == {"user": 1, "client": "c3"}


def test_parameters_may_stand_in_the_query_or_in_the_body(world: World) -> None:
    client = world.token()
    in_query = client.parameters("GET", "/me")
    in_body = client.parameters("POST", "/me", [("a", "b")])

    query = "&".join(f"{name}={_quoted(value)}" for name, value in in_query.items())
    assert world.open(f"/me?{query}", "GET").status_code == 200
    assert world.open("/me", "POST", [("a", "b"), *in_body.items()]).status_code == 200


def _quoted(value: str) -> str:
    return value.replace("%", "%25").replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def test_what_is_signed_besides_counts(world: World) -> None:
    client = world.token()
    headers = client.header("GET", "/me?page=1")

    assert world.open("/me?page=1", "GET", headers=headers).status_code == 200
    assert world.open("/me?page=2", "GET", headers=headers).status_code == 401


@pytest.mark.parametrize("wrong", ["client_secret", "token_secret", "token", "client_id"])
def test_a_wrong_secret_or_name_is_refused(world: World, wrong: str) -> None:
    client = replace(world.token(), **{wrong: "other"})

    assert world.me(client).status_code == 401


def test_a_replayed_request_is_refused(world: World) -> None:
    client = world.token()
    headers = client.header("GET", "/me")

    assert world.open("/me", "GET", headers=headers).status_code == 200
    assert world.open("/me", "GET", headers=headers).json["error"] == "invalid_nonce"


def test_a_request_without_credentials_gets_a_challenge(ours: World) -> None:
    answer = ours.open("/me", "GET")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'OAuth realm="oauthstore"'
    assert answer.headers["Cache-Control"] == "no-store"
