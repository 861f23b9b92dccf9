"""The authorization server as an ASGI application under a path of somebody else's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from ..clock import Clock
from ..errors import SettingsError, StoreError
from ..http import HttpRequest, HttpResponse, json_response
from ..oauth1.server import AuthorizationServer as OAuth1Server
from ..oauth2.core import LoadUser
from ..oauth2.errors import RETRY_AFTER, MisdirectedRequestError
from ..oauth2.registration import Registration
from ..oauth2.resource import ResourceProtector
from ..oauth2.resource_owner import ResourceOwner
from ..oauth2.server import AuthorizationServer
from ..settings import Settings
from ..stores import Stores
from ..translation import Translate, Translation
from .asgi import Application, Handler, Receive, Scope, Send, Workers
from .embedding import derive_issuer, with_issuer

__all__ = [
    "Consent",
    "Identify",
    "MountedServer",
    "address_of",
    "answer_outages",
    "oauth1_routes",
    "protocol_routes",
]

log = logging.getLogger("oauthstore")

#: Tells who is signed in; asked at the authorization endpoint only.
Identify = Callable[[], Awaitable[ResourceOwner | None]]
#: What answers at the authorization endpoint: the request, and who is signed in.
Consent = Callable[[HttpRequest, ResourceOwner | None], HttpResponse]

#: Of a server that nobody has asked yet: no answer names it.
_NOT_KNOWN_YET: Final = "http://localhost"

_owner: ContextVar[ResourceOwner | None] = ContextVar("oauthstore_owner", default=None)


def protocol_routes(server: AuthorizationServer) -> dict[str, dict[str, Handler]]:
    """Return the endpoints that need no person: token, revocation, introspection, metadata."""
    paths, create = server.paths, server.create_endpoint_response
    return {
        paths.token: {"POST": answer_outages(server.create_token_response)},
        paths.revocation: {"POST": answer_outages(partial(create, "revocation"))},
        paths.introspection: {"POST": answer_outages(partial(create, "introspection"))},
        paths.metadata: {"GET": server.create_metadata_response},
    }


def oauth1_routes(server: OAuth1Server) -> dict[str, dict[str, Handler]]:
    """Return the endpoints of OAuth 1 that need no person; a GET they refuse by OAuth's error."""
    initiate, exchange = server.create_temporary_credentials_response, server.create_token_response
    return {
        server.paths.initiate: {"GET": initiate, "POST": initiate},
        server.paths.token: {"GET": exchange, "POST": exchange},
    }


def answer_outages(handler: Handler) -> Handler:
    """Answer a store's failure outside of the core's own care as RFC 6749 would."""

    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return handler(request)
        except StoreError:
            body = {"error": "temporarily_unavailable"}
            return json_response(503, body, [("Retry-After", str(RETRY_AFTER))])

    return answer


def address_of(scope: Scope, path: str | None = None) -> str:
    """Return the URL under which a request found this application.

    `path` is that of the application; by default where the request's scope has it.
    """
    hosts = (value.decode("latin-1") for name, value in scope["headers"] if name == b"host")
    where = scope.get("root_path", "") if path is None else path
    return f"{scope.get('scheme', 'http')}://{next(hosts, '')}{where}"


def _at_issuer(scope: Scope, issuer: str) -> Scope:
    """Return the scope with the path that clients know, wherever the request was routed.

    A proxy may have taken a prefix off, which is in `root_path` all the same:
    what the application itself was mounted at is behind `app_root_path`.
    """
    path, root = scope["path"], scope.get("root_path", "")
    for prefix in (root, root.removeprefix(scope.get("app_root_path", ""))):
        if path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
            break
    return {**scope, "path": urlsplit(issuer).path.rstrip("/") + path, "root_path": ""}


class MountedServer:
    """The endpoints on open stores; the issuer is known from the settings or the first request."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock,
        consent: Callable[[AuthorizationServer], Consent],
        oauth1_consent: Callable[[OAuth1Server], Consent],
        load_user: LoadUser | None = None,
        resource: str | None = None,
        translate: Translate | None = None,
    ) -> None:
        """Serve the endpoints; `consent` makes the one for people, `oauth1_consent` OAuth 1's."""
        self.stores = stores
        translation = self._translation = Translation(settings.languages, translate)
        self.protector = ResourceProtector(
            stores, clock, resource=resource, translation=translation
        )
        self.workers = Workers(blocking=stores.blocking)
        self._settings = settings
        self._clock = clock
        self._consent = consent
        self._oauth1_consent = oauth1_consent
        #: The paths at which it is asked who is signed in.
        self._asking: set[str] = set()
        self._load_user = load_user
        self._translate = translate
        self._lock = threading.Lock()
        self._served: tuple[AuthorizationServer, Application] | None = None
        if settings.issuer is not None:
            self._serve(settings)

    def server_at(self, address: str) -> AuthorizationServer:
        """Return the authorization server for a request to `address`.

        `SettingsError`: no issuer is set, and the address is not on loopback.
        """
        return self._served_at(address)[0]

    def _served_at(self, address: str) -> tuple[AuthorizationServer, Application]:
        if self._settings.issuer is None:
            derive_issuer(address)
        with self._lock:
            return self._served or self._serve(with_issuer(self._settings, address))

    def _serve(self, settings: Settings) -> tuple[AuthorizationServer, Application]:
        server = self._create(settings)
        routes = protocol_routes(server)
        if "authorization_code" in settings.grants:
            routes |= self._asking_at(server.paths.authorization, self._consent(server))
        if settings.oauth1.enabled:
            routes |= self._oauth1_routes(settings, server)
        self._served = server, Application(routes, workers=self.workers)
        return self._served

    def _create(self, settings: Settings) -> AuthorizationServer:
        return AuthorizationServer(
            settings,
            self.stores,
            clock=self._clock,
            load_user=self._load_user,
            translate=self._translate,
        )

    def register_client(self, metadata: Mapping[str, Any], **options: Any) -> Registration:
        """Register a client; before the issuer is known, as the settings have the server."""
        with self._lock:
            served = self._served
        if served is not None:
            return served[0].register_client(metadata, **options)
        server = self._create(replace(self._settings, issuer=_NOT_KNOWN_YET))
        return server.register_client(metadata, **options)

    def _oauth1_routes(
        self, settings: Settings, server: AuthorizationServer
    ) -> dict[str, dict[str, Handler]]:
        oauth1 = OAuth1Server(settings, self.stores, clock=self._clock, load_user=self._load_user)
        oauth1.translation = server.translation
        page = self._asking_at(oauth1.paths.authorization, self._oauth1_consent(oauth1))
        return oauth1_routes(oauth1) | page

    def _asking_at(self, path: str, consent: Consent) -> dict[str, dict[str, Handler]]:
        """Return the route of a page that is told who is signed in."""
        self._asking.add(path)
        asked: Handler = lambda request: consent(request, _owner.get())  # noqa: E731 - typed
        return {path: {"GET": asked, "POST": asked}}

    async def answer(self, scope: Scope, receive: Receive, send: Send, identify: Identify) -> None:
        """Serve one request."""
        try:
            server, application = self._served_at(address_of(scope))
        except SettingsError as error:
            refuse = partial(self.refuse, error)
            application = Application({}, workers=self.workers, not_found=refuse)
        else:
            scope = _at_issuer(scope, server.issuer)
            if scope["path"] in self._asking:
                _owner.set(await identify())
        await application(scope, receive, send)

    def refuse(self, error: SettingsError, request: HttpRequest) -> HttpResponse:
        """Answer a request for a host that is not this server's; what to set is for the log."""
        log.warning("A request was refused: %s", error)
        status, body, headers = MisdirectedRequestError()()
        return json_response(status, self._translation.translate_body(body, request), headers)

    def close(self) -> None:
        """Wait for the requests at work, and close the stores."""
        self.workers.close()
        self.stores.close()
