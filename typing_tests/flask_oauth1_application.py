"""What the author of a Flask application with OAuth 1 writes, judged by mypy and pyright."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from flask import Blueprint, Flask, Response, session

from oauthstore_core.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    current_credential,
)
from oauthstore_core.oauth2.registration import Registration


class Client:
    """A model of clients."""


def query_client(client_id: str) -> object:
    return {"id": client_id}


def query_token(client_id: str, oauth_token: str) -> object:
    return {"of": client_id, "token": oauth_token}


def exists_nonce(nonce: str, timestamp: str, client_id: str, oauth_token: str | None) -> bool:
    return "" in {nonce, timestamp, client_id, oauth_token}


def make_token() -> dict[str, str]:
    return {"oauth_token": "t", "oauth_token_secret": "s"}


def view() -> str:
    return "view"


def store_mode(app: Flask) -> None:
    server = AuthorizationServer(
        app,
        store="sqlite:///oauth.db",
        issuer="https://example.com",
        oauth1={"timestamp_window": 600},
        lifetimes={"temporary_credential": 300},
    )
    assert_type(server.blueprint(lambda: session.get("user_id"), login_url="/login"), Blueprint)
    registration = server.register_client({"redirect_uris": []}, signature_methods=["RSA-SHA1"])
    assert_type(registration, Registration)
    server.register_signature_method("X-TEST", lambda request: request.base_string == "")
    server.close()
    AuthorizationServer(app, store=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AuthorizationServer(app, stor="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def own_mode(app: Flask) -> None:
    AuthorizationServer(app, query_client, make_token)
    server = AuthorizationServer()
    server.init_app(app, query_client=query_client, token_generator=make_token)
    server.register_hook("exists_nonce", exists_nonce)


def protected(app: Flask, server: AuthorizationServer) -> None:
    ResourceProtector()
    ResourceProtector(server, origin="https://api.example.com")
    ResourceProtector(app, query_client, query_token, exists_nonce)
    ResourceProtector(Client, query_token)
    ResourceProtector(Client, query_token, exists_nonce, app)
    require_oauth = ResourceProtector(app, store="sqlite:///oauth.db")
    assert_type(require_oauth(view), Callable[[], str])
    assert_type(require_oauth()(view), Callable[[], str])
    credential: Any = require_oauth.acquire_credential()
    del credential
    print(current_credential.subject)  # noqa: T201 - what a view would do
    ResourceProtector(app, query_token)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


def answers(server: AuthorizationServer) -> Response:
    server.check_authorization_request()
    server.create_temporary_credentials_response()
    server.create_authorization_response(grant_user=None)
    response: Response = server.create_token_response()
    return response
