"""The validator in the protectors of Authlib, Flask, Starlette and FastAPI: the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Annotated

import httpx
import pytest
from authlib.integrations.flask_oauth2 import ResourceProtector as AuthlibProtector
from fastapi import Depends, FastAPI
from flask import Flask

from oauthstore_core.integrations.fastapi import OAuthError, ResourceProtector, answer_error
from oauthstore_core.integrations.flask_oauth2 import ResourceProtector as FlaskProtector
from oauthstore_core.integrations.flask_oauth2 import current_token
from oauthstore_core.introspection import (
    IntrospectedToken,
    IntrospectionClient,
    IntrospectionTokenValidator,
)

from .endpoint import Endpoint

#: The request's Authorization to its answer.
Ask = Callable[[str | None], httpx.Response]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def validator(endpoint: Endpoint) -> Iterator[IntrospectionTokenValidator]:
    with closing(IntrospectionClient(endpoint.url, "api", "secret")) as client:
        yield IntrospectionTokenValidator(client)


@pytest.fixture(params=["flask", "authlib", "fastapi"])
def ask(request: pytest.FixtureRequest, validator: IntrospectionTokenValidator) -> Ask:
    if request.param == "fastapi":
        return ask_fastapi(validator)
    return ask_flask(
        FlaskProtector() if request.param == "flask" else AuthlibProtector(), validator
    )


def ask_flask(protector: AuthlibProtector, validator: IntrospectionTokenValidator) -> Ask:
    protector.register_token_validator(validator)
    app = Flask(__name__)

    @app.get("/me")
    @protector("profile")
    def me() -> dict[str, str]:
        return {"sub": current_token["sub"]}

    transport = httpx.WSGITransport(app=app)

    def ask(authorization: str | None) -> httpx.Response:
        with httpx.Client(transport=transport, base_url="http://api") as client:
            return client.get("/me", headers=_headers(authorization))

    return ask


def ask_fastapi(validator: IntrospectionTokenValidator) -> Ask:
    protector, app = ResourceProtector(validator), FastAPI()
    app.add_exception_handler(OAuthError, answer_error)

    def me(token: IntrospectedToken) -> dict[str, str | None]:
        return {"sub": token.subject}

    # The annotations of a function in a function are not to be found by name.
    me.__annotations__["token"] = Annotated[
        IntrospectedToken, Depends(protector.require("profile"))
    ]
    app.get("/me")(me)

    async def send(authorization: str | None) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get("/me", headers=_headers(authorization))

    return lambda authorization: asyncio.run(send(authorization))


def _headers(authorization: str | None) -> dict[str, str]:
    return {} if authorization is None else {"Authorization": authorization}


def test_an_active_token_of_the_scope_opens_the_resource(ask: Ask) -> None:
    answer = ask("Bearer token")

    assert answer.status_code == 200
    assert answer.json() == {"sub": "alice"}


@pytest.mark.parametrize("authorization", ["Bearer token", "bearer token"])
def test_an_inactive_token_is_401(ask: Ask, endpoint: Endpoint, authorization: str) -> None:
    endpoint.answer = {"active": False}

    answer = ask(authorization)

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_token"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("authorization", [None, "Basic eDp5", "Bearer"])
def test_a_request_without_a_token_is_401_and_no_question(
    ask: Ask, endpoint: Endpoint, authorization: str | None
) -> None:
    answer = ask(authorization)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer ")
    assert endpoint.asked == []


def test_a_token_of_another_scope_is_403(ask: Ask, endpoint: Endpoint) -> None:
    endpoint.answer["scope"] = "mail"

    answer = ask("Bearer token")

    assert answer.status_code == 403
    assert 'scope="profile"' in answer.headers["WWW-Authenticate"]


def test_a_server_that_cannot_be_asked_is_503_with_retry_after(
    ask: Ask, endpoint: Endpoint
) -> None:
    endpoint.status = 500

    answer = ask("Bearer token")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["error"] == "temporarily_unavailable"
