"""An application as Authlib's documentation has it for OAuth 1: its own models and hooks.

It runs on Authlib and, by another import prefix and nothing else, on ours. Its
hooks look first and write later, as those that the documentation has had.
"""

# ruff: noqa: ANN401 - of Authlib, which declares no types
# mypy: disable-error-code="misc, name-defined"

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from authlib.oauth1 import ClientMixin, TemporaryCredentialMixin, TokenCredentialMixin
from authlib.oauth1.rfc5849.errors import OAuth1Error
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy

__all__ = ["CALLBACK", "SECRET", "create_app", "fill"]

CALLBACK = "https://app.example.org/callback"
SECRET = "the consumer's secret"
METHODS = ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]


def create_app(prefix: str, database: str, **config: Any) -> Flask:
    """Return the application; what it imports of Authlib's begins with `prefix`."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="s" * 40,
        SQLALCHEMY_DATABASE_URI=database,
        # What it logs of its tokens is its own affair; ours watches that none of ours is logged.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        OAUTH1_SUPPORTED_SIGNATURE_METHODS=METHODS,
    )
    app.config.update(config)
    db = SQLAlchemy()
    db.init_app(app)
    models = _models(db)
    app.extensions["models"] = models
    #: What a test does while a request is about to store something, by the model's name.
    app.extensions["before_save"] = lambda _: None
    flask_oauth1 = import_module(f"{prefix}.flask_oauth1")
    hooks = _Hooks(app, models)
    server = flask_oauth1.AuthorizationServer(app, query_client=hooks.query_client)
    app.extensions["server"] = server
    for name in (
        "exists_nonce",
        "create_temporary_credential",
        "get_temporary_credential",
        "delete_temporary_credential",
        "create_authorization_verifier",
        "create_token_credential",
    ):
        server.register_hook(name, getattr(hooks, name))
    require_oauth = flask_oauth1.ResourceProtector(
        app,
        query_client=hooks.query_client,
        query_token=hooks.query_token,
        exists_nonce=hooks.exists_nonce,
    )
    app.extensions["require_oauth"] = require_oauth
    _add_views(app, server, require_oauth, flask_oauth1.current_credential)
    return app


def _models(db: SQLAlchemy) -> SimpleNamespace:  # noqa: C901 - a model each, all on one `db`
    class User(db.Model):
        id = db.Column(db.Integer, primary_key=True)

        def get_user_id(self) -> int:
            user_id: int = self.id
            return user_id

    class Client(db.Model, ClientMixin):
        id = db.Column(db.Integer, primary_key=True)
        client_id = db.Column(db.String(48), index=True)
        client_secret = db.Column(db.String(120))
        default_redirect_uri = db.Column(db.Text)
        rsa_public_key = db.Column(db.Text)

        def get_default_redirect_uri(self) -> Any:
            return self.default_redirect_uri

        def get_client_secret(self) -> Any:
            return self.client_secret

        def get_rsa_public_key(self) -> Any:
            return self.rsa_public_key

    class Credential:
        id = db.Column(db.Integer, primary_key=True)
        client_id = db.Column(db.String(48), index=True)
        oauth_token = db.Column(db.String(84), unique=True, index=True)
        oauth_token_secret = db.Column(db.String(84))
        user_id = db.Column(db.Integer)

        def get_oauth_token(self) -> Any:
            return self.oauth_token

        def get_oauth_token_secret(self) -> Any:
            return self.oauth_token_secret

        def get_user_id(self) -> Any:
            return self.user_id

        def get_client_id(self) -> Any:
            return self.client_id

    class TemporaryCredential(Credential, db.Model, TemporaryCredentialMixin):
        oauth_verifier = db.Column(db.String(84))
        oauth_callback = db.Column(db.Text)

        def get_redirect_uri(self) -> Any:
            return self.oauth_callback

        def check_verifier(self, verifier: str) -> bool:
            return bool(self.oauth_verifier == verifier)

    class TokenCredential(Credential, db.Model, TokenCredentialMixin):
        pass

    class Nonce(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        nonce = db.Column(db.Text, nullable=False)

    return SimpleNamespace(
        db=db,
        User=User,
        Client=Client,
        TemporaryCredential=TemporaryCredential,
        TokenCredential=TokenCredential,
        Nonce=Nonce,
    )


class _Hooks:
    """The documentation's functions on these models."""

    def __init__(self, app: Flask, models: SimpleNamespace) -> None:
        self._app = app
        self._models = models
        self._session = models.db.session

    def query_client(self, client_id: str) -> Any:
        return self._models.Client.query.filter_by(client_id=client_id).first()

    def query_token(self, client_id: str, oauth_token: str) -> Any:
        tokens = self._models.TokenCredential.query
        return tokens.filter_by(client_id=client_id, oauth_token=oauth_token).first()

    def exists_nonce(
        self, nonce: str, timestamp: str, client_id: str, oauth_token: str | None
    ) -> bool:
        key = f"{nonce}-{timestamp}-{client_id}-{oauth_token}"
        if self._models.Nonce.query.filter_by(nonce=key).first():
            return True
        self._app.extensions["before_save"]("Nonce")
        self._save(self._models.Nonce(nonce=key))
        return False

    def create_temporary_credential(
        self, token: dict[str, str], client_id: str, redirect_uri: str
    ) -> Any:
        return self._save(
            self._models.TemporaryCredential(
                client_id=client_id, oauth_callback=redirect_uri, **token
            )
        )

    def get_temporary_credential(self, oauth_token: str) -> Any:
        temporary = self._models.TemporaryCredential.query
        return temporary.filter_by(oauth_token=oauth_token).first()

    def delete_temporary_credential(self, oauth_token: str) -> None:
        temporary = self._models.TemporaryCredential.query
        temporary.filter_by(oauth_token=oauth_token).delete(synchronize_session=False)
        self._session.commit()

    def create_authorization_verifier(self, credential: Any, user: Any, verifier: str) -> Any:
        self._app.extensions["before_save"]("TemporaryCredential")
        credential.user_id = user.get_user_id()
        credential.oauth_verifier = verifier
        return self._save(credential)

    def create_token_credential(self, token: dict[str, str], temporary: Any) -> Any:
        client_id, user_id = temporary.get_client_id(), temporary.get_user_id()
        self._app.extensions["before_save"]("TokenCredential")
        return self._save(
            self._models.TokenCredential(client_id=client_id, user_id=user_id, **token)
        )

    def _save(self, item: Any) -> Any:
        self._session.add(item)
        self._session.commit()
        return item


def fill(app: Flask, rsa_public_key: str | None = None) -> None:
    """Create the tables, two users and three clients, of which c3 has no secret but a key."""
    models = app.extensions["models"]
    with app.app_context():
        models.db.create_all()
        models.db.session.add_all([models.User(id=1), models.User(id=2)])
        for client_id in ("c1", "c2"):
            models.db.session.add(
                models.Client(
                    client_id=client_id,
                    client_secret=SECRET,
                    default_redirect_uri=CALLBACK,
                    rsa_public_key=rsa_public_key,
                )
            )
        models.db.session.add(models.Client(client_id="c3", rsa_public_key=rsa_public_key))
        models.db.session.commit()


def _add_views(app: Flask, server: Any, require_oauth: Any, current_credential: Any) -> None:
    models = app.extensions["models"]

    @app.route("/oauth1/authorize", methods=["GET", "POST"])
    def authorize() -> ResponseReturnValue:
        try:
            if request.method == "GET":
                asked = server.check_authorization_request()
                return jsonify(client=asked.credential.get_client_id())
            user = models.db.session.get(models.User, int(request.form.get("user", "0")))
            response: ResponseReturnValue = server.create_authorization_response(grant_user=user)
        except OAuth1Error as error:
            return dict(error.get_body()), error.status_code
        return response

    @app.route("/café")
    @app.route("/me", methods=["GET", "POST", "PUT"])
    @require_oauth()
    def me() -> ResponseReturnValue:
        return jsonify(user=current_credential.user_id, client=current_credential.client_id)

    routes: dict[str, Callable[[], Any]] = {
        "/oauth1/initiate": server.create_temporary_credentials_response,
        "/oauth1/token": server.create_token_response,
    }
    for path, create in routes.items():
        view: Callable[[], Any] = lambda create=create: create()  # noqa: E731 - one for each
        app.add_url_rule(path, path, view, methods=["GET", "POST"])
