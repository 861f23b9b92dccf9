"""An application on each edge, of the same settings, with alice, clients and protected resources.

Alice is whose requests have the field ``X-User``, which an application may read; at the standalone
server she signs in.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import flask
from argon2 import PasswordHasher
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from oauthstore_core.integrations import fastapi as fastapi_edge
from oauthstore_core.integrations import flask_oauth1, flask_oauth2
from oauthstore_core.integrations import starlette as starlette_edge
from oauthstore_core.oauth1.registration import register_client as register_oauth1_client
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.sealing import KeyRing
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.application import application_of, open_server
from oauthstore_core.settings import Settings
from oauthstore_core.stores import Stores
from oauthstore_core.testing.clock import FakeClock

from .django_application import serve_django
from .exchanges import CALLBACK, ISSUER
from .player import NOW, Browser
from .wire import AsgiWire, Wire, WsgiWire

__all__ = ["EDGES", "SETTINGS", "Edge", "people"]

PASSWORD = "correct horse battery"
SCOPES = {"profile": "See your name", "mail": "Read your mail"}
SETTINGS: Mapping[str, Any] = {
    "store": "memory://",
    "issuer": ISSUER,
    "secret_keys": ["k" * 40],
    "scopes": SCOPES,
    "resources": ["https://api.example/photos", "https://api.example/mail"],
    "languages": ["de"],
}
OAUTH1 = {"enabled": True, "signature_methods": ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"]}
#: Resources of bearers by their paths, and one of OAuth 1's, which has no protector on ASGI.
_SCOPES_OF_PATHS: Mapping[str, Any] = {
    "/profile": "profile",
    "/both": "profile mail",
    "/either": ["profile", "mail"],
}
SIGNED = "/signed"
#: Client id to metadata; the confidential ones have the secret `secret`.
CLIENTS: Mapping[str, Mapping[str, Any]] = {
    "c1": {
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "profile mail",
    },
    "c2": {
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "scope": "profile",
    },
    "c3": {"grant_types": ["client_credentials"], "scope": "mail"},
    "c4": {
        "grant_types": ["client_credentials"],
        "scope": "mail",
        "token_endpoint_auth_method": "client_secret_post",
    },
    "c5": {
        "redirect_uris": [CALLBACK, "http://127.0.0.1/back?of=app", "org.example.app:/back"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "none",
        "scope": "profile mail",
    },
}


@dataclass(frozen=True)
class Edge:
    """A running application."""

    wire: Wire
    #: What a browser of alice's has been given.
    alice: Mapping[str, str]
    #: Where those are sent who are not signed in.
    login: str = "/login"
    #: Alice's password, where she signs in here.
    password: str | None = None
    #: What tokens call her.
    subject: str = "alice"
    #: The protected resources that are not here.
    lacks: Collection[str] = ()


def people(edge: Edge) -> Mapping[str | None, Browser]:
    """Return alice's browser, and one of nobody who is signed in."""
    alice = Browser(edge.wire, edge.alice)
    if edge.password is not None:
        alice.submit(edge.login, name="alice", password=edge.password)
    return {"alice": alice, None: Browser(edge.wire)}


def _tell(token: Any) -> str:  # noqa: ANN401 - of either protocol
    return json.dumps({"sub": token.subject, "client": token.client_id})


def _register(stores: Stores, clock: FakeClock) -> None:
    ring = KeyRing(SETTINGS["secret_keys"])
    for client_id, metadata in CLIENTS.items():
        public = metadata.get("token_endpoint_auth_method") == "none"
        register_client(
            stores.clients,
            metadata,
            key_ring=ring,
            clock=clock,
            client_id=client_id,
            client_secret=None if public else "secret",
            scopes=tuple(SCOPES),
        )
    for client_id, options in _OAUTH1_CLIENTS.items():
        metadata = {"client_name": "Album", "redirect_uris": [CALLBACK]}
        register_oauth1_client(
            stores.clients,
            metadata,
            key_ring=ring,
            clock=clock,
            client_id=client_id,
            client_secret="secret",
            **options,  # type: ignore[arg-type]
        )


_OAUTH1_CLIENTS: Mapping[str, Mapping[str, Any]] = {
    "album": {},
    "printer": {"signature_methods": ["PLAINTEXT", "HMAC-SHA256"]},
}


# --- the standalone server ---


@contextmanager
def standalone(settings: Mapping[str, Any]) -> Iterator[Edge]:
    clock = FakeClock(NOW)
    server = open_server(Settings.from_mapping({**settings, "oauth1": OAUTH1}), clock)
    accounts = server.stores.accounts
    assert accounts is not None
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    alice = Accounts(accounts, clock, cheap).create("alice", PASSWORD)
    _register(server.stores, clock)
    with AsgiWire.running(application_of(server)) as wire:
        yield Edge(wire, {}, "/oauth/sign-in", PASSWORD, alice.subject, (*_SCOPES_OF_PATHS, SIGNED))


# --- Starlette and FastAPI ---


def _signed_in(request: Request) -> str | None:
    return request.headers.get("X-User")


def _mounted(kind: Any, settings: Mapping[str, Any]) -> tuple[Any, FakeClock]:  # noqa: ANN401 - one of two modules
    clock = FakeClock(NOW)
    oauth = kind.AuthorizationServer(
        settings={**settings, "oauth1": OAUTH1},
        user_id=_signed_in,
        login_url="/login",
        clock=clock,
    )
    return oauth, clock


@contextmanager
def starlette(settings: Mapping[str, Any]) -> Iterator[Edge]:
    oauth, clock = _mounted(starlette_edge, settings)

    def protect(path: str, scopes: Any) -> Route:  # noqa: ANN401 - as of `validate`
        async def tell(request: Request) -> Response:
            token = await oauth.validate(request, scopes)
            return Response(_tell(token), media_type="application/json")

        return Route(path, tell)

    app = Starlette(
        lifespan=oauth.lifespan,
        routes=[
            Mount("/oauth", oauth),
            *oauth.well_known.routes,
            *(protect(path, scopes) for path, scopes in _SCOPES_OF_PATHS.items()),
        ],
        exception_handlers={starlette_edge.OAuthError: starlette_edge.answer_error},
    )
    with AsgiWire.running(app, oauth.lifespan) as wire:
        _register(oauth.stores, clock)
        yield Edge(wire, {"X-User": "alice"}, lacks=[SIGNED])


@contextmanager
def fastapi(settings: Mapping[str, Any]) -> Iterator[Edge]:
    oauth, clock = _mounted(fastapi_edge, settings)
    app = FastAPI(lifespan=oauth.lifespan)
    app.mount("/oauth", oauth)
    app.include_router(oauth.well_known)
    app.add_exception_handler(fastapi_edge.OAuthError, fastapi_edge.answer_error)

    def protect(path: str, require: Callable[..., Awaitable[Any]]) -> None:
        def tell(token: Any) -> Response:  # noqa: ANN401 - FastAPI reads what stands below
            return Response(_tell(token), media_type="application/json")

        tell.__annotations__ = {"token": Annotated[Any, Depends(require)]}
        app.get(path)(tell)

    for path, scopes in _SCOPES_OF_PATHS.items():
        protect(path, oauth.require(scopes))
    with AsgiWire.running(app, oauth.lifespan) as wire:
        _register(oauth.stores, clock)
        yield Edge(wire, {"X-User": "alice"}, lacks=[SIGNED])


# --- Flask ---


@contextmanager
def flask_dispatched(settings: Mapping[str, Any]) -> Iterator[Edge]:
    with _flask(settings, before_flask=False) as edge:
        yield edge


@contextmanager
def flask_before(settings: Mapping[str, Any]) -> Iterator[Edge]:
    with _flask(settings, before_flask=True) as edge:
        yield edge


@contextmanager
def _flask(settings: Mapping[str, Any], *, before_flask: bool) -> Iterator[Edge]:
    app, clock = flask.Flask("site"), FakeClock(NOW)
    app.config["SECRET_KEY"] = "s" * 40
    server = flask_oauth2.AuthorizationServer(app, clock=clock, **settings)
    oauth1 = flask_oauth1.AuthorizationServer(app, oauth1=OAUTH1, clock=clock)
    require = flask_oauth2.ResourceProtector(server)
    person = lambda: flask.request.headers.get("X-User")  # noqa: E731 - short
    app.register_blueprint(server.blueprint(person, login_url="/login", before_flask=before_flask))
    app.register_blueprint(oauth1.blueprint(person, login_url="/login", url_prefix="/oauth/oauth1"))

    def tell() -> flask.Response:
        return flask.Response(_tell(flask_oauth2.current_token), mimetype="application/json")

    for path, scopes in _SCOPES_OF_PATHS.items():
        app.add_url_rule(path, path, require(scopes)(tell))
    signed = flask_oauth1.ResourceProtector(oauth1)

    def tell_of_credential() -> flask.Response:
        return flask.Response(_tell(flask_oauth1.current_credential), mimetype="application/json")

    app.add_url_rule(SIGNED, "signed", signed()(tell_of_credential))
    _register(server.stores, clock)
    yield Edge(WsgiWire(app), {"X-User": "alice"})
    server.close()


# --- Django ---


@contextmanager
def django_wsgi(settings: Mapping[str, Any]) -> Iterator[Edge]:
    with _django(settings) as (wsgi, _):
        yield Edge(WsgiWire(wsgi), {"X-User": "alice"})


@contextmanager
def django_asgi(settings: Mapping[str, Any]) -> Iterator[Edge]:
    with _django(settings) as (_, asgi), AsgiWire.running(asgi) as wire:
        yield Edge(wire, {"X-User": "alice"})


@contextmanager
def _django(settings: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    clock = FakeClock(NOW)
    with serve_django({**settings, "oauth1": OAUTH1}, clock, _SCOPES_OF_PATHS, _tell) as served:
        _register(served.stores, clock)
        yield served.wsgi, served.asgi


#: By name.
EDGES: Mapping[str, Callable[[Mapping[str, Any]], AbstractContextManager[Edge]]] = {
    "standalone": standalone,
    "Starlette": starlette,
    "FastAPI": fastapi,
    "Flask": flask_dispatched,
    "Flask, before it dispatches": flask_before,
    "Django by WSGI": django_wsgi,
    "Django by ASGI": django_asgi,
}
