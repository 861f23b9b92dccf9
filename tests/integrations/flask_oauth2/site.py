"""A Flask application that stores OAuth in a store of ours, and all that is done with it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

from flask import Flask, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oauthstore_core.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)
from oauthstore_core.oauth2.registration import Registration
from oauthstore_core.testing.clock import FakeClock

from ..opened import CALLBACK, VERIFIER, ask, told

__all__ = ["CALLBACK", "ConsentForm", "Site", "basic", "bearer", "decide", "make_app", "make_site"]

NOW = 1_800_000_000
SCOPES = {"profile": "See your name", "mail": "Read your mail"}


def make_app(**config: object) -> Flask:
    """Return an application with a secret key, whose people sign in by their name alone."""
    app = Flask("site")
    app.config.update({"SECRET_KEY": "s" * 40, **config})

    @app.get("/login/<name>")
    def login(name: str) -> str:
        session["user_id"] = name
        return name

    return app


def make_site(config: Mapping[str, object] | None = None, **options: Any) -> Site:
    """Return an application with all endpoints and protected routes, on memory unless said."""
    app = make_app(**{"OAUTHSTORE_SCOPES": SCOPES, **(config or {})})
    given = {"store": "memory://", "clock": FakeClock(NOW), **options}
    server = AuthorizationServer(app, **given)
    return Site(app, server)


class Site:
    """The application, and all that its clients and alice do with it."""

    def __init__(self, app: Flask, server: AuthorizationServer, *, protect: bool = True) -> None:
        self.app, self.server = app, server
        self.protector = ResourceProtector(server)
        if "oauthstore" not in app.blueprints:
            app.register_blueprint(server.blueprint(lambda: session.get("user_id")))
        if protect:
            _protect(app, self.protector)

    @cached_property
    def browser(self) -> FlaskClient:
        """Alice's browser; Flask takes no more routes once it is there."""
        browser = self.app.test_client()
        browser.get("/login/alice")
        return browser

    def register(self, **metadata: object) -> Registration:
        """Register a confidential client of all three grant types."""
        grants = ["authorization_code", "refresh_token", "client_credentials"]
        return self.server.register_client(
            {
                "redirect_uris": [CALLBACK],
                "grant_types": grants,
                "scope": "profile mail",
                **metadata,
            }
        )

    def post(self, path: str, client: Registration, **form: str) -> TestResponse:
        """Post a form to an endpoint, authenticated as the client is registered."""
        headers = {}
        if client.client_secret is None:
            form["client_id"] = client.client.client_id
        else:
            headers = basic(client.client.client_id, client.client_secret)
        return self.app.test_client().post(path, data=form, headers=headers)

    def token(self, client: Registration, grant_type: str, **form: str) -> TestResponse:
        return self.post("/oauth/token", client, grant_type=grant_type, **form)

    def code(self, client: Registration, **changes: str) -> str:
        """Return the code that alice's consent is."""
        response = decide(self.browser, ask(client.client.client_id, **changes))
        return told(response.location)["code"]

    def redeem(self, client: Registration, code: str) -> TestResponse:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.token(client, "authorization_code", **form)

    def issue(self, client: Registration, **changes: str) -> dict[str, Any]:
        """Return the token response of the whole code flow."""
        return _success(self.redeem(client, self.code(client, **changes)))

    def refresh(self, client: Registration, refresh_token: str) -> TestResponse:
        return self.token(client, "refresh_token", refresh_token=refresh_token)

    def is_active(self, client: Registration, token: str) -> bool:
        active: bool = _success(self.post("/oauth/introspect", client, token=token))["active"]
        return active

    def revoke(self, client: Registration, token: str) -> TestResponse:
        return self.post("/oauth/revoke", client, token=token)

    def ask(self, path: str, token: str | None) -> TestResponse:
        """Ask a protected route."""
        return self.app.test_client().get(path, headers={} if token is None else bearer(token))


def _success(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def _protect(app: Flask, require_oauth: ResourceProtector) -> None:
    def told_of_the_token() -> dict[str, Any]:
        if not current_token:
            return {"token": None}
        return {"sub": current_token.subject, "scope": current_token.scope}

    def protect(path: str, decorate: Callable[..., Any]) -> None:
        app.add_url_rule(path, path, decorate(told_of_the_token))

    protect("/any", require_oauth)
    protect("/called", require_oauth())
    protect("/profile", require_oauth("profile"))
    protect("/both", require_oauth("profile mail"))
    protect("/either", require_oauth(["profile", "mail"]))
    protect("/function", require_oauth(scopes=lambda held: "mail" in held))
    protect("/optional", require_oauth("profile", optional=True))
    protect("/optional-function", require_oauth(scopes=bool, optional=True))

    @app.get("/acquire")
    def acquire() -> dict[str, Any]:
        with require_oauth.acquire("profile") as token:
            return {"sub": token.subject, "scope": token.scope}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def decide(browser: FlaskClient, url: str, decision: str = "allow", **options: Any) -> TestResponse:
    """Open the consent page and send its form."""
    page = browser.get(f"{url}&prompt=consent", **options)
    assert page.status_code == 200, page.text
    form = ConsentForm(page.text)
    action = form.action.removeprefix(page.request.environ.get("SCRIPT_NAME", ""))
    return browser.post(action, data={**form.hidden, "decision": decision}, **options)


class ConsentForm(HTMLParser):
    """The one form of a consent page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = attributes["action"]
        if tag == "input":
            self.hidden[attributes["name"]] = attributes["value"]
