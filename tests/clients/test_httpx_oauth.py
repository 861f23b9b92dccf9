from __future__ import annotations

import asyncio
import secrets
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ..live.browser import code_challenge
from ..live.server import REDIRECT_URI, TestClient
from .setting import SCOPE, Setting

pytestmark = pytest.mark.clients


def _library() -> ModuleType:
    module: ModuleType = pytest.importorskip("httpx_oauth.oauth2")
    return module


def _client(setting: Setting, client: TestClient, method: str) -> Any:  # noqa: ANN401 - its own
    return _library().OAuth2(
        client.client_id,
        client.client_secret or "",  # it knows none without: what is empty counts as omitted
        setting.endpoint("authorize"),
        setting.endpoint("token"),
        refresh_token_endpoint=setting.endpoint("token"),
        revoke_token_endpoint=setting.endpoint("revoke"),
        base_scopes=SCOPE.split(),
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )


async def _authorize(oauth: Any, setting: Setting, verifier: str) -> Any:  # noqa: ANN401
    """Return the tokens of a consent."""
    state = secrets.token_urlsafe(12)
    url = await oauth.get_authorization_url(
        REDIRECT_URI,
        state,
        code_challenge=code_challenge(verifier),
        code_challenge_method="S256",
    )
    told = parse_qs(urlsplit(setting.visit(url)).query)
    assert told["state"] == [state]
    return await oauth.get_access_token(told["code"][0], REDIRECT_URI, verifier)


@pytest.mark.parametrize(
    ("whose", "method"),
    [
        ("confidential", "client_secret_basic"),
        ("poster", "client_secret_post"),
        ("public", "client_secret_post"),
    ],
)
def test_httpx_oauth_completes_the_code_flow_refreshes_and_revokes(
    whose: str, method: str, setting: Setting
) -> None:
    oauth = _client(setting, getattr(setting, whose), method)

    async def complete() -> tuple[Any, Any]:
        tokens = await _authorize(oauth, setting, secrets.token_urlsafe(48))
        rotated = await oauth.refresh_token(tokens["refresh_token"])
        await oauth.revoke_token(rotated["refresh_token"], "refresh_token")
        with pytest.raises(_library().RefreshTokenError) as refused:
            await oauth.refresh_token(rotated["refresh_token"])
        assert refused.value.response.json()["error"] == "invalid_grant"
        return tokens, rotated

    tokens, rotated = asyncio.run(complete())

    assert tokens["scope"] == SCOPE
    assert not tokens.is_expired()
    assert rotated["refresh_token"] != tokens["refresh_token"]


def test_httpx_oauth_is_told_that_its_verifier_is_another(setting: Setting) -> None:
    oauth = _client(setting, setting.confidential, "client_secret_basic")

    async def exchange() -> None:
        url = await oauth.get_authorization_url(
            REDIRECT_URI,
            code_challenge=code_challenge(secrets.token_urlsafe(48)),
            code_challenge_method="S256",
        )
        (code,) = parse_qs(urlsplit(setting.visit(url)).query)["code"]
        await oauth.get_access_token(code, REDIRECT_URI, secrets.token_urlsafe(48))

    with pytest.raises(_library().GetAccessTokenError) as refused:
        asyncio.run(exchange())

    assert refused.value.response.json()["error"] == "invalid_grant"
