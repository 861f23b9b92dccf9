"""By hand: Authlib, Flask and Flask-SQLAlchemy, as Authlib's documentation shows it.

Its mixins, its helper functions, its validator and its endpoint class, on the
indexes that the mixins declare. What the documentation leaves to the reader is
done as a careful one would: SQLite writes ahead, and nothing is in debug mode.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from authlib.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_query_token_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, Response, jsonify
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from .setting import CLIENT_ID, CLIENT_SECRET, METADATA, SCOPE, SECRET_KEY, Setting

__all__ = ["connecting", "create_app"]

db = SQLAlchemy()


class User(db.Model):  # type: ignore[name-defined,misc]
    """A resource owner."""

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), unique=True)

    def get_user_id(self) -> int:
        """Return what a token is stored under."""
        return int(self.id)


class Client(db.Model, OAuth2ClientMixin):  # type: ignore[name-defined,misc]
    """A client."""

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id", ondelete="CASCADE"))
    user = db.relationship("User")


class Token(db.Model, OAuth2TokenMixin):  # type: ignore[name-defined,misc]
    """A token, in clear text, as the mixin has it."""

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id", ondelete="CASCADE"))
    user = db.relationship("User")


class Introspection(IntrospectionEndpoint):
    """The documentation's endpoint, for a client that asks of its own tokens."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        """Return the token, or None."""
        return create_query_token_func(db.session, Token)(token_string, token_type_hint)

    def check_permission(self, token: Token, client: Client, request: object) -> bool:
        """Tell whether the client may know."""
        return bool(token.check_client(client))

    def introspect_token(self, token: Token) -> dict[str, Any]:
        """Return the claims of an active token."""
        return {
            "active": True,
            "client_id": token.client_id,
            "token_type": token.token_type,
            "scope": token.get_scope(),
            "sub": token.user_id,
            "aud": token.client_id,
            "iss": "https://server.example.com/",
            "exp": token.issued_at + token.expires_in,
            "iat": token.issued_at,
        }


def create_app() -> Flask:
    """Return the application on the database that the environment names."""
    setting = Setting.of_environment()
    app = Flask(__name__)
    app.config["SECRET_KEY"] = SECRET_KEY
    app.config["SQLALCHEMY_DATABASE_URI"] = setting.url
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", connecting(setting.synchronous))
        db.create_all()
        _register_client()
    _add_routes(app)
    return app


def connecting(synchronous: str) -> Any:
    """Return what sets up a connection to SQLite."""

    def connect(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    return connect


def _register_client() -> None:
    if db.session.query(Client).filter_by(client_id=CLIENT_ID).first() is None:
        client = Client(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        client.set_client_metadata(METADATA)
        db.session.add(client)
        db.session.commit()


def _add_routes(app: Flask) -> None:
    server = AuthorizationServer(
        app,
        query_client=create_query_client_func(db.session, Client),
        save_token=create_save_token_func(db.session, Token),
    )
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_endpoint(Introspection)
    require_oauth = ResourceProtector()
    require_oauth.register_token_validator(create_bearer_token_validator(db.session, Token)())

    @app.post("/oauth/token")
    def issue_token() -> Response:
        return server.create_token_response()

    @app.post("/oauth/introspect")
    def introspect_token() -> Response:
        return server.create_endpoint_response(Introspection.ENDPOINT_NAME)

    @app.get("/api/me")
    @require_oauth(SCOPE)
    def me() -> Response:
        return jsonify(client_id=current_token.client_id, scope=current_token.get_scope())
