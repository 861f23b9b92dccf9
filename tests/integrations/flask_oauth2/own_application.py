"""An application as Authlib's documentation has it: its own models, on Flask-SQLAlchemy.

It runs on Authlib and, by another import prefix and nothing else, on ours.
"""

# ruff: noqa: ANN401 - of Authlib, which declares no types
# mypy: disable-error-code="misc, name-defined"

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy

__all__ = [
    "CALLBACK",
    "GRANT_TYPES",
    "METHODS",
    "add_client",
    "code_grant",
    "create_app",
    "fill",
    "password_grant",
    "refresh_grant",
]

CALLBACK = "https://app.example.org/callback"
METHODS = ["client_secret_basic", "client_secret_post"]
GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials", "password"]


def create_app(prefix: str, database: str, **config: Any) -> Flask:
    """Return the application; what it imports of Authlib's begins with `prefix`."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="s" * 40,
        SQLALCHEMY_DATABASE_URI=database,
        OAUTH2_REFRESH_TOKEN_GENERATOR=True,
        # What it logs of its tokens is its own affair; ours watches that none of ours is logged.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        **config,
    )
    db = SQLAlchemy()
    db.init_app(app)
    flask_oauth2 = import_module(f"{prefix}.flask_oauth2")
    sqla_oauth2 = import_module(f"{prefix}.sqla_oauth2")
    models = _models(db, sqla_oauth2)
    save = sqla_oauth2.create_save_token_func(db.session, models.Token)
    app.extensions["models"] = models
    #: What a test does while a request is about to store its tokens.
    app.extensions["before_save"] = lambda: None

    def save_token(token: dict[str, Any], oauth_request: Any) -> None:
        app.extensions["before_save"]()
        save(token, oauth_request)

    query_client = sqla_oauth2.create_query_client_func(db.session, models.Client)
    server = flask_oauth2.AuthorizationServer(app, query_client, save_token)
    app.extensions["server"] = server
    _register(server, db, models, sqla_oauth2)
    protector = flask_oauth2.ResourceProtector()
    validator = sqla_oauth2.create_bearer_token_validator(db.session, models.Token)
    protector.register_token_validator(validator())
    _add_views(app, server, protector, models)
    return app


def _models(db: SQLAlchemy, mixins: Any) -> SimpleNamespace:
    class User(db.Model):
        id = db.Column(db.Integer, primary_key=True)

        def get_user_id(self) -> int:
            user_id: int = self.id
            return user_id

    class Client(db.Model, mixins.OAuth2ClientMixin):
        id = db.Column(db.Integer, primary_key=True)

    class AuthorizationCode(db.Model, mixins.OAuth2AuthorizationCodeMixin):
        id = db.Column(db.Integer, primary_key=True)
        user_id = db.Column(db.Integer, db.ForeignKey("user.id", ondelete="CASCADE"))

    class Token(db.Model, mixins.OAuth2TokenMixin):
        id = db.Column(db.Integer, primary_key=True)
        user_id = db.Column(db.Integer, db.ForeignKey("user.id", ondelete="CASCADE"))

    return SimpleNamespace(
        db=db, User=User, Client=Client, AuthorizationCode=AuthorizationCode, Token=Token
    )


def add_client(
    models: SimpleNamespace, client_id: str, secret: str | None, **metadata: Any
) -> None:
    """Store a client; by default confidential, and of all grant types."""
    client = models.Client(client_id=client_id, client_secret=secret)
    client.set_client_metadata(
        {
            "redirect_uris": [CALLBACK],
            "grant_types": GRANT_TYPES,
            "response_types": ["code"],
            "scope": "profile mail",
            **metadata,
        }
    )
    models.db.session.add(client)
    models.db.session.commit()


def fill(app: Flask) -> None:
    """Create the tables, a user and two clients."""
    models = app.extensions["models"]
    with app.app_context():
        models.db.create_all()
        models.db.session.add(models.User(id=1))
        add_client(models, "c1", "secret")
        add_client(
            models,
            "c2",
            None,
            token_endpoint_auth_method="none",
            grant_types=["implicit"],
            response_types=["token"],
        )


def _register(server: Any, db: SQLAlchemy, models: SimpleNamespace, mixins: Any) -> None:
    for grant in (code_grant(db, models), refresh_grant(db, models), password_grant(db, models)):
        server.register_grant(grant)
    server.register_grant(grants.ClientCredentialsGrant)
    server.register_grant(grants.ImplicitGrant)
    server.register_endpoint(mixins.create_revocation_endpoint(db.session, models.Token))
    query_token = mixins.create_query_token_func(db.session, models.Token)

    class Introspection(IntrospectionEndpoint):
        def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
            return query_token(token_string, token_type_hint)

        def check_permission(self, token: Any, client: Any, request: Any) -> bool:
            return True

        def introspect_token(self, token: Any) -> dict[str, Any]:
            return {"active": True, "client_id": token.client_id}

    server.register_endpoint(Introspection)


def code_grant(db: SQLAlchemy, models: SimpleNamespace) -> type[Any]:
    class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        def save_authorization_code(self, code: str, request: Any) -> None:
            item = models.AuthorizationCode(
                code=code,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                user_id=request.user.id,
            )
            db.session.add(item)
            db.session.commit()

        def query_authorization_code(self, code: str, client: Any) -> Any:
            item = models.AuthorizationCode.query.filter_by(
                code=code, client_id=client.client_id
            ).first()
            return item if item and not item.is_expired() else None

        def delete_authorization_code(self, authorization_code: Any) -> None:
            db.session.delete(authorization_code)
            db.session.commit()

        def authenticate_user(self, authorization_code: Any) -> Any:
            return db.session.get(models.User, authorization_code.user_id)

    return AuthorizationCodeGrant


def refresh_grant(db: SQLAlchemy, models: SimpleNamespace) -> type[Any]:
    class RefreshTokenGrant(grants.RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = METHODS
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> Any:
            item = models.Token.query.filter_by(refresh_token=refresh_token).first()
            return item if item and not item.refresh_token_revoked_at else None

        def authenticate_user(self, refresh_token: Any) -> Any:
            return db.session.get(models.User, refresh_token.user_id)

        def revoke_old_credential(self, refresh_token: Any) -> None:
            refresh_token.refresh_token_revoked_at = 1
            db.session.add(refresh_token)
            db.session.commit()

    return RefreshTokenGrant


def password_grant(db: SQLAlchemy, models: SimpleNamespace) -> type[Any]:
    class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
        def authenticate_user(self, username: str, password: str) -> Any:
            return db.session.get(models.User, 1) if password == "wonderland" else None

    return PasswordGrant


def _add_views(app: Flask, server: Any, protector: Any, models: SimpleNamespace) -> None:
    @app.route("/oauth/authorize", methods=["GET", "POST"])
    def authorize() -> ResponseReturnValue:
        user = models.db.session.get(models.User, 1)
        response: ResponseReturnValue
        try:
            grant = server.get_consent_grant(end_user=user)
        except OAuth2Error as error:
            response = server.handle_error_response(request, error)
            return response
        if request.method == "GET":
            return jsonify(client=grant.client.client_id)
        confirmed = user if request.form.get("confirm") == "yes" else None
        response = server.create_authorization_response(grant_user=confirmed, grant=grant)
        return response

    @app.get("/me")
    @protector("profile")
    def me() -> ResponseReturnValue:
        return "me"

    @app.get("/mail")
    @protector("mail")
    def mail() -> ResponseReturnValue:
        return "mail"

    app.add_url_rule(
        "/oauth/token", "token", _view(server.create_token_response), methods=["GET", "POST"]
    )
    for name, path in (("revocation", "revoke"), ("introspection", "introspect")):
        view = _view(server.create_endpoint_response, name)
        app.add_url_rule(f"/oauth/{path}", path, view, methods=["POST"])


def _view(create: Callable[..., Any], *arguments: str) -> Callable[[], Any]:
    return lambda: create(*arguments)
