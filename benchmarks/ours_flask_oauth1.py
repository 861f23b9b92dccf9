"""Ours: a resource that OAuth 1 protects in Flask, as the documentation shows, on the defaults."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, jsonify

from oauthstore_core.errors import DuplicateError
from oauthstore_core.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    current_credential,
)

from .setting import (
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_TOKEN,
    OAUTH_TOKEN_SECRET,
    SECRET_KEY,
    Setting,
)

__all__ = ["create_app"]


def create_app() -> Flask:
    """Return the application on the database that the environment names."""
    setting = Setting.of_environment()
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET_KEY
    store = {"url": setting.url, "options": {"synchronous": setting.synchronous}}
    server = AuthorizationServer(app, token_generator=_token, stores={"default": store})
    with suppress(DuplicateError):
        server.register_client({}, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        server.save_token_credential(CLIENT_ID, user_id=1)
    require_oauth = ResourceProtector(app)

    @app.get("/api/me")
    @require_oauth()
    def me() -> Response:
        return jsonify(client_id=current_credential.client_id)

    return app


def _token() -> dict[str, str]:
    """Return the token that the load is signed with."""
    return {"oauth_token": OAUTH_TOKEN, "oauth_token_secret": OAUTH_TOKEN_SECRET}
