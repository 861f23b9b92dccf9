"""By hand: a resource that OAuth 1 protects, on Authlib, Flask and Flask-SQLAlchemy.

The columns and functions are those of Authlib's own mixins, which it has had
until its version 1.0 and describes since: a nonce is looked for in a table, and
put there. What the documentation leaves to the reader is done as in `handwritten`.
"""

from __future__ import annotations

from typing import Any

from authlib.integrations.flask_oauth1 import ResourceProtector, current_credential
from authlib.oauth1 import ClientMixin, TokenCredentialMixin
from flask import Flask, Response, jsonify
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from .handwritten import connecting
from .setting import (
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_TOKEN,
    OAUTH_TOKEN_SECRET,
    SECRET_KEY,
    Setting,
)

__all__ = ["create_app"]

db = SQLAlchemy()


class Client(db.Model, ClientMixin):  # type: ignore[name-defined,misc]
    """A client."""

    id = db.Column(db.Integer, primary_key=True)
    client_id = db.Column(db.String(48), index=True)
    client_secret = db.Column(db.String(120), nullable=False)
    default_redirect_uri = db.Column(db.Text, nullable=False, default="")

    def get_default_redirect_uri(self) -> str:
        """Return where people are sent."""
        return str(self.default_redirect_uri)

    def get_client_secret(self) -> str:
        """Return the secret, in clear text, as the documentation has it."""
        return str(self.client_secret)

    def get_rsa_public_key(self) -> None:
        """Return that there is none."""


class TokenCredential(db.Model, TokenCredentialMixin):  # type: ignore[name-defined,misc]
    """A token credential."""

    id = db.Column(db.Integer, primary_key=True)
    client_id = db.Column(db.String(48), index=True)
    oauth_token = db.Column(db.String(84), unique=True, index=True)
    oauth_token_secret = db.Column(db.String(84))
    user_id = db.Column(db.Integer)

    def get_oauth_token(self) -> str:
        """Return its identifier."""
        return str(self.oauth_token)

    def get_oauth_token_secret(self) -> str:
        """Return its secret."""
        return str(self.oauth_token_secret)


class TimestampNonce(db.Model):  # type: ignore[name-defined,misc]
    """A nonce."""

    __table_args__ = (
        db.UniqueConstraint("client_id", "timestamp", "nonce", "oauth_token", name="unique_nonce"),
    )
    id = db.Column(db.Integer, primary_key=True)
    client_id = db.Column(db.String(48), nullable=False)
    timestamp = db.Column(db.Integer, nullable=False)
    nonce = db.Column(db.String(48), nullable=False)
    oauth_token = db.Column(db.String(84))


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
        _register()
    require_oauth = ResourceProtector(app, _query_client, _query_token, _exists_nonce)

    @app.get("/api/me")
    @require_oauth()
    def me() -> Response:
        return jsonify(client_id=current_credential.client_id)

    return app


def _register() -> None:
    if _query_client(CLIENT_ID) is None:
        db.session.add(Client(client_id=CLIENT_ID, client_secret=CLIENT_SECRET))
        token = {"oauth_token": OAUTH_TOKEN, "oauth_token_secret": OAUTH_TOKEN_SECRET}
        db.session.add(TokenCredential(client_id=CLIENT_ID, user_id=1, **token))
        db.session.commit()


def _query_client(client_id: str) -> Any:
    return db.session.query(Client).filter_by(client_id=client_id).first()


def _query_token(client_id: str, oauth_token: str) -> Any:
    tokens = db.session.query(TokenCredential)
    return tokens.filter_by(client_id=client_id, oauth_token=oauth_token).first()


def _exists_nonce(nonce: str, timestamp: str, client_id: str, oauth_token: str | None) -> bool:
    seen = {"nonce": nonce, "timestamp": timestamp, "client_id": client_id}
    found = db.session.query(TimestampNonce.nonce).filter_by(**seen)
    if oauth_token:
        found = found.filter_by(oauth_token=oauth_token)
    if found.first():
        return True
    db.session.add(TimestampNonce(**seen, oauth_token=oauth_token))
    db.session.commit()
    return False
