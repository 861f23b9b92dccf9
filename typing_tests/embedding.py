"""What the author of an application writes, judged by mypy and pyright; nothing here is run."""

from __future__ import annotations

from typing import Annotated, Any, assert_type

from authlib.integrations.flask_oauth2 import ResourceProtector as AuthlibProtector
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from oauthstore_core.integrations import fastapi, starlette
from oauthstore_core.introspection import (
    IntrospectedToken,
    IntrospectionClient,
    IntrospectionTokenValidator,
)
from oauthstore_core.oauth2.registration import Registration


def signed_in(request: Request) -> int | None:
    found: int | None = request.session.get("user_id")
    return found


async def signed_in_async(request: Request) -> str | None:
    return request.headers.get("X-User")


oauth = fastapi.AuthorizationServer(
    store="sqlite:///oauth.db",
    issuer="https://example.com/oauth",
    secret_keys=["k" * 40],
    scopes={"profile": "See your name"},
    settings={"lifetimes": {"access_token": 600}},
    user_id=signed_in,
    login_url="/login",
)
app = FastAPI(lifespan=oauth.lifespan)
app.mount("/oauth", oauth)
app.include_router(oauth.well_known)
app.add_exception_handler(fastapi.OAuthError, fastapi.answer_error)


@app.get("/me")
def me(token: Annotated[fastapi.Token, Depends(oauth.require("profile"))]) -> str | None:
    assert_type(token.scope, str)
    return assert_type(token.subject, str | None)


assert_type(oauth.register_client({"client_name": "Notes"}), Registration)
oauth.require(["profile", "mail"])
oauth.require(lambda scopes: "profile" in scopes)
oauth.require(7)  # type: ignore[arg-type]  # neither texts nor a function

# --- Starlette ---

plain = starlette.AuthorizationServer(user_id=signed_in_async)
Starlette(lifespan=plain.lifespan, routes=[Mount("/oauth", plain), *plain.well_known.routes])


async def protected(request: Request) -> str | None:
    token = assert_type(await plain.validate(request, "profile"), starlette.Token)
    return token.client_id


# --- a resource server elsewhere ---

client = IntrospectionClient("https://auth.example.com/introspect", "api", "secret")
validator = IntrospectionTokenValidator(client, audience="https://api.example", cache_seconds=30)
protector = fastapi.ResourceProtector(validator)
AuthlibProtector().register_token_validator(validator)


@app.get("/reports")
def reports(
    token: Annotated[IntrospectedToken, Depends(protector.require("reports"))],
) -> dict[str, Any]:
    assert_type(token.client_id, str | None)
    return token
