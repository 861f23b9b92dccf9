"""The endpoints of a server as Django's URL patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial, wraps
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import URLPattern, URLResolver, get_script_prefix, path, re_path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ..django_oauth2 import AuthorizationServer
from ..django_oauth2.places import path_below
from .consent import ConsentView

__all__ = ["create_routes"]

_ENDPOINTS: Final = {"revocation": "revoke", "introspection": "introspect"}


def create_routes(server: AuthorizationServer) -> Sequence[URLPattern | URLResolver]:
    """Return ``authorize``, ``token``, ``revoke``, ``introspect`` and the metadata.

    They are for the root of a project's URLs, and lie under the issuer's path,
    by default ``oauth/``; the metadata where RFC 8414 wants it. None of them
    joins a transaction of ATOMIC_REQUESTS, which could undo a revocation.
    """
    views = {name: _endpoint(server, name) for name in _ENDPOINTS}
    below = [
        path("authorize", _authorize(server), name="authorize"),
        path("token", _token(server), name="token"),
        *(path(_ENDPOINTS[name], view, name=name) for name, view in views.items()),
    ]
    return [
        URLResolver(cast("Any", _IssuerPath(server)), below),
        re_path(
            r"^\.well-known/oauth-authorization-server(?P<issuer_path>(?:/.*)?)$",
            _metadata(server),
            name="metadata",
        ),
    ]


class _IssuerPath:
    """The path below which the issuer has its endpoints, as part of a URL pattern.

    It is looked up for each request, as Django's own prefix of a language is: what
    a project is mounted at is known then only, and a test may set another issuer.
    """

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server
        self.converters: dict[str, Any] = {}

    def __str__(self) -> str:
        return path_below(self._server.known_issuer, get_script_prefix())

    @property
    def regex(self) -> re.Pattern[str]:
        """What `reverse` reads."""
        return re.compile(re.escape(str(self)))

    def match(self, asked: str) -> tuple[str, tuple[()], dict[str, Any]] | None:
        """Return what is behind the path, None where it is another one."""
        prefix = str(self)
        return (asked.removeprefix(prefix), (), {}) if asked.startswith(prefix) else None

    def check(self) -> Sequence[Any]:
        """Return nothing: what is wrong with the issuer, our own checks tell."""
        return []

    def describe(self) -> str:
        """Return the path as messages have it."""
        return f"'{self}'"


def _token(server: AuthorizationServer) -> Any:
    return _for_clients(server.create_token_response)


def _endpoint(server: AuthorizationServer, name: str) -> Any:
    return _for_clients(partial(server.create_endpoint_response, name))


def _for_clients(answer: Any) -> Any:
    """Return the view of an endpoint whose clients are programs, without Django's CSRF token.

    What they post are secrets, which a report of an error must not have.
    """

    def view(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = answer(request)
        return response

    guarded = sensitive_post_parameters()(require_http_methods(["POST"])(view))
    return csrf_exempt(non_atomic_requests(guarded))


def _authorize(server: AuthorizationServer) -> Any:
    page = ConsentView(server)

    @wraps(page.respond)
    def view(request: HttpRequest) -> HttpResponse:
        return page.respond(request)

    return non_atomic_requests(csrf_protect(require_http_methods(["GET", "HEAD", "POST"])(view)))


def _metadata(server: AuthorizationServer) -> Any:
    def view(request: HttpRequest, issuer_path: str) -> HttpResponse:
        answer = server.create_metadata_response(request)
        known = urlsplit(server.settings.issuer or "").path.rstrip("/")
        if server.settings.issuer is not None and issuer_path.rstrip("/") != known:
            return HttpResponseNotFound()
        return answer

    # Nothing is posted here: without the exemption that would be 403, not 405.
    return csrf_exempt(non_atomic_requests(require_http_methods(["GET", "HEAD"])(view)))
