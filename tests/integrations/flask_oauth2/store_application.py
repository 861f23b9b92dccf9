"""An application in store mode, as several workers serve it."""

from __future__ import annotations

from flask import Flask

from oauthstore_core.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)

__all__ = ["create_app"]


def create_app(store: str, issuer: str = "http://127.0.0.1/oauth", reuse_grace: int = 10) -> Flask:
    """Return the application, in which alice is always signed in."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "s" * 40
    server = AuthorizationServer(
        app,
        store=store,
        issuer=issuer,
        scopes={"profile": "See your name"},
        reuse_grace=reuse_grace,
    )
    app.register_blueprint(server.blueprint(lambda: "alice"))
    require_oauth = ResourceProtector(server)

    @app.get("/me")
    @require_oauth("profile")
    def me() -> dict[str, str]:
        return {"sub": current_token.subject}

    return app
