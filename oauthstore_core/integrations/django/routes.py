"""The endpoints of a server as Django's URL patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import URLPattern, URLResolver, get_script_prefix, path, re_path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from ...errors import SettingsError
from ..django_oauth1 import AuthorizationServer as OAuth1Server
from ..django_oauth2 import AuthorizationServer
from ..django_oauth2.places import path_below
from ..django_oauth2.reports import unreported
from ..django_oauth2.transactions import outside_transactions
from .consent import ConsentView, OAuth1ConsentView

__all__ = ["create_routes"]

_ENDPOINTS: Final = {"revocation": "revoke", "introspection": "introspect"}
_OAUTH1: Final = "oauth1/"
_READ_AND_POSTED: Final = ("GET", "HEAD", "POST")


def create_routes(
    server: AuthorizationServer, oauth1: OAuth1Server | None = None
) -> Sequence[URLPattern | URLResolver]:
    """Return ``authorize``, ``token``, ``revoke``, ``introspect`` and the metadata.

    They are for the root of a project's URLs, and lie under the issuer's path,
    by default ``oauth/``; the metadata where RFC 8414 wants it. Given a server
    of OAuth 1, its three endpoints are below, at ``oauth1/``, where the settings
    enable it. None of them joins a transaction of ATOMIC_REQUESTS, which could
    undo a revocation. `SettingsError`: the clients of OAuth 1 are a model's, of
    which our page knows nothing to show.
    """
    views = {name: _endpoint(server, name) for name in _ENDPOINTS}
    below: list[URLPattern | URLResolver] = [
        path("authorize", _authorize(ConsentView(server)), name="authorize"),
        path("token", _token(server), name="token"),
        *(path(_ENDPOINTS[name], view, name=name) for name, view in views.items()),
    ]
    if oauth1 is not None:
        below.append(URLResolver(cast("Any", _OAuth1Path(oauth1)), _oauth1_routes(oauth1)))
    return [
        URLResolver(cast("Any", _IssuerPath(server)), below),
        re_path(
            r"^\.well-known/oauth-authorization-server(?P<issuer_path>(?:/.*)?)$",
            _metadata(server),
            name="metadata",
        ),
    ]


def _oauth1_routes(server: OAuth1Server) -> list[URLPattern]:
    """Return the three endpoints of RFC 5849 section 2."""
    if server.client_model is not None:
        problem = (
            "URLs with a consent page were asked for, but the clients are of a model, and of these "
            "the page knows no names. Write a view of your own, with `check_authorization_request` "
            "and `create_authorization_response`."
        )
        raise SettingsError([problem])
    initiate, exchange = server.create_temporary_credentials_response, server.create_token_response
    # A GET they refuse by OAuth's own error.
    return [
        path("initiate", _for_clients(initiate, _READ_AND_POSTED), name="oauth1_initiate"),
        path("authorize", _authorize(OAuth1ConsentView(server)), name="oauth1_authorize"),
        path("token", _for_clients(exchange, _READ_AND_POSTED), name="oauth1_token"),
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


class _OAuth1Path:
    """The path of OAuth 1 below the issuer's, which is there where the settings enable it."""

    def __init__(self, server: OAuth1Server) -> None:
        self._server = server
        self.converters: dict[str, Any] = {}
        self.regex = re.compile(re.escape(_OAUTH1))

    def __str__(self) -> str:
        return _OAUTH1

    def match(self, asked: str) -> tuple[str, tuple[()], dict[str, Any]] | None:
        """Return what is behind the path, None where it is another one, or not enabled."""
        if not asked.startswith(_OAUTH1) or not self._server.is_enabled:
            return None
        return asked.removeprefix(_OAUTH1), (), {}

    def check(self) -> Sequence[Any]:
        """Return nothing: there is nothing to set here."""
        return []

    def describe(self) -> str:
        """Return the path as messages have it."""
        return f"'{self}'"


def _token(server: AuthorizationServer) -> Any:
    return _for_clients(server.create_token_response)


def _endpoint(server: AuthorizationServer, name: str) -> Any:
    return _for_clients(partial(server.create_endpoint_response, name))


def _for_clients(answer: Any, methods: Sequence[str] = ("POST",)) -> Any:
    """Return the view of an endpoint whose clients are programs, without Django's CSRF token.

    What they post are secrets, which a report of an error must not have.
    """

    @unreported
    def view(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = answer(request)
        return response

    return csrf_exempt(outside_transactions(require_http_methods([*methods])(view)))


def _authorize(page: ConsentView | OAuth1ConsentView) -> Any:
    @unreported
    @wraps(page.respond)
    def view(request: HttpRequest) -> HttpResponse:
        return page.respond(request)

    return outside_transactions(csrf_protect(require_http_methods([*_READ_AND_POSTED])(view)))


def _metadata(server: AuthorizationServer) -> Any:
    def view(request: HttpRequest, issuer_path: str) -> HttpResponse:
        answer = server.create_metadata_response(request)
        if answer.status_code != HTTPStatus.OK:
            return answer
        known = urlsplit(server.settings.issuer or "").path.rstrip("/")
        if server.settings.issuer is not None and issuer_path.rstrip("/") != known:
            return HttpResponseNotFound()
        return answer

    # Nothing is posted here: without the exemption that would be 403, not 405.
    return csrf_exempt(outside_transactions(require_http_methods(["GET", "HEAD"])(view)))
