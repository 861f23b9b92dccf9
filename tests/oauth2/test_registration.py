"""Security checklist row 40: what can be registered (RFC 7591)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oauthstore_core.errors import DuplicateError
from oauthstore_core.oauth2.registration import (
    InvalidClientMetadataError,
    InvalidRedirectUriError,
    Registration,
    register_client,
)

from .world import CALLBACK, NOW, World, basic


def _register(world: World, metadata: dict[str, Any], **options: Any) -> Registration:
    return register_client(
        world.stores.clients,
        metadata,
        key_ring=world.server.key_ring,
        clock=world.clock,
        **options,
    )


def test_a_registration_fills_in_what_was_left_out(world: World) -> None:
    information = _register(world, {"redirect_uris": [CALLBACK]}).information()

    assert information.pop("client_id")
    assert information.pop("client_secret")
    assert information == {
        "client_id_issued_at": NOW,
        "client_secret_expires_at": 0,
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    }


def test_row_24_the_secret_is_shown_once_and_nowhere_stored(world: World) -> None:
    registration = _register(world, {"redirect_uris": [CALLBACK]})
    secret = registration.client_secret
    stored = world.stores.clients.query_client(registration.client.client_id)

    assert secret is not None
    assert stored is not None
    assert secret not in stored.payload + repr(stored) + repr(registration)


def test_a_public_client_gets_no_secret(world: World) -> None:
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    information = _register(world, metadata).information()

    assert "client_secret" not in information
    assert "client_secret_expires_at" not in information


@pytest.mark.parametrize("name", ["client_secret", "client_id", "registration_access_token"])
def test_row_24_a_secret_among_the_metadata_is_refused_not_stored(world: World, name: str) -> None:
    with pytest.raises(InvalidClientMetadataError, match=name):
        _register(world, {"redirect_uris": [CALLBACK], name: "s3cret"})


@pytest.mark.parametrize(
    "change",
    [
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": 5},
        {"grant_types": []},
        {"grant_types": ["password"]},
        {"grant_types": ["implicit", "authorization_code"]},
        {"grant_types": "authorization_code"},
        {"grant_types": [5]},
        {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"},
        {"response_types": ["token"]},
        {"response_types": []},
        {"redirect_uris": 5},
        {"redirect_uris": [None]},
        {"scope": ["a"]},
        {"scope": 'a"b'},
        {"scope": "a\\b"},
        {"scope": "é"},
        {"scope": "a unknown"},
        {"client_name": 5},
        {"contacts": "me@example.com"},
    ],
)
def test_row_40_metadata_of_the_wrong_kind_is_invalid(world: World, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidClientMetadataError) as caught:
        _register(world, {"redirect_uris": [CALLBACK], **change}, scopes=["a", "b"])

    status, body, _ = caught.value()
    assert (status, body["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize(
    "uris", [None, [], ["javascript:alert(1)"], [CALLBACK, "http://x.example/"], ['https://x/"\\']]
)
def test_row_40_redirect_uris_that_are_not_safe_are_refused(
    world: World, uris: list[str] | None
) -> None:
    with pytest.raises(InvalidRedirectUriError) as caught:
        _register(world, {"redirect_uris": uris})

    assert caught.value()[1]["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize("client_id", ["", " \n", "é", "a\x00b", "x" * 2049])
def test_a_client_id_is_printable_ascii(world: World, client_id: str) -> None:
    with pytest.raises(InvalidClientMetadataError, match="client_id"):
        _register(world, {"redirect_uris": [CALLBACK]}, client_id=client_id)


def test_a_public_client_cannot_bring_a_secret(world: World) -> None:
    metadata = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}

    with pytest.raises(InvalidClientMetadataError, match="public"):
        _register(world, metadata, client_secret="x")


def test_a_client_id_is_given_once(world: World) -> None:
    _register(world, {"redirect_uris": [CALLBACK]}, client_id="app")

    with pytest.raises(DuplicateError):
        _register(world, {"redirect_uris": [CALLBACK]}, client_id="app")


def test_a_registration_can_be_taken_over_from_elsewhere(world: World) -> None:
    metadata = {"grant_types": ["client_credentials"], "scope": "profile"}
    _register(world, metadata, client_id="legacy", client_secret="weak", owner="ops")
    stored = world.stores.clients.query_client("legacy")

    answer = world.post_token({"grant_type": "client_credentials"}, basic("legacy", "weak"))

    assert answer.json["scope"] == "profile"
    assert stored is not None
    assert (stored.owner, stored.source) == ("ops", "static")
    assert "weak" not in json.loads(stored.payload).values()


SERVED = {
    "grant_types": ["authorization_code", "implicit", "password"],
    "response_types": ["code", "token", "code token"],
}


@pytest.mark.parametrize(
    ("grant_types", "response_types"),
    [
        (["authorization_code"], ["code"]),
        (["implicit"], ["token"]),
        (["authorization_code", "implicit"], ["code", "token"]),
        (["authorization_code", "implicit"], ["code token"]),
        (["password"], []),
    ],
)
def test_response_types_go_with_the_grant_types_that_the_server_serves(
    world: World, grant_types: list[str], response_types: list[str]
) -> None:
    metadata = {
        "redirect_uris": [CALLBACK],
        "grant_types": grant_types,
        "response_types": response_types,
    }
    information = _register(world, metadata, **SERVED).information()

    assert information["response_types"] == response_types


@pytest.mark.parametrize(
    ("grant_types", "response_types"),
    [
        (["authorization_code"], ["token"]),
        (["authorization_code"], []),
        (["authorization_code"], ["code", "token"]),
        (["implicit"], ["code"]),
        (["implicit"], ["id_token"]),
        (["password"], ["code"]),
        (["refresh_token"], []),
    ],
)
def test_other_response_and_grant_types_are_refused(
    world: World, grant_types: list[str], response_types: list[str]
) -> None:
    metadata = {
        "redirect_uris": [CALLBACK],
        "grant_types": grant_types,
        "response_types": response_types,
    }

    with pytest.raises(InvalidClientMetadataError):
        _register(world, metadata, **SERVED)
