"""Which web applications' scripts may read an answer (CORS); never with credentials.

The metadata is public and the same for everybody, so every origin may read it.
Token and revocation endpoint answer the origins of the setting
`server.allowed_origins`, and those that the redirect URIs of the public client
name which is asking. All other endpoints answer no script (RFC 9700 section 2.6).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from ..errors import StoreError
from ..http import HttpRequest, HttpResponse, MalformedRequestError
from ..integrations.asgi import Handler
from ..oauth2.server import AuthorizationServer

__all__ = ["Origins", "open_to_all"]

_MAX_AGE = "600"


class Origins:
    """Tells browsers whose scripts may read what the endpoints of a server answer."""

    def __init__(self, server: AuthorizationServer, allowed: Collection[str]) -> None:
        """Let these origins ask, besides those of public clients."""
        self._server = server
        self._allowed = frozenset(allowed)

    def guard(self, handler: Handler) -> dict[str, Handler]:
        """Return the methods of an endpoint that is posted to."""

        def answer(request: HttpRequest) -> HttpResponse:
            response = handler(request)
            response.headers.append(("Vary", "Origin"))
            origin = request.headers.get("Origin")
            if origin is not None and self._may_read(origin, request):
                response.headers.append(("Access-Control-Allow-Origin", origin))
                response.headers.append(
                    ("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate")
                )
            return response

        return {"POST": answer, "OPTIONS": self._preflight}

    def _may_read(self, origin: str, request: HttpRequest) -> bool:
        return origin in self._allowed or origin in self._origins_of_client(request)

    def _origins_of_client(self, request: HttpRequest) -> Collection[str]:
        """Return the origins of the public client that asks; none where nobody can tell."""
        try:
            client_id = dict(request.form).get("client_id")
            client = None if client_id is None else self._server.query_client(client_id)
        except (MalformedRequestError, StoreError):
            return ()
        if client is None or not client.check_endpoint_auth_method("none", "token"):
            return ()
        parts = [urlsplit(uri) for uri in client.redirect_uris]
        return {f"{part.scheme}://{part.netloc}" for part in parts if part.hostname}

    def _preflight(self, request: HttpRequest) -> HttpResponse:
        """Answer what a browser asks before a request with unusual header fields.

        It does not say which client that will be, so that only the setting tells.
        The form that a public client posts needs none.
        """
        headers = [("Vary", "Origin")]
        origin = request.headers.get("Origin")
        if origin in self._allowed:
            headers += [
                ("Access-Control-Allow-Origin", str(origin)),
                ("Access-Control-Allow-Methods", "POST"),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
                ("Access-Control-Max-Age", _MAX_AGE),
            ]
        return HttpResponse(200, b"", headers)


def open_to_all(handler: Handler) -> Handler:
    """Let every origin's scripts read what `handler` answers, which is public."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        response.set_header("Access-Control-Allow-Origin", "*")
        return response

    return answer
