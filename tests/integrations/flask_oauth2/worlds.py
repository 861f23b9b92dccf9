"""The same application three times: on Authlib, on ours in own mode, and in store mode."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749.grants import ImplicitGrant
from flask import Flask
from werkzeug.test import TestResponse

from oauthstore_core.testing.clock import FakeClock

from ..opened import VERIFIER, ask
from .own_application import CALLBACK, GRANT_TYPES, create_app, fill
from .own_grants import PasswordGrant
from .site import NOW, basic, decide, make_site

__all__ = ["WORLDS", "World", "open_world", "outcome", "parameters", "query"]

WORLDS = ("authlib", "own", "store")
PREFIXES = {"authlib": "authlib.integrations", "own": "oauthstore_core.integrations"}


class World:
    """One of them, with the confidential client c1, whose secret is `secret`, and a user."""

    def __init__(self, name: str, app: Flask, server: Any, authorize: Callable[[str], str]) -> None:
        self.name, self.app, self.server = name, app, server
        app.config["PROPAGATE_EXCEPTIONS"] = False
        self.authorize = authorize

    def send(self, path: str, form: Any = None, **options: Any) -> TestResponse:
        """Post a form, or ask for a page where there is none."""
        method = "GET" if form is None else "POST"
        return self.app.test_client().open(path, method=method, data=form, **options)

    def outcome(self, path: str, form: Any = None, **options: Any) -> str:
        """Return the status with the error, wherever it stands."""
        return outcome(self.send(path, form, **options))

    def token(self, grant_type: str, **form: str) -> TestResponse:
        """Ask for tokens as c1."""
        form["grant_type"] = grant_type
        return self.send("/oauth/token", form, headers=basic("c1", "secret"))

    def code(self) -> str:
        """Return a fresh code of c1's."""
        return parameters(self.authorize(query()))["code"]

    def redeem(self, code: str) -> TestResponse:
        form = {"code": code, "redirect_uri": CALLBACK}
        if self.name == "store":
            form["code_verifier"] = VERIFIER
        return self.token("authorization_code", **form)

    def issue(self) -> dict[str, Any]:
        """Return the token response of a consent."""
        tokens: dict[str, Any] = self.redeem(self.code()).json
        return tokens


def query(client: str = "c1", **changes: str) -> str:
    """Return an authorization request, by default of c1's and for a code."""
    return ask(client, **changes)


def parameters(location: str | None) -> dict[str, str]:
    parts = urlsplit(location or "")
    return dict(parse_qsl(parts.fragment or parts.query))


def outcome(response: TestResponse) -> str:
    told = parameters(response.location)
    if not response.location and response.is_json and isinstance(response.json, dict):
        told = response.json
    return f"{response.status_code} {told.get('error', '')}".strip()


def open_world(name: str, folder: Any) -> World:
    return _open_store(name) if name == "store" else _open_own(name, folder)


def _open_own(name: str, folder: Any) -> World:
    app = create_app(PREFIXES[name], f"sqlite:///{folder}/{name}.db", OAUTHSTORE_STORE="memory://")
    fill(app)

    def authorize(url: str) -> str:
        location: str = app.test_client().post(url, data={"confirm": "yes"}).location
        return location

    return World(name, app, app.extensions["server"], authorize)


def _open_store(name: str) -> World:
    site = make_site(clock=FakeClock(NOW), reuse_grace=0)
    site.server.register_grant(PasswordGrant)
    site.server.register_grant(ImplicitGrant)
    shared = {"redirect_uris": [CALLBACK], "scope": "profile mail"}
    site.server.register_client(
        {**shared, "grant_types": GRANT_TYPES}, client_id="c1", client_secret="secret"
    )
    site.server.register_client(
        {**shared, "grant_types": ["implicit"], "token_endpoint_auth_method": "none"},
        client_id="c2",
    )
    site.app.add_url_rule("/me", "me", site.protector("profile")(lambda: "me"))
    site.app.add_url_rule("/mail", "mail", site.protector("mail")(lambda: "mail"))
    return World(name, site.app, site.server, lambda url: decide(site.browser, url).location)
