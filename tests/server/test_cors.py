"""Security checklist row 42: whose scripts may read what is answered."""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import urlencode

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.settings import Settings

from .browser import ISSUER, Answer, Ask, Browser

#: The conftest's public client has a redirect URI there.
ALBUM = "https://app.example.org"
NAMED = "https://spa.example.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def settings() -> Settings:
    return Settings.from_mapping(
        {
            "issuer": ISSUER,
            "store": "memory://",
            "secret_keys": ["k" * 40],
            "server": {"allowed_origins": [NAMED]},
        }
    )


def post(browser: Browser, path: str, origin: str | None, **form: str) -> Answer:
    headers = FORM if origin is None else {**FORM, "Origin": origin}
    return browser.send("POST", path, urlencode(form).encode(), headers)


def readers(answer: Answer) -> list[str]:
    assert answer.headers("Access-Control-Allow-Credentials") == []
    return answer.headers("Access-Control-Allow-Origin")


@pytest.mark.parametrize("path", ["/token", "/revoke"])
@pytest.mark.parametrize("origin", [ALBUM, NAMED])
def test_the_origins_of_a_setting_and_of_the_public_client_that_asks_may_read(
    browser: Browser, path: str, origin: str
) -> None:
    answer = post(browser, path, origin, client_id="album", token="x", grant_type="refresh_token")

    assert readers(answer) == [origin]
    assert answer.header("Vary") == "Origin"


@pytest.mark.parametrize("path", ["/token", "/revoke"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ALBUM + ".evil.example", ""])
def test_other_origins_may_not(browser: Browser, path: str, origin: str) -> None:
    answer = post(browser, path, origin, client_id="album", token="x")

    assert readers(answer) == []
    assert answer.header("Vary") == "Origin"


@pytest.mark.parametrize("client_id", ["nobody", "", "secretive"])
def test_an_origin_of_no_public_client_may_not(
    browser: Browser, server: AuthorizationServer, client_id: str
) -> None:
    register_client(
        server.stores.clients,
        {"redirect_uris": ["https://app.example.org/cb"]},
        key_ring=None,
        clock=server.clock,
        client_id="secretive",
    )

    assert readers(post(browser, "/token", ALBUM, client_id=client_id)) == []


def test_a_request_of_no_script_gets_no_field_for_scripts(browser: Browser) -> None:
    assert readers(post(browser, "/token", None, client_id="album")) == []


def test_a_form_that_cannot_be_read_is_nobody_s(browser: Browser) -> None:
    answer = browser.send("POST", "/token", b"client_id=%ff", {**FORM, "Origin": ALBUM})

    assert (answer.status, readers(answer)) == (400, [])


def test_while_the_store_is_away_only_the_setting_tells(
    browser: Browser, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise StoreUnavailableError("gone")

    monkeypatch.setattr(server.stores.clients, "_query_client", fail)

    public = post(browser, "/token", ALBUM, client_id="album", grant_type="refresh_token")
    named = post(browser, "/token", NAMED, client_id="album", grant_type="refresh_token")

    assert (public.status, readers(public)) == (503, [])
    assert (named.status, readers(named)) == (503, [NAMED])
    assert "Retry-After" in named.header("Access-Control-Expose-Headers")


@pytest.mark.parametrize(("origin", "allowed"), [(NAMED, True), (ALBUM, False), ("null", False)])
def test_a_preflight_knows_the_setting_only(
    browser: Browser, origin: str, *, allowed: bool
) -> None:
    answer = browser.send("OPTIONS", "/token", b"", {"Origin": origin})

    assert answer.status == 200
    assert readers(answer) == ([origin] if allowed else [])
    assert (answer.headers("Access-Control-Allow-Methods") == ["POST"]) is allowed


def test_everybody_may_read_the_metadata(browser: Browser) -> None:
    answer = browser.get("/.well-known/oauth-authorization-server", Origin="https://any.example")

    assert readers(answer) == ["*"]


@pytest.mark.parametrize("path", ["/introspect", "/authorize", "/sign-in", "/", "/health/ready"])
def test_nobody_s_scripts_may_read_anything_else(browser: Browser, ask: Ask, path: str) -> None:
    method = "POST" if path == "/introspect" else "GET"
    url = ask() if path == "/authorize" else path

    answer = browser.send(method, url, b"", {**FORM, "Origin": NAMED})

    assert readers(answer) == []
