"""The authorization server inside of a Starlette application.

::

    oauth = AuthorizationServer(
        store="sqlite:///oauth.db",
        secret_keys=[...],
        user_id=lambda request: request.session.get("user_id"),
        login_url="/login",
    )
    app = Starlette(
        lifespan=oauth.lifespan,
        routes=[Mount("/oauth", oauth), *oauth.well_known.routes],
    )

A protected resource asks ``token = await oauth.validate(request, "profile")``.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..backends import Backend
from ..clock import Clock, SystemClock
from ..errors import ConfigurationError, SettingsError
from ..http import HttpResponse
from ..oauth1.server import AuthorizationServer as OAuth1Server
from ..oauth2.core import LoadUser
from ..oauth2.registration import Registration
from ..oauth2.resource import Scopes
from ..oauth2.resource_owner import ResourceOwner
from ..oauth2.server import AuthorizationServer as NeutralServer
from ..oauth2.views import AccessToken as Token
from ..sealing import KeyRing
from ..stores import Stores
from ..translation import Translate
from .asgi import Receive, Scope, Send
from .embedding import load_settings, open_embedded

try:
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import BaseRoute, Mount, Route, Router

    from ..pages.embedded import EmbeddedConsent, no_sign_in
    from ..pages.oauth1_embedded import EmbeddedOAuth1Consent
    from .bearer import OAuthError, ResourceProtector, answer_error, read_request, validate_bearer
except ModuleNotFoundError as error:
    missing = (error.name or "").partition(".")[0]
    if missing not in {"jinja2", "markupsafe", "starlette"}:
        raise
    raise ImportError(
        f"{__name__} needs {missing}, which is not installed. "
        "Install it: pip install 'oauthstore-core[starlette]'"
    ) from error

from .mounted import Consent, MountedServer, address_of

__all__ = [
    "AuthorizationServer",
    "OAuthError",
    "ResourceProtector",
    "Token",
    "UserId",
    "answer_error",
]

log = logging.getLogger("oauthstore")

#: Tells of a request who is signed in: a subject (what is no text is made one), None for nobody.
UserId = Callable[[Request], Awaitable[object] | object]
_WELL_KNOWN = "/.well-known/oauth-authorization-server"


class AuthorizationServer:
    """An ASGI application to mount: token, revocation, introspection, metadata, consent.

    It is open within its `lifespan`. Where the store waits for I/O, it is asked
    in worker threads.
    """

    #: What `validate` raises.
    error_class: ClassVar[type[OAuthError]] = OAuthError

    def __init__(
        self,
        *,
        store: str | None = None,
        issuer: str | None = None,
        secret_keys: Sequence[str] | None = None,
        scopes: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        user_id: UserId | None = None,
        login_url: str | None = None,
        load_user: LoadUser | None = None,
        resource: str | None = None,
        translate: Translate | None = None,
        migrate: bool | None = None,
        backends: Mapping[str, Backend] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take settings; what is not given comes from the environment or ``oauthstore.toml``.

        `settings` are further ones, nested as in the file. Without an `issuer`
        the first request on loopback decides. `user_id` tells of a request who
        is signed in, sync or async; who is not is sent to `login_url` with the
        parameter ``next``. `load_user` maps a subject to the application's user,
        or None where there is none any more. `resource` is this application's
        own URI, if its tokens name one (RFC 8707). `translate` is the application's
        own translator, see `translation.Translation`. `migrate` and `backends` are
        as in `embedding.open_embedded`. `SettingsError` lists every problem.
        """
        given = {"store": store, "issuer": issuer, "secret_keys": secret_keys, "scopes": scopes}
        self.settings = load_settings({**(settings or {}), **_without_none(given)})
        self.clock: Clock = SystemClock() if clock is None else clock
        self.key_ring = KeyRing(self.settings.secret_keys)
        self._user_id = user_id
        self._login_url = login_url
        self._load_user = load_user
        self._resource = resource
        self._translate = translate
        self._migrate = migrate
        self._backends = backends
        self._mount_path: str | None = None
        self._running: MountedServer | None = None

    # --- living ---

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncGenerator[None]:
        """Open the stores for as long as the application runs: its ``lifespan``.

        One that has a lifespan of its own enters this one in it:
        ``async with oauth.lifespan(app): ...``.
        """
        self._mount_path = _find_mount(getattr(app, "routes", ()), self)
        self._warn()
        running = self._running = await asyncio.to_thread(self._open)
        try:
            yield
        finally:
            self._running = None
            await asyncio.to_thread(running.close)

    def _open(self) -> MountedServer:
        stores = open_embedded(
            self.settings, migrate=self._migrate, backends=self._backends, clock=self.clock
        )
        try:
            return MountedServer(
                self.settings,
                stores,
                clock=self.clock,
                consent=self._consent,
                oauth1_consent=self._oauth1_consent,
                load_user=self._load_user,
                resource=self._resource,
                translate=self._translate,
            )
        except BaseException:
            stores.close()
            raise

    def _consent(self, server: NeutralServer) -> Consent:
        if self._user_id is None:
            return no_sign_in(server)
        return EmbeddedConsent(server, login_url=self._login_url).respond

    def _oauth1_consent(self, server: OAuth1Server) -> Consent:
        if self._user_id is None:
            return no_sign_in(server)
        return EmbeddedOAuth1Consent(server, login_url=self._login_url).respond

    def _warn(self) -> None:
        issuer, mount = self.settings.issuer, self._mount_path
        if issuer is not None and mount is not None and urlsplit(issuer).path.rstrip("/") != mount:
            log.warning(
                "The issuer is %s, so clients look for the endpoints below it, but the server is "
                "mounted at %r. Mount it at the issuer's path, unless a proxy in front does so.",
                issuer,
                mount,
            )
        if self._user_id is None and "authorization_code" in self.settings.grants:
            log.warning(
                "The grant type authorization_code is on, but nothing tells who is signed in, so "
                "nobody can consent. Pass user_id=, or leave that grant out of `grants`."
            )

    @property
    def running(self) -> MountedServer:
        """What serves within the lifespan. `ConfigurationError`: outside of it."""
        if self._running is None:
            raise ConfigurationError(
                "The authorization server was asked for something, but it is not open. Give the "
                "application its lifespan: FastAPI(lifespan=oauth.lifespan), or enter it in yours: "
                "async with oauth.lifespan(app). A test client runs it in its `with` block."
            )
        return self._running

    @property
    def stores(self) -> Stores:
        """The open stores."""
        return self.running.stores

    def register_client(self, metadata: Mapping[str, Any], **options: Any) -> Registration:
        """Register a client in the store, of the grant types and scopes that are served by now.

        See `oauth2.registration.register_client` for options and errors.
        """
        return self.running.register_client(metadata, **options)

    # --- serving ---

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request below the path that this is mounted at; there are no websockets."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            raise ConfigurationError(
                f"The authorization server was given the ASGI scope {scope['type']!r}, which is "
                "for a whole application. Mount it in one, and give that one its lifespan."
            )

        async def identify() -> ResourceOwner | None:
            return await self._identify(Request(scope))

        await self.running.answer(scope, receive, send, identify)

    async def _identify(self, request: Request) -> ResourceOwner | None:
        if self._user_id is None:
            return None
        # Before it is looked up who this is: see `ResourceOwner.present_at`.
        present_at = self.clock.now()
        if inspect.iscoroutinefunction(self._user_id):
            found = await self._user_id(request)
        else:
            found = await run_in_threadpool(self._user_id, request)
            if inspect.isawaitable(found):
                found = await found
        if found is None or found is False or found == "":
            return None
        return ResourceOwner(str(found), present_at=present_at)

    @property
    def well_known(self) -> Router:
        """The route of the metadata, which lies at the root of the host (RFC 8414 section 3)."""
        return Router(routes=[self._well_known_route()])

    def _well_known_route(self) -> Route:
        path = f"{_WELL_KNOWN}{{issuer_path:path}}"
        return Route(path, self._answer_metadata, methods=["GET"], include_in_schema=False)

    async def _answer_metadata(self, request: Request) -> Response:
        root = request.scope.get("root_path", "")
        try:
            server = self.running.server_at(
                address_of(request.scope, f"{root}{self._mount_path or ''}")
            )
        except SettingsError as error:
            return _to_starlette(self.running.refuse(error, read_request(request)))
        if request.path_params["issuer_path"] != urlsplit(server.issuer).path.rstrip("/"):
            return JSONResponse({"error": "invalid_request"}, 404)
        return _to_starlette(server.create_metadata_response(read_request(request)))

    # --- protecting ---

    async def validate(self, request: HTTPConnection, scopes: Scopes = None) -> Token:
        """Return the request's access token if it is valid and reaches `scopes`.

        A text: all of its words are needed; a sequence: one of its texts; a
        function: it is given the token's scopes. `OAuthError`: it is not.
        """
        running = self.running
        token: Token = await validate_bearer(
            self.error_class, running.protector, running.workers, request, scopes
        )
        return token


def _without_none(given: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in given.items() if value is not None}


def _find_mount(routes: Iterable[BaseRoute], application: object) -> str | None:
    """Return the path that an application is mounted at, if it is."""
    for route in routes:
        if not isinstance(route, Mount):
            continue
        if route.app is application:
            return route.path
        below = _find_mount(route.routes, application)
        if below is not None:
            return route.path + below
    return None


def _to_starlette(response: HttpResponse) -> Response:
    return Response(response.body, response.status, dict(response.headers))
