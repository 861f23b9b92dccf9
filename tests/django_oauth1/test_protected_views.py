"""Views that OAuth 1 protects: sync and async, on a server's store and on the project's models."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from django.urls import path
from django.views import View

from oauthstore_core.integrations.django_oauth1 import ResourceProtector, default_server
from oauthstore_core.integrations.django_oauth2.reading import close_servers

from ..flask_oauth1.own_application import CALLBACK, SECRET
from ..flask_oauth1.signing import Signer
from ..integrations.django_oauth2.project import URLS
from .worlds import DjangoWorld


def _tell(request: HttpRequest) -> HttpResponse:
    """Tell who it is."""
    return HttpResponse(request.oauth1_credential.get_oauth_token())  # type: ignore[attr-defined]


async def _tell_later(request: HttpRequest) -> HttpResponse:
    return _tell(request)


class _Photos(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _tell(request)


class _LatePhotos(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return _tell(request)


def _urls(require_oauth: Any) -> ModuleType:
    def within(request: HttpRequest) -> HttpResponse:
        return JsonResponse({"client": require_oauth.acquire_credential(request).client_id})

    urls = ModuleType("urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("bare", require_oauth(_tell)),
        path("called", require_oauth()(_tell)),
        path("realm", require_oauth("photos")(_tell)),
        path("later", require_oauth(_tell_later)),
        path("class", require_oauth(_Photos.as_view())),
        path("late-class", require_oauth(_LatePhotos.as_view())),
        path("within", within),
    ]
    return urls


PATHS = ("/bare", "/called", "/realm", "/later", "/class", "/late-class")


@pytest.fixture
def urls(ours: DjangoWorld) -> ModuleType:
    return _urls(ours.require_oauth)


def _ask(urls: ModuleType, client: Signer, path: str, method: str = "GET") -> Any:
    browser = Client(enforce_csrf_checks=True)
    headers = client.header(method, path)
    extra: dict[str, Any] = {"HTTP_HOST": "localhost", URLS: urls}
    return browser.generic(method, path, headers=headers, **extra)


@pytest.mark.parametrize("path", PATHS)
def test_a_view_is_answered_to_who_signs_and_to_nobody_else(
    ours: DjangoWorld, urls: ModuleType, path: str
) -> None:
    client = ours.token()

    assert _ask(urls, client, path).content.decode() == client.token
    refused = _ask(urls, client.using(client.token or "", "guessed"), path)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_signature")
    assert refused.headers["WWW-Authenticate"] == 'OAuth realm="oauthstore"'


def test_a_client_posts_without_django_s_csrf_token(ours: DjangoWorld, urls: ModuleType) -> None:
    client = ours.token()

    assert _ask(urls, client, "/bare", "POST").status_code == 200
    assert _ask(urls, client, "/later", "POST").status_code == 200


def test_a_credential_may_be_acquired_within_a_view(ours: DjangoWorld, urls: ModuleType) -> None:
    assert _ask(urls, ours.token(), "/within").json() == {"client": "c1"}


@pytest.mark.parametrize("path", ["/bare", "/later", "/late-class"])
def test_under_asgi_a_view_is_protected_as_well(
    ours: DjangoWorld, urls: ModuleType, path: str
) -> None:
    client = replace(ours.token(), origin="https://testserver")

    async def ask(signer: Signer) -> Any:
        with override_settings(ROOT_URLCONF=urls):
            return await AsyncClient().get(path, secure=True, headers=signer.header("GET", path))

    answer = asyncio.run(ask(client))
    refused = asyncio.run(ask(client.using("unknown", "")))

    assert (answer.status_code, answer.content.decode()) == (200, client.token)
    assert refused.status_code == 401


def test_a_view_keeps_its_name_and_what_it_says(ours: DjangoWorld) -> None:
    protected = ours.require_oauth(_tell)

    assert (protected.__name__, protected.__doc__) == ("_tell", "Tell who it is.")


def test_without_a_server_it_is_the_one_on_the_project_s_store() -> None:
    ours = {"store": "memory://"}
    with override_settings(OAUTHSTORE=ours):
        server = default_server()
        metadata = {"redirect_uris": [CALLBACK]}
        server.register_client(metadata, client_id="c1", client_secret=SECRET)
        world = DjangoWorld("store", server, ResourceProtector(), None)

        assert world.me(world.token()).json == {"user": 1, "client": "c1"}
    close_servers()


def test_an_origin_that_can_be_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="origin"):
        ResourceProtector(origin="api.example")
