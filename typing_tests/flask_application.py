"""What the author of a Flask application writes, judged by mypy and pyright; nothing is run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, assert_type

from flask import Blueprint, Flask, Response, session

from oauthstore_core.clock import SystemClock
from oauthstore_core.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)
from oauthstore_core.oauth2.registration import Registration


def query_client(client_id: str) -> object:
    return {"id": client_id}


def save_token(token: dict[str, Any], request: object) -> None:
    del token, request


def load_user(subject: str) -> dict[str, str] | None:
    return {"name": subject}


def reaches(held: Collection[str]) -> bool:
    return "profile" in held


def store_mode(app: Flask) -> None:
    server = AuthorizationServer(
        app,
        store="sqlite:///oauth.db",
        issuer="https://example.com/oauth",
        secret_keys=["k" * 40],
        scopes={"profile": "See your name"},
        lifetimes={"access_token": 600},
        load_user=load_user,
        migrate=True,
        clock=SystemClock(),
    )
    assert_type(server.blueprint(lambda: session.get("user_id"), login_url="/login"), Blueprint)
    registration = server.register_client({"scope": "profile"}, client_id="album")
    assert_type(registration, Registration)
    assert_type(server.create_metadata_response(), Response)
    assert_type(server.own_mode, bool)
    server.close()
    AuthorizationServer(app, store=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AuthorizationServer(app, stor="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def own_mode(app: Flask) -> None:
    AuthorizationServer(app, query_client, save_token)
    server = AuthorizationServer()
    server.init_app(app, query_client=query_client, save_token=save_token)
    server.init_app(app, store="memory://", clock=SystemClock())
    response: Response = server.create_token_response()
    del response


def protect(app: Flask, server: AuthorizationServer) -> None:
    require_oauth = ResourceProtector(server, resource="https://api.example.com")

    @app.get("/me")
    @require_oauth("profile")
    def me() -> dict[str, str]:
        return {"sub": current_token.subject}

    @app.get("/bare")
    @require_oauth
    def bare() -> str:
        return ""

    @app.get("/function")
    @require_oauth(scopes=reaches, optional=True)
    def function() -> str:
        with require_oauth.acquire(["profile"]) as token:
            return str(token.scope)

    del me, bare, function
