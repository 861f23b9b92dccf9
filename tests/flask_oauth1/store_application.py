"""An application with OAuth 1 on a store, as several workers serve it."""

from __future__ import annotations

from flask import Flask

from oauthstore_core.integrations.flask_oauth1 import AuthorizationServer, ResourceProtector

from .site import protect

__all__ = ["create_app"]


def create_app(store: str) -> Flask:
    """Return the application, in which alice is always signed in."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "s" * 40
    server = AuthorizationServer(app, store=store)
    app.register_blueprint(server.blueprint(lambda: "alice"))
    protect(app, ResourceProtector(app))
    return app
