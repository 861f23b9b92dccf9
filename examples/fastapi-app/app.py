"""A FastAPI application that signs people in, and is an authorization server besides."""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

from oauthstore_core.integrations.fastapi import AuthorizationServer, Token

oauth = AuthorizationServer(
    store="sqlite:///oauth.db",
    scopes={"profile": "See your name"},
    user_id=lambda request: request.session.get("user_id"),
    login_url="/login",
)
app = FastAPI(lifespan=oauth.lifespan)
app.mount("/oauth", oauth)
app.include_router(oauth.well_known)


@app.get("/me")
def me(token: Annotated[Token, Depends(oauth.require("profile"))]) -> dict[str, str | None]:
    """Return whose token this is: a protected route."""
    return {"sub": token.subject}


# What follows is no part of it: the application's own way to sign people in. This one believes
# every name; yours asks for a password.

app.add_middleware(SessionMiddleware, secret_key=os.environ["SESSION_KEY"])
LOGIN = (
    '<form method="post"><label>Name <input name="name"></label> <button>Sign in</button></form>'
)


@app.get("/login")
def show_login() -> HTMLResponse:
    """Show the form; it posts to the address that it has, with ``next``."""
    return HTMLResponse(LOGIN)


@app.post("/login")
async def login(request: Request, next: str = "/") -> RedirectResponse:  # noqa: A002 - sent so
    """Sign in, and go on to where the visitor was going: nowhere but to a path of this host."""
    form = parse_qs((await request.body()).decode())
    request.session["user_id"] = form["name"][0]
    local = next.startswith("/") and not next.startswith(("//", "/\\"))
    return RedirectResponse(next if local else "/", status_code=303)
