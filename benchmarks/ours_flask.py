"""Ours: the same flows, embedded in Flask as the documentation shows, on the defaults."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, jsonify

from oauthstore_core.errors import DuplicateError
from oauthstore_core.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)

from .setting import CLIENT_ID, CLIENT_SECRET, METADATA, SCOPE, SECRET_KEY, Setting

__all__ = ["create_app"]


def create_app() -> Flask:
    """Return the application on the database that the environment names."""
    setting = Setting.of_environment()
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET_KEY
    store = {"url": setting.url, "options": {"synchronous": setting.synchronous}}
    server = AuthorizationServer(app, stores={"default": store})
    app.register_blueprint(server.blueprint(lambda: None))
    with suppress(DuplicateError):
        server.register_client(METADATA, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    require_oauth = ResourceProtector(server)

    @app.get("/api/me")
    @require_oauth(SCOPE)
    def me() -> Response:
        return jsonify(client_id=current_token.client_id, scope=current_token.get_scope())

    return app
