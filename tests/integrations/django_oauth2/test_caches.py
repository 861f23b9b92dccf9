"""Django's cache for a whole site gives no answer to anybody but those whom a protector let in."""

# ruff: noqa: ANN401 - of three frameworks, which take and return anything

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path
from django.views.decorators.cache import cache_control, cache_page, never_cache

from ..flask_oauth2.site import bearer
from .project import project_settings
from .site import Site, make_site

# They ask for Django's settings when they are imported.
from ninja import NinjaAPI  # isort: skip
from rest_framework.response import Response  # isort: skip
from rest_framework.views import APIView  # isort: skip
from oauthstore_core.integrations.ninja import OAuth  # isort: skip
from oauthstore_core.integrations.rest_framework import OAuthAuthentication  # isort: skip

_names = itertools.count()


def _tell(request: HttpRequest) -> HttpResponse:
    token: Any = request.oauth_token  # type: ignore[attr-defined]  # as Authlib's
    return HttpResponse(token.subject if token else "nobody")


async def _tell_later(request: HttpRequest) -> HttpResponse:
    return _tell(request)


def _framework_view(site: Site) -> Any:
    class Authentication(OAuthAuthentication):
        protector = site.protector  # type: ignore[assignment]  # of this server

    class Page(APIView):
        authentication_classes = (Authentication,)

        def get(self, request: Any) -> Response:
            return Response({"sub": request.user.pk})

    return Page.as_view()


def _ninja(site: Site) -> NinjaAPI:
    api = NinjaAPI(urls_namespace=f"cached-{next(_names)}")
    auth: Callable[..., Any] = OAuth("profile", protector=site.protector)  # type: ignore[arg-type]

    @api.get("/it", auth=auth, operation_id="it")
    def _(request: HttpRequest) -> dict[str, Any]:
        return {"sub": request.auth.subject}  # type: ignore[attr-defined]  # the framework's

    return api


def _make_urls(site: Site) -> ModuleType:
    require: Any = site.protector
    urls = ModuleType("urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("sync", require("profile")(_tell)),
        path("async", require("profile")(_tell_later)),
        path("optional", require("profile", optional=True)(_tell)),
        path("public", require("profile")(cache_control(public=True, max_age=60)(_tell))),
        path("page", cache_page(60)(require("profile")(_tell))),
        path("never", require("profile")(never_cache(_tell))),
        path("framework", _framework_view(site)),
        path("ninja/", _ninja(site).urls),
    ]
    return urls


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a project whose answers Django keeps wherever it may."""
    cached = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    middleware = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *project_settings()["MIDDLEWARE"],
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    made = make_site()
    with override_settings(CACHES=cached, MIDDLEWARE=middleware, ROOT_URLCONF=_make_urls(made)):
        caches["default"].clear()
        yield made
        caches["default"].clear()


def _ask(path: str, headers: dict[str, str]) -> Any:
    return Client(raise_request_exception=False).get(path, headers=headers)


@pytest.mark.parametrize(
    "path", ["/sync", "/async", "/public", "/page", "/never", "/framework", "/ninja/it"]
)
def test_no_cache_answers_for_a_token_that_was_revoked_or_is_not_there(
    site: Site, path: str
) -> None:
    client = site.register()
    token = site.issue(client)["access_token"]

    reached = [_ask(path, bearer(token)).content for _ in range(2)]
    without = _ask(path, {})
    site.server.revoke_all(subject="alice")
    revoked = _ask(path, bearer(token))

    assert all(b"alice" in body for body in reached)
    assert b"alice" not in without.content
    assert revoked.status_code == 401


@pytest.mark.parametrize("path", ["/optional", "/framework"])
def test_what_nobody_was_answered_is_not_for_those_with_a_token(site: Site, path: str) -> None:
    token = site.issue(site.register())["access_token"]

    anonymous = _ask(path, {})
    reached = _ask(path, bearer(token))

    assert anonymous.status_code == 200
    assert b"alice" in reached.content


def test_a_view_may_say_more_of_caches_but_not_that_all_may_have_its_answer(site: Site) -> None:
    token = bearer(site.issue(site.register())["access_token"])

    public, never = (_ask(path, token).headers["Cache-Control"] for path in ("/public", "/never"))

    assert public == "max-age=60, private"
    assert "no-store" in never
    assert _ask("/optional", {}).headers["Vary"] == "Authorization"
    assert "private" not in _ask("/optional", {}).headers.get("Cache-Control", "")
