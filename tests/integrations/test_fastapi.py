"""The authorization server inside of a FastAPI application, and protected routes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from oauthstore_core.integrations.fastapi import (
    AuthorizationServer,
    OAuthError,
    Token,
    answer_error,
)

from .opened import CLIENT, Opened, ask

SCOPES = {"profile": "See your name", "mail": "Read your mail"}


def build(**options: Any) -> tuple[FastAPI, AuthorizationServer]:
    oauth = AuthorizationServer(user_id=lambda _: "alice", scopes=SCOPES, **options)
    app = FastAPI(lifespan=oauth.lifespan)
    app.mount("/oauth", oauth)
    app.include_router(oauth.well_known)

    def me(token: Annotated[Token, Depends(oauth.require("profile"))]) -> dict[str, str | None]:
        return {"sub": token.subject, "scope": token.scope}

    # The annotations of a function in a function are not to be found by name.
    me.__annotations__["token"] = Annotated[Token, Depends(oauth.require("profile"))]
    app.get("/me")(me)
    app.get("/either", dependencies=[Depends(oauth.require(["mail", "profile"]))])(_nothing)
    app.get("/both", dependencies=[Depends(oauth.require("mail profile"))])(_nothing)
    app.get("/any", dependencies=[Depends(oauth.require())])(_nothing)
    app.get("/few", dependencies=[Depends(oauth.require(_few))])(_nothing)
    return app, oauth


def _nothing() -> dict[str, str]:
    return {}


def _few(scopes: Collection[str]) -> bool:
    return len(scopes) < 2


def test_a_route_gets_the_token_and_the_whole_flow_leads_there() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        metadata = opened.get("/.well-known/oauth-authorization-server/oauth").json()
        tokens = opened.issue(oauth.register_client(CLIENT).client.client_id)
        answer = opened.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert metadata["issuer"] == "http://127.0.0.1:8000/oauth"
    assert answer.json() == {"sub": "alice", "scope": "profile"}


def test_a_route_that_asks_twice_for_the_same_scopes_reads_the_token_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, oauth = build()
    asked = ["profile", "mail"]
    twice = [Depends(oauth.require(asked)), Depends(oauth.require(list(asked)))]
    app.get("/twice", dependencies=twice)(_nothing)
    reads: list[str] = []

    with Opened(app, oauth) as opened:
        tokens = opened.issue(oauth.register_client(CLIENT).client.client_id)
        query_token = oauth.stores.tokens.query_token

        def read(digest: str) -> object:
            reads.append(digest)
            return query_token(digest)

        monkeypatch.setattr(oauth.stores.tokens, "query_token", read)
        answer = opened.get("/twice", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert answer.status_code == 200
    assert len(reads) == 1


@pytest.mark.parametrize("handed_on", ["", "/api"], ids=["taken off", "handed on"])
def test_behind_a_proxy_with_a_prefix_the_endpoints_are_found_and_the_issuer_has_it(
    handed_on: str,
) -> None:
    app, oauth = build()

    with Opened(app, oauth, root_path="/api") as opened:
        metadata = opened.get(f"{handed_on}/.well-known/oauth-authorization-server/api/oauth")
        client_id = oauth.register_client(CLIENT).client.client_id
        page = opened.get(f"{handed_on}{ask(client_id)}")
        answer = opened.post(f"{handed_on}/oauth/token", data={"grant_type": "refresh_token"})

    assert metadata.json()["token_endpoint"] == "http://127.0.0.1:8000/api/oauth/token"
    assert 'action="/api/oauth/authorize?' in page.text
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("profile", {"/me", "/either", "/any", "/few"}),
        ("mail", {"/either", "/any", "/few"}),
        ("mail profile", {"/me", "/either", "/both", "/any"}),
    ],
)
def test_scopes_are_one_of_a_list_all_of_a_text_or_a_function_s_affair(
    scope: str, allowed: set[str]
) -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        tokens = opened.issue(oauth.register_client(CLIENT).client.client_id, scope)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        paths = ("/me", "/either", "/both", "/any", "/few")
        answers = {path: opened.get(path, headers=bearer).status_code for path in paths}

    assert answers == {path: 200 if path in allowed else 403 for path in paths}


def test_a_refusal_has_the_standard_s_status_and_challenge_by_itself() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        answer = opened.get("/me", headers={"Authorization": "Bearer unknown"})

    assert answer.status_code == 401
    assert answer.json()["detail"]["error"] == "invalid_token"
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="oauthstore", error="invalid_token"')


def test_with_the_handler_a_refusal_has_the_standard_s_body_too() -> None:
    app, oauth = build()
    app.add_exception_handler(OAuthError, answer_error)

    with Opened(app, oauth) as opened:
        answer = opened.get("/me")

    assert answer.status_code == 401
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="oauthstore"'


def test_the_handler_answers_its_own_errors_only() -> None:
    with pytest.raises(TypeError, match="OAuthError"):
        answer_error(None, ValueError("something else"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("issuer", "token_url"),
    [
        (None, "/oauth/token"),
        ("https://auth.example.com/oauth", "https://auth.example.com/oauth/token"),
    ],
)
def test_openapi_shows_the_scheme_its_flows_and_each_route_s_scopes(
    issuer: str | None, token_url: str
) -> None:
    app, oauth = build(issuer=issuer)

    with Opened(app, oauth) as opened:
        document = opened.get("/openapi.json").json()

    scheme = document["components"]["securitySchemes"]["OAuth2"]
    assert scheme["type"] == "oauth2"
    assert scheme["flows"]["authorizationCode"]["tokenUrl"] == token_url
    assert scheme["flows"]["clientCredentials"]["scopes"] == SCOPES
    assert document["paths"]["/me"]["get"]["security"] == [{"OAuth2": ["profile"]}]
    assert document["paths"]["/both"]["get"]["security"] == [{"OAuth2": ["mail", "profile"]}]
    assert "/.well-known/oauth-authorization-server{issuer_path}" not in document["paths"]


WITHOUT = """
import sys
sys.modules[{absent!r}] = None
try:
    import oauthstore_core.integrations.{module}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "absent", "extra"),
    [
        ("fastapi", "fastapi", "fastapi"),
        ("starlette", "starlette", "starlette"),
        ("starlette", "jinja2", "starlette"),
        ("fastapi", "jinja2", "starlette"),
        ("django_oauth1", "django", "django"),
        ("django_oauth2", "django", "django"),
        ("ninja", "ninja", "ninja"),
        ("rest_framework", "rest_framework", "drf"),
    ],
)
def test_where_the_extra_is_missing_the_import_says_which_one(
    module: str, absent: str, extra: str
) -> None:
    program = WITHOUT.format(module=module, absent=absent)

    done = subprocess.run(  # noqa: S603 - our own fixed code
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert f"needs {absent}, which is not installed" in done.stdout
    assert f"pip install 'oauthstore-core[{extra}]'" in done.stdout
