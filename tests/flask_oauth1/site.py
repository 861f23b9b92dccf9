"""A Flask application with the blueprint of OAuth 1 on a store, and all that is done with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oauthstore_core.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    current_credential,
)
from oauthstore_core.testing.clock import FakeClock

from ..integrations.flask_oauth2.site import ConsentForm
from .own_application import CALLBACK
from .signing import Signer
from .worlds import told

__all__ = ["NOW", "Site", "make_app", "make_site", "protect"]

NOW = 1_800_000_000


def make_app(**config: object) -> Flask:
    """Return an application with a secret key, whose people sign in by their name alone."""
    app = Flask("site")
    app.config.update({"SECRET_KEY": "s" * 40, **config})

    @app.get("/login/<name>")
    def login(name: str) -> str:
        session["user_id"] = name
        return name

    return app


def protect(app: Flask, require_oauth: ResourceProtector) -> None:
    """Add a route that tells whose credential its request was signed with."""

    @app.get("/me")
    @require_oauth()
    def me() -> dict[str, Any]:
        return {"sub": current_credential.subject, "client": current_credential.client_id}


def make_site(config: dict[str, object] | None = None, **options: Any) -> Site:
    """Return an application with all endpoints and a protected route, on memory unless said."""
    app = make_app(**(config or {}))
    given = {"store": "memory://", "clock": FakeClock(NOW), **options}
    return Site(app, AuthorizationServer(app, **given))


class Site:
    """The application, and all that its clients and alice do with it."""

    #: Where the endpoints lie.
    prefix = "/oauth1"

    def __init__(self, app: Flask, server: AuthorizationServer, **options: Any) -> None:
        self.app, self.server = app, server
        options = {"login_url": "/login", **options}
        app.register_blueprint(server.blueprint(lambda: session.get("user_id"), **options))
        protect(app, ResourceProtector(server))

    def browser(self, name: str | None = "alice") -> FlaskClient:
        """Return the browser of who is signed in; None: nobody is."""
        browser = self.app.test_client()
        if name is not None:
            browser.get(f"/login/{name}")
        return browser

    def register(self, **options: Any) -> Signer:
        """Register a client and return what signs for it."""
        metadata = {"client_name": "Album", "redirect_uris": [CALLBACK]}
        made = self.server.register_client(metadata, **options)
        secret = made.client_secret or ""
        return Signer(made.client.client_id, secret, now=self.server.clock.now)

    def send(
        self, method: str, path: str, client: Signer, **parameters: str | None
    ) -> TestResponse:
        headers = client.header(method, path, **parameters)
        return self.app.test_client().open(path, method=method, headers=headers)

    def initiate(self, client: Signer, callback: str = CALLBACK) -> TestResponse:
        return self.send("POST", f"{self.prefix}/initiate", client, callback=callback)

    def temporary(self, client: Signer, callback: str = CALLBACK) -> Signer:
        return _using(client, self.initiate(client, callback))

    def address(self, temporary: Signer) -> str:
        """Return where a person is asked for the temporary credential."""
        return f"{self.prefix}/authorize?oauth_token={temporary.token}"

    def page(self, temporary: Signer, name: str | None = "alice") -> TestResponse:
        return self.browser(name).get(self.address(temporary))

    def decide(
        self, temporary: Signer, decision: str = "allow", name: str = "alice"
    ) -> TestResponse:
        """Open the consent page and send its form."""
        browser = self.browser(name)
        page = browser.get(self.address(temporary))
        assert page.status_code == 200, page.text
        form = ConsentForm(page.text)
        return browser.post(form.action, data={**form.hidden, "decision": decision})

    def verifier(self, temporary: Signer) -> str:
        location = self.decide(temporary).location
        return dict(parse_qsl(urlsplit(location).query))["oauth_verifier"]

    def exchange(self, temporary: Signer, verifier: str) -> TestResponse:
        return self.send("POST", f"{self.prefix}/token", temporary, verifier=verifier)

    def token(self, client: Signer) -> Signer:
        """Return the client with the token credential that alice's consent is."""
        temporary = self.temporary(client)
        return _using(temporary, self.exchange(temporary, self.verifier(temporary)))

    def me(self, client: Signer) -> TestResponse:
        return self.send("GET", "/me", client)


def _using(client: Signer, answer: TestResponse) -> Signer:
    assert answer.status_code == 200, answer.text
    found = told(answer)
    return client.using(found["oauth_token"], found["oauth_token_secret"])
