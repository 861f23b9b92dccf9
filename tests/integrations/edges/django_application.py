"""The application of Django's edge: the app's URLs as a project includes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import include, path

from oauthstore_core.clock import Clock
from oauthstore_core.stores import Stores

# The project is set up by now: before, Django has no settings.
from ..django_oauth2 import project  # noqa: F401  # isort: skip
from oauthstore_core.integrations.django.routes import create_routes  # isort: skip
from oauthstore_core.integrations import django_oauth1  # isort: skip
from oauthstore_core.integrations.django_oauth2 import (  # isort: skip
    AuthorizationServer,
    ResourceProtector,
)

__all__ = ["Served", "serve_django", "sign_in_by_field"]


class _Alice:
    pk = "alice"
    is_authenticated = True

    def get_username(self) -> str:
        return self.pk


def sign_in_by_field(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:  # noqa: ANN401
    """Let who is signed in be told by a header field: a middleware."""

    def respond(request: HttpRequest) -> HttpResponse:
        if "X-User" in request.headers:
            request.user = _Alice()  # type: ignore[assignment]  # as much of a user as is asked for
        return get_response(request)

    return respond


@dataclass(frozen=True)
class Served:
    """A project as its two kinds of servers call it."""

    wsgi: WSGIHandler
    asgi: ASGIHandler
    stores: Stores


@contextmanager
def serve_django(
    options: Mapping[str, Any],
    clock: Clock,
    protected: Mapping[str, Any],
    tell: Callable[[Any], str],
) -> Iterator[Served]:
    """Serve a project for as long as the block lasts; `protected` are paths with their scopes."""
    server = AuthorizationServer(options=options, clock=clock, load_user=lambda _: _Alice())
    oauth1 = django_oauth1.AuthorizationServer(
        options=options, clock=clock, load_user=lambda _: _Alice()
    )
    require, signed = ResourceProtector(server), django_oauth1.ResourceProtector(oauth1)

    def view(request: HttpRequest) -> HttpResponse:
        token: Any = request.oauth_token  # type: ignore[attr-defined]  # as Authlib's
        return HttpResponse(tell(token), content_type="application/json")

    def view_of_credential(request: HttpRequest) -> HttpResponse:
        credential: Any = request.oauth1_credential  # type: ignore[attr-defined]  # as Authlib's
        return HttpResponse(tell(credential), content_type="application/json")

    urls = ModuleType("urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("", include((create_routes(server, oauth1), "oauthstore"))),
        path("signed", signed(view_of_credential)),
        *(path(where[1:], require(scopes)(view)) for where, scopes in protected.items()),
    ]
    with override_settings(
        ROOT_URLCONF=urls,
        LOGIN_URL="/login",
        MIDDLEWARE=[
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            f"{__name__}.sign_in_by_field",
        ],
    ):
        yield Served(WSGIHandler(), ASGIHandler(), server.stores)
