from __future__ import annotations

import asyncio
import secrets
from types import ModuleType
from typing import Any

import pytest

from ..live.server import REDIRECT_URI, TestClient
from .setting import RESOURCES, SCOPE, Setting

pytestmark = pytest.mark.clients

#: Authlib's client for httpx says so of its own dependency.
authlib_httpx = pytest.mark.filterwarnings("ignore:.*httpx.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def _allow_http_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_INSECURE_TRANSPORT"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("OAUTHLIB_STRICT_TOKEN_TYPE", "1")


def _import(name: str) -> ModuleType:
    module: ModuleType = pytest.importorskip(name)
    return module


def _authlib(module: str, name: str, client: TestClient, **options: object) -> Any:  # noqa: ANN401
    session = getattr(_import(f"authlib.integrations.{module}"), name)
    method = "client_secret_basic" if client.client_secret else "none"
    return session(
        client.client_id,
        client.client_secret,
        token_endpoint_auth_method=method,
        redirect_uri=REDIRECT_URI,
        scope=SCOPE,
        **options,
    )


@authlib_httpx
@pytest.mark.parametrize("whose", ["confidential", "public"])
@pytest.mark.parametrize(
    ("module", "name"), [("requests_client", "OAuth2Session"), ("httpx_client", "OAuth2Client")]
)
def test_authlibs_client_completes_every_flow(
    module: str, name: str, whose: str, setting: Setting
) -> None:
    if module == "requests_client":
        _import("requests")
    client: TestClient = getattr(setting, whose)
    verifier = secrets.token_urlsafe(48)
    with _authlib(module, name, client, code_challenge_method="S256") as session:
        url, state = session.create_authorization_url(
            setting.endpoint("authorize"), code_verifier=verifier
        )
        tokens = session.fetch_token(
            setting.endpoint("token"),
            authorization_response=setting.visit(url),
            code_verifier=verifier,
            state=state,
        )
        answer = session.get(setting.resource)
        rotated = session.refresh_token(setting.endpoint("token"))
        revocation = session.revoke_token(setting.endpoint("revoke"), rotated["refresh_token"])
        refused = session.get(setting.resource)

    assert tokens["scope"] == SCOPE
    assert answer.status_code == 200
    assert rotated["refresh_token"] != tokens["refresh_token"]
    assert revocation.status_code == 200
    assert refused.status_code == 401


@authlib_httpx
@pytest.mark.parametrize("whose", ["confidential", "public"])
def test_authlibs_asynchronous_client_completes_every_flow(whose: str, setting: Setting) -> None:
    client: TestClient = getattr(setting, whose)
    verifier = secrets.token_urlsafe(48)

    async def complete() -> list[int]:
        module, name = "httpx_client", "AsyncOAuth2Client"
        async with _authlib(module, name, client, code_challenge_method="S256") as session:
            url, state = session.create_authorization_url(
                setting.endpoint("authorize"), code_verifier=verifier
            )
            await session.fetch_token(
                setting.endpoint("token"),
                authorization_response=setting.visit(url),
                code_verifier=verifier,
                state=state,
            )
            await session.refresh_token(setting.endpoint("token"))
            found = [await session.get(setting.resource)]
            token = session.token["refresh_token"]
            found.append(await session.revoke_token(setting.endpoint("revoke"), token))
            found.append(await session.get(setting.resource))
            return [answer.status_code for answer in found]

    assert asyncio.run(complete()) == [200, 200, 401]


@authlib_httpx
def test_authlibs_client_narrows_the_resources_that_it_was_granted(setting: Setting) -> None:
    verifier = secrets.token_urlsafe(48)
    api, mail = RESOURCES
    module, name = "httpx_client", "OAuth2Client"
    with _authlib(module, name, setting.confidential, code_challenge_method="S256") as session:
        url, state = session.create_authorization_url(
            setting.endpoint("authorize"), code_verifier=verifier, resource=RESOURCES
        )
        session.fetch_token(
            setting.endpoint("token"),
            authorization_response=setting.visit(url),
            code_verifier=verifier,
            state=state,
            resource=api,
        )
        seen = [_seen_by_the_resource_server(setting, session.token["access_token"])]
        session.refresh_token(setting.endpoint("token"), resource=mail)
        seen.append(_seen_by_the_resource_server(setting, session.token["access_token"]))

    assert [(claims["active"], claims.get("aud")) for claims in seen] == [
        (True, api),
        (False, None),
    ]


def _seen_by_the_resource_server(setting: Setting, token: str) -> dict[str, Any]:
    """Return what the resource server of the first resource is told of a token."""
    with _authlib("httpx_client", "OAuth2Client", setting.resource_server) as session:
        claims: dict[str, Any] = session.introspect_token(
            setting.endpoint("introspect"), token
        ).json()
    return claims


@authlib_httpx
@pytest.mark.parametrize(
    ("module", "name"), [("requests_client", "OAuth2Session"), ("httpx_client", "OAuth2Client")]
)
def test_authlibs_client_acts_for_itself(module: str, name: str, setting: Setting) -> None:
    if module == "requests_client":
        _import("requests")
    with _authlib(module, name, setting.confidential) as session:
        tokens = session.fetch_token(setting.endpoint("token"), grant_type="client_credentials")
        found = session.introspect_token(setting.endpoint("introspect"), tokens["access_token"])

    assert "refresh_token" not in tokens
    assert found.json()["active"] is True


@pytest.mark.parametrize("whose", ["confidential", "public"])
def test_requests_oauthlib_completes_the_code_flow_refreshes_and_revokes(
    whose: str, setting: Setting
) -> None:
    client: TestClient = getattr(setting, whose)
    application = _import("oauthlib.oauth2").WebApplicationClient(client.client_id)
    with _import("requests_oauthlib").OAuth2Session(
        client=application, redirect_uri=REDIRECT_URI, scope=SCOPE.split(), pkce="S256"
    ) as session:
        url, _ = session.authorization_url(setting.endpoint("authorize"))
        tokens = session.fetch_token(
            setting.endpoint("token"),
            authorization_response=setting.visit(url),
            **_credentials(client),
        )
        answer = session.get(setting.resource)
        rotated = session.refresh_token(setting.endpoint("token"), **_refreshing(client))
        # The session has no method for it, the library that it stands on prepares the request.
        url, headers, body = application.prepare_token_revocation_request(
            setting.endpoint("revoke"), rotated["refresh_token"], "refresh_token", **_named(client)
        )
        auth = _credentials(client).get("auth")
        revocation = _import("requests").post(url, body, headers=headers, auth=auth)
        refused = session.get(setting.resource)

    assert tokens["scope"] == SCOPE.split()
    assert answer.status_code == 200
    assert rotated["refresh_token"] != tokens["refresh_token"]
    assert revocation.status_code == 200
    assert refused.status_code == 401


def test_requests_oauthlib_acts_for_itself(setting: Setting) -> None:
    client = setting.poster
    backend = _import("oauthlib.oauth2").BackendApplicationClient(client.client_id, scope=SCOPE)
    with _import("requests_oauthlib").OAuth2Session(client=backend) as session:
        tokens = session.fetch_token(
            setting.endpoint("token"),
            client_id=client.client_id,
            client_secret=client.client_secret,
            include_client_id=True,
        )

    assert tokens["scope"] == SCOPE.split()
    assert tokens["expires_in"] > 0


def _credentials(client: TestClient) -> dict[str, Any]:
    """Return how the library is told to authenticate at the token endpoint."""
    if client.client_secret is None:
        return {"include_client_id": True}
    return {"auth": (client.client_id, client.client_secret)}


def _refreshing(client: TestClient) -> dict[str, Any]:
    return _named(client) or _credentials(client)


def _named(client: TestClient) -> dict[str, Any]:
    """Return how a public client names itself; another's name is in its header."""
    return {} if client.client_secret else {"client_id": client.client_id}
