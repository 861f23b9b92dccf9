"""Security checklist row 39: the server's metadata (RFC 8414)."""

from __future__ import annotations

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from oauthstore_core.http import HttpRequest

from .world import ISSUER, Answer, World


def _metadata(world: World) -> Answer:
    request = HttpRequest("GET", world.server.paths.metadata)
    return Answer(world.server.create_metadata_response(request))


def test_row_39_the_metadata_says_what_is_served_and_nothing_else() -> None:
    answer = _metadata(World())

    methods = ["client_secret_basic", "client_secret_post", "none"]
    assert answer.json == {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "revocation_endpoint": f"{ISSUER}/revoke",
        "introspection_endpoint": f"{ISSUER}/introspect",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods[:2],
        "scopes_supported": ["profile", "email", "admin"],
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_row_39_authlib_finds_the_metadata_valid() -> None:
    AuthorizationServerMetadata(_metadata(World()).json).validate()


@pytest.mark.parametrize(
    ("issuer", "token", "metadata"),
    [
        ("https://a.example", "/token", "/.well-known/oauth-authorization-server"),
        ("https://a.example/", "/token", "/.well-known/oauth-authorization-server"),
        ("https://a.example:8443/t", "/t/token", "/.well-known/oauth-authorization-server/t"),
        ("https://a.example/t/u/", "/t/u/token", "/.well-known/oauth-authorization-server/t/u"),
    ],
)
def test_row_39_the_issuer_stands_as_configured_and_the_paths_under_its_own(
    issuer: str, token: str, metadata: str
) -> None:
    world = World(issuer=issuer)

    assert (world.server.paths.token, world.server.paths.metadata) == (token, metadata)
    assert _metadata(world).json["issuer"] == issuer
    assert _metadata(world).json["token_endpoint"].endswith(token)
    assert world.authorize(world.register()).parameters["iss"] == issuer


def test_row_39_grants_that_are_switched_off_are_neither_said_nor_served() -> None:
    world = World(grants=["client_credentials"])
    party = world.register()

    metadata = _metadata(world).json

    assert metadata["grant_types_supported"] == ["client_credentials"]
    assert metadata["response_types_supported"] == []
    assert "authorization_endpoint" not in metadata
    assert "code_challenge_methods_supported" not in metadata
    assert world.refresh(party, "rt_x").outcome == (400, "unsupported_grant_type")
    assert world.authorize(party).error == "unsupported_response_type"


def test_row_39_without_the_refresh_grant_there_are_no_refresh_tokens() -> None:
    world = World(grants=["authorization_code"])

    assert "refresh_token" not in world.issue(world.register())


def test_the_metadata_names_the_languages_of_pages_where_there_are_several() -> None:
    assert _metadata(World(languages=["de"])).json["ui_locales_supported"] == ["en", "de"]
    assert "ui_locales_supported" not in _metadata(World(languages=["en"])).json
