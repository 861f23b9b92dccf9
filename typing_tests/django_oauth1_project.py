"""What the author of a Django project with OAuth 1 writes, judged by mypy and pyright."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from django.http import HttpRequest, HttpResponse

from oauthstore_core.integrations.django_oauth1 import (
    AuthorizationServer,
    BaseServer,
    CacheAuthorizationServer,
    ResourceProtector,
    default_server,
)
from oauthstore_core.oauth2.registration import Registration


class Client:
    """A model of clients."""


class Token:
    """A model of token credentials."""


def make_token() -> dict[str, str]:
    return {"oauth_token": "t", "oauth_token_secret": "s"}


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.path)


async def view_later(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.path)


class OwnServer(BaseServer):
    EXPIRY_TIME = 600

    def get_client_by_id(self, client_id: str) -> object:
        return super().get_client_by_id(client_id.lower())


def servers() -> None:
    AuthorizationServer()
    AuthorizationServer(Client)
    CacheAuthorizationServer(Client, Token, make_token)
    OwnServer(token_generator=make_token, options={"store": "sqlite:///oauth.db"})
    assert_type(default_server(), AuthorizationServer)
    registration = default_server().register_client({"redirect_uris": []})
    assert_type(registration, Registration)
    AuthorizationServer(store="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def protected(server: AuthorizationServer) -> None:
    ResourceProtector()
    ResourceProtector(server, origin="https://api.example.com")
    require_oauth = ResourceProtector(Client, Token)
    bare: Callable[[HttpRequest], HttpResponse] = require_oauth(view)
    called: Callable[[HttpRequest], HttpResponse] = require_oauth("photos")(view)
    later: Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]] = require_oauth(view_later)
    del bare, called, later
    wrong: Callable[[str], str] = require_oauth(view)  # type: ignore[assignment]  # pyright: ignore[reportArgumentType, reportAssignmentType]
    del wrong


def answers(server: AuthorizationServer, request: HttpRequest) -> HttpResponse:
    server.check_authorization_request(request)
    server.create_temporary_credential_response(request)
    server.create_authorization_response(request, grant_user=None)
    response: HttpResponse = server.create_token_response(request)
    return response
