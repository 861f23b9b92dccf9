"""OAuth 1 from an authorization server that is mounted in a Starlette application."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from oauthstore_core.http import HttpRequest
from oauthstore_core.oauth1.registration import register_client
from oauthstore_core.oauth1.resource import ResourceProtector

from ..oauth1.signer import Signer
from .opened import Opened, told
from .test_starlette import ALICE, build

BASE = "http://127.0.0.1:8000"
CALLBACK = "https://app.example.org/callback"
ENABLED: dict[str, object] = {"oauth1": {"enabled": True}}


def send(opened: Opened, signer: Signer, name: str, **parameters: str) -> dict[str, str]:
    """Send a signed request; return the credentials of its answer."""
    now = int(time.time())
    asked: HttpRequest = signer.sign("POST", f"{BASE}/oauth/oauth1/{name}", now, **parameters)  # type: ignore[arg-type]
    headers = {"Authorization": asked.headers["Authorization"]}
    answer = opened.post(f"/oauth/oauth1/{name}", headers=headers)
    assert answer.status_code == 200, answer.text
    return told(f"x:?{answer.text}")


def with_token(signer: Signer, credentials: dict[str, str]) -> Signer:
    token, secret = credentials["oauth_token"], credentials["oauth_token_secret"]
    return replace(signer, token=token, token_secret=secret)


def register(oauth: Any) -> Signer:  # noqa: ANN401 - Starlette's or FastAPI's
    made = register_client(
        oauth.stores.clients, {"client_name": "Album"}, key_ring=oauth.key_ring, clock=oauth.clock
    )
    return Signer(made.client.client_id, made.client_secret or "")


@pytest.mark.parametrize("issuer", [f"{BASE}/oauth", None])
def test_a_client_gets_token_credentials_that_open_a_resource(issuer: str | None) -> None:
    app, oauth = build(settings=ENABLED, issuer=issuer)

    with Opened(app, oauth) as opened:
        signer = register(oauth)
        temporary = with_token(signer, send(opened, signer, "initiate", oauth_callback=CALLBACK))
        url = f"/oauth/oauth1/authorize?oauth_token={temporary.token}"
        location = opened.decide(url, headers=ALICE).headers["Location"]
        verifier = told(location)["oauth_verifier"]
        token = with_token(signer, send(opened, temporary, "token", oauth_verifier=verifier))
        protector = ResourceProtector(oauth.settings, oauth.stores)
        asked = token.sign("GET", "https://api.example.com/", int(time.time()))

        assert location.startswith(f"{CALLBACK}?oauth_token={temporary.token}&")
        assert protector.validate(asked).subject == "alice"


def test_who_is_not_signed_in_is_sent_to_do_so() -> None:
    app, oauth = build(settings=ENABLED)

    with Opened(app, oauth) as opened:
        signer = register(oauth)
        token = send(opened, signer, "initiate", oauth_callback="oob")["oauth_token"]
        answer = opened.get(f"/oauth/oauth1/authorize?oauth_token={token}")

    assert answer.headers["Location"].startswith("/login?next=%2Foauth%2Foauth1%2Fauthorize")


def test_a_verifier_is_shown_on_a_page() -> None:
    app, oauth = build(settings=ENABLED)

    with Opened(app, oauth) as opened:
        signer = register(oauth)
        token = send(opened, signer, "initiate", oauth_callback="oob")["oauth_token"]
        page = opened.decide(f"/oauth/oauth1/authorize?oauth_token={token}", headers=ALICE)

    assert page.status_code == 200
    assert "The code for" in page.text


def test_without_the_setting_there_is_nothing() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        paths = ("initiate", "authorize", "token")
        statuses = {opened.get(f"/oauth/oauth1/{path}").status_code for path in paths}

    assert statuses == {404}


def test_where_nothing_tells_who_is_signed_in_the_page_says_so() -> None:
    app, oauth = build(settings=ENABLED, user_id=None)

    with Opened(app, oauth) as opened:
        assert opened.get("/oauth/oauth1/authorize").status_code == 501
