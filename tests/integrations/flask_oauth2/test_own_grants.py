"""Grant classes of an application's own, and Authlib's stock ones, on our store."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.oauth2.rfc6749.grants import ImplicitGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import session

from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer
from oauthstore_core.oauth2.registration import InvalidClientMetadataError
from oauthstore_core.testing.clock import FakeClock

from ..opened import ask, told
from .own_grants import OwnCodeGrant, PasswordGrant
from .site import CALLBACK, NOW, SCOPES, Site, decide, make_app

Register = Callable[[AuthorizationServer], None]
OpenSite = Callable[[Register], Site]
IMPLICIT = {"grant_types": ["implicit"], "token_endpoint_auth_method": "none", "scope": "profile"}
PASSWORD = {"grant_types": ["password", "refresh_token"], "redirect_uris": [], "scope": "profile"}


@pytest.fixture(params=["before", "after"])
def open_site(request: pytest.FixtureRequest, tmp_path: Path) -> OpenSite:
    """Open a site whose grants are registered before `init_app`, or after it."""

    def open_it(register: Register) -> Site:
        server = AuthorizationServer()
        app = make_app(OAUTHSTORE_SCOPES=SCOPES)
        if request.param == "before":
            register(server)
        server.init_app(app, store=f"sqlite:///{tmp_path}/oauth.db", clock=FakeClock(NOW))
        if request.param == "after":
            register(server)
        app.register_blueprint(server.blueprint(lambda: session.get("user_id")))
        request.addfinalizer(server.close)
        return Site(app, server)

    return open_it


def own_code_grant() -> type[OwnCodeGrant]:
    """Return the grant class with codes of its own."""
    return type("Grant", (OwnCodeGrant,), {"codes": {}})


def assert_kept(site: Site, client: Any, tokens: dict[str, Any]) -> None:
    """What a foreign grant issued is looked up, renewed and revoked as what ours issue."""
    assert site.ask("/profile", tokens["access_token"]).json == {"sub": "alice", "scope": "profile"}
    assert site.is_active(client, tokens["access_token"])
    renewed = site.refresh(client, tokens["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert site.ask("/profile", renewed.json["access_token"]).json["sub"] == "alice"
    site.server.clock.advance(60)  # type: ignore[attr-defined] # past the grace
    assert site.refresh(client, tokens["refresh_token"]).status_code == 400
    assert not site.is_active(client, renewed.json["access_token"])


def test_an_own_code_grant_replaces_ours_whenever_it_is_registered(open_site: OpenSite) -> None:
    grant = own_code_grant()
    site = open_site(lambda server: server.register_grant(grant))
    client = site.register(scope="profile")

    tokens = site.issue(client)

    assert len(grant.codes) == 1
    assert_kept(site, client, tokens)


def test_a_code_of_an_own_grant_is_good_once_though_it_is_never_deleted(
    open_site: OpenSite,
) -> None:
    site = open_site(lambda server: server.register_grant(own_code_grant()))
    client = site.register()
    code = site.code(client)
    assert site.redeem(client, code).status_code == 200

    again = site.redeem(client, code)

    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")


def test_an_own_grant_s_pkce_is_what_the_metadata_says(open_site: OpenSite) -> None:
    class OnlyS256(CodeChallenge):  # type: ignore[misc]  # of Authlib, untyped
        SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    plain = open_site(lambda server: server.register_grant(own_code_grant()))
    assert plain.server.served.code_challenge_methods == ()

    with_pkce = open_site(lambda server: server.register_grant(own_code_grant(), [OnlyS256()]))
    assert with_pkce.server.served.code_challenge_methods == ("S256",)


def test_the_password_grant_works_beside_ours(open_site: OpenSite) -> None:
    site = open_site(lambda server: server.register_grant(PasswordGrant))
    client = site.register(**PASSWORD)

    answer = site.token(
        client, "password", username="alice", password="wonderland", scope="profile"
    )

    assert answer.status_code == 200, answer.text
    assert_kept(site, client, answer.json)
    assert site.issue(site.register())["scope"] == "profile"


def test_the_implicit_grant_works_beside_ours(open_site: OpenSite) -> None:
    site = open_site(lambda server: server.register_grant(ImplicitGrant))
    client = site.register(**IMPLICIT)
    url = ask(client.client.client_id, response_type="token")

    answer = decide(site.browser, url)

    assert urlsplit(answer.location).query == ""
    fragment = dict(parse_qsl(urlsplit(answer.location).fragment))
    assert fragment["iss"] == "http://localhost/oauth"
    assert fragment["state"] == "xyz"
    assert "refresh_token" not in fragment
    token = fragment["access_token"]
    assert site.ask("/profile", token).json == {"sub": "alice", "scope": "profile"}
    assert site.revoke(client, token).status_code == 200
    assert site.ask("/profile", token).status_code == 401


def test_a_refused_implicit_request_is_told_in_the_fragment_with_state_and_issuer(
    open_site: OpenSite,
) -> None:
    site = open_site(lambda server: server.register_grant(ImplicitGrant))
    client = site.register(**IMPLICIT)
    url = ask(client.client.client_id, response_type="token")

    answer = decide(site.browser, url, "deny")

    assert urlsplit(answer.location).query == ""
    fragment = dict(parse_qsl(urlsplit(answer.location).fragment))
    assert (fragment["error"], fragment["state"]) == ("access_denied", "xyz")
    assert fragment["iss"] == "http://localhost/oauth"


def test_authlib_s_issuer_extension_adds_no_second_issuer(open_site: OpenSite) -> None:
    class Issuer(IssuerParameter):  # type: ignore[misc]  # of Authlib, untyped
        def get_issuer(self) -> str:
            return "https://other.example"

    site = open_site(lambda server: server.register_extension(Issuer()))

    location = decide(site.browser, ask(site.register().client.client_id)).location

    assert location.count("iss=") == 1
    assert told(location)["iss"] == "http://localhost/oauth"


def test_the_metadata_names_what_is_registered(open_site: OpenSite) -> None:
    def register(server: AuthorizationServer) -> None:
        server.register_grant(PasswordGrant)
        server.register_grant(ImplicitGrant)

    site = open_site(register)

    metadata = site.browser.get("/.well-known/oauth-authorization-server/oauth").json

    assert set(metadata["grant_types_supported"]) == {
        *("authorization_code", "refresh_token", "client_credentials", "password", "implicit"),
    }
    assert set(metadata["response_types_supported"]) == {"code", "token"}
    assert set(metadata["response_modes_supported"]) == {"query", "fragment"}
    assert metadata["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("metadata", [IMPLICIT, PASSWORD])
def test_a_client_of_a_grant_type_that_nobody_serves_cannot_be_registered(
    metadata: dict[str, Any], open_site: OpenSite
) -> None:
    site = open_site(lambda _: None)

    with pytest.raises(InvalidClientMetadataError, match="grant_types are of"):
        site.register(**metadata)


def test_an_endpoint_of_the_application_s_own_replaces_ours(open_site: OpenSite) -> None:
    class Silent:
        ENDPOINT_NAME = "introspection"
        server: Any = None

        def create_endpoint_request(self, request: Any) -> Any:
            return self.server.create_oauth2_request(request)

        def __call__(self, request: Any) -> tuple[int, dict[str, bool], list[tuple[str, str]]]:
            return 200, {"active": False}, []

    site = open_site(lambda server: server.register_endpoint(Silent()))
    client = site.register()

    assert not site.is_active(client, site.issue(client)["access_token"])


def test_a_redirect_uri_is_needed_where_a_grant_redirects(open_site: OpenSite) -> None:
    site = open_site(lambda server: server.register_grant(ImplicitGrant))

    with pytest.raises(Exception, match="implicit needs a redirect URI"):
        site.register(**{**IMPLICIT, "redirect_uris": []})
    assert site.register(**IMPLICIT).information()["response_types"] == ["token"]
    assert CALLBACK in site.register(**IMPLICIT).information()["redirect_uris"]
