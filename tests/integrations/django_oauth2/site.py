"""A Django project that stores OAuth in a store of ours, and all that is done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from types import ModuleType, SimpleNamespace
from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import include, path

from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer, ResourceProtector
from oauthstore_core.testing.clock import FakeClock

from ..flask_oauth2.site import NOW, SCOPES
from ..flask_oauth2.site import Site as FlaskSite
from .browser import Browser
from .people import find_person

__all__ = ["Site", "make_site", "make_urls", "sign_in"]


def make_site(provider: Mapping[str, object] | None = None, **options: Any) -> Site:
    """Return a project with all endpoints and protected views, on memory unless said.

    `provider` is AUTHLIB_OAUTH2_PROVIDER; the options are settings, and `clock`.
    """
    clock = options.pop("clock", None) or FakeClock(NOW)
    given = {"store": "memory://", "scopes": SCOPES, **options}
    server = AuthorizationServer(options=given, clock=clock)
    with override_settings(AUTHLIB_OAUTH2_PROVIDER=dict(provider or {})):
        server.ensure_ready()
        # Django tells of the end of the override, too: the server keeps what it has read.
        server.forget_settings = lambda: None  # type: ignore[method-assign]
    return Site(server)


class Site(FlaskSite):
    """The project, and all that its clients and alice do with it, as at a Flask application."""

    def __init__(self, server: AuthorizationServer, **options: Any) -> None:
        self.server = server  # type: ignore[assignment]  # with the same methods
        self.protector = ResourceProtector(server)  # type: ignore[assignment]  # the same
        self.urls = make_urls(server, self.protector)
        self._options = options
        self.app = SimpleNamespace(test_client=self._open)  # type: ignore[assignment]  # the same
        find_person("alice")

    def _open(self) -> Browser:
        return Browser(self.urls, **self._options)

    @cached_property
    def browser(self) -> Browser:  # type: ignore[override]  # with the same methods
        """Alice's browser."""
        browser = self._open()
        browser.get("/login/alice")
        return browser


def make_urls(server: AuthorizationServer, require_oauth: Any) -> ModuleType:  # noqa: ANN401
    """Return the URLs of a project: ours, a way to sign in, and protected views."""
    urls = ModuleType("urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("", include((create_routes(server), "oauthstore"))),
        path("login/<name>", sign_in),
        *_protected(require_oauth),
    ]
    return urls


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Sign a person in by name alone."""
    login(request, find_person(name), "django.contrib.auth.backends.ModelBackend")
    return HttpResponse(name)


def _tell(request: HttpRequest) -> HttpResponse:
    token: Any = request.oauth_token  # type: ignore[attr-defined]  # as Authlib's
    if not token:
        return _as_flask({"token": None})
    return _as_flask({"sub": token.subject, "scope": token.scope})


def _as_flask(told: dict[str, Any]) -> HttpResponse:
    text = json.dumps(told, sort_keys=True, separators=(",", ":")) + "\n"
    return HttpResponse(text, content_type="application/json")


async def _tell_later(request: HttpRequest) -> HttpResponse:
    return _tell(request)


def _protected(require_oauth: Any) -> list[Any]:  # noqa: ANN401
    def acquire(request: HttpRequest) -> HttpResponse:
        token = require_oauth.acquire_token(request, "profile")
        return _as_flask({"sub": token.subject, "scope": token.scope})

    return [
        path("any", require_oauth(_tell)),
        path("called", require_oauth()(_tell)),
        path("profile", require_oauth("profile")(_tell)),
        path("both", require_oauth("profile mail")(_tell)),
        path("either", require_oauth(["profile", "mail"])(_tell)),
        path("function", require_oauth(scopes=lambda held: "mail" in held)(_tell)),
        path("optional", require_oauth("profile", optional=True)(_tell)),
        path("optional-function", require_oauth(scopes=bool, optional=True)(_tell)),
        path("later", require_oauth("profile")(_tell_later)),
        path("acquire", acquire),
        path("me", require_oauth("profile")(_tell)),
        path("mail", require_oauth("mail")(_tell)),
    ]
