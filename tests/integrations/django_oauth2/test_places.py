"""The metadata names addresses that answer, wherever the project is mounted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from django.test.utils import override_settings
from django.urls import clear_script_prefix, include, path

from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer
from oauthstore_core.integrations.django_oauth2.places import path_below

WELL_KNOWN = "/.well-known/oauth-authorization-server"
#: Asks at an address of the host, by what mounts the project below /site.
Ask = Callable[[str, str], httpx.Response]


def _urls(where: str = "") -> ModuleType:
    urls = ModuleType("urls")
    routes = (create_routes(AuthorizationServer()), "oauthstore")
    urls.urlpatterns = [path(where, include(routes))]  # type: ignore[attr-defined]
    return urls


def _ours(issuer: str) -> Any:  # noqa: ANN401 - settings
    return {"store": "memory://", "issuer": issuer}


def _by_wsgi(method: str, url: str) -> httpx.Response:
    transport = httpx.WSGITransport(WSGIHandler(), script_name="/site")
    with httpx.Client(transport=transport, base_url="https://example.com") as client:
        return client.request(method, url.removeprefix("/site"))


def _by_asgi(method: str, url: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(ASGIHandler(), root_path="/site")
        async with httpx.AsyncClient(transport=transport, base_url="https://example.com") as client:
            return await client.request(method, url)

    return asyncio.run(ask())


def _by_setting(method: str, url: str) -> httpx.Response:
    with override_settings(FORCE_SCRIPT_NAME="/site"):
        transport = httpx.WSGITransport(WSGIHandler())
        with httpx.Client(transport=transport, base_url="https://example.com") as client:
            return client.request(method, url.removeprefix("/site"))


@pytest.mark.parametrize("ask", [_by_wsgi, _by_asgi, _by_setting])
@pytest.mark.parametrize("issuer", ["https://example.com/site/oauth", "https://example.com/site"])
def test_a_mounted_project_answers_where_its_metadata_says(ask: Ask, issuer: str) -> None:
    with override_settings(OAUTHSTORE=_ours(issuer), ROOT_URLCONF=_urls()):
        try:
            metadata = ask("GET", f"/site{WELL_KNOWN}{urlsplit(issuer).path}").json()
            token = ask("POST", urlsplit(metadata["token_endpoint"]).path)
        finally:
            clear_script_prefix()

    assert metadata["issuer"] == issuer
    assert metadata["token_endpoint"] == "https://example.com/site/oauth/token"
    assert token.json()["error"] == "invalid_request"


def test_another_issuer_of_a_test_moves_the_endpoints() -> None:
    browser = Client()
    with override_settings(ROOT_URLCONF=_urls()):
        for path_ in ("/oauth", "/auth", "/deep/er"):
            with override_settings(OAUTHSTORE=_ours(f"https://example.com{path_}")):
                metadata = browser.get(f"{WELL_KNOWN}{path_}").json()

                assert metadata["token_endpoint"] == f"https://example.com{path_}/token"
                assert browser.post(f"{path_}/token").status_code == 400
        with override_settings(OAUTHSTORE=_ours("https://example.com/auth")):
            assert browser.post("/oauth/token").status_code == 404


def test_urls_that_are_included_below_a_path_are_told_as_they_are() -> None:
    ours = _ours("https://example.com/auth")
    with override_settings(OAUTHSTORE=ours, ROOT_URLCONF=_urls("below/")):
        metadata = Client().get(f"/below{WELL_KNOWN}/auth").json()

    assert metadata["token_endpoint"] == "https://example.com/below/auth/token"


def test_urls_with_settings_that_do_not_fit_can_be_imported_and_lie_at_the_usual_place() -> None:
    with override_settings(OAUTHSTORE={"store": "memory://", "nonsense": 1}, ROOT_URLCONF=_urls()):
        browser = Client(raise_request_exception=False)

        assert browser.get("/elsewhere").status_code == 404
        assert browser.post("/oauth/token").status_code == 500


@pytest.mark.parametrize(
    ("issuer", "mounted", "below"),
    [
        (None, "/", "oauth/"),
        (None, "/site/", "oauth/"),
        ("https://example.com", "/", "oauth/"),
        ("https://example.com/auth", "/", "auth/"),
        ("https://example.com/auth", "/site/", "auth/"),
        ("https://example.com/site/auth", "/site/", "auth/"),
        ("https://example.com/sites", "/site/", "sites/"),
        ("https://example.com/a/b/c", "/a/b/", "c/"),
    ],
)
def test_the_project_s_urls_have_the_rest_of_the_issuer_s_path(
    issuer: str | None, mounted: str, below: str
) -> None:
    assert path_below(issuer, mounted) == below
