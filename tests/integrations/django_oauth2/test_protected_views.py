"""Protected views: what holds on Flask, and what is Django's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient
from django.test.utils import override_settings
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from oauthstore_core.integrations.django_oauth2 import (
    BearerTokenValidator,
    ResourceProtector,
    client_authenticated,
    default_server,
    token_authenticated,
    token_revoked,
)

from ..flask_oauth2.site import bearer
from .people import person_model
from .site import Site, make_site

SCOPED = ["profile", "mail", "profile mail"]


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("/any", {"profile", "mail", "profile mail"}),
        ("/called", {"profile", "mail", "profile mail"}),
        ("/profile", {"profile", "profile mail"}),
        ("/later", {"profile", "profile mail"}),
        ("/both", {"profile mail"}),
        ("/either", {"profile", "mail", "profile mail"}),
        ("/function", {"mail", "profile mail"}),
        ("/optional", {"profile", "profile mail"}),
    ],
)
def test_a_view_is_reached_with_the_scope_that_it_asks_for(path: str, reached: set[str]) -> None:
    site = make_site()
    client = site.register()

    found = set()
    for scope in SCOPED:
        token = site.token(client, "client_credentials", scope=scope).json["access_token"]
        answer = site.ask(path, token)
        assert answer.status_code in {200, 403}
        found |= {scope} if answer.status_code == 200 else set()

    assert found == reached


def test_an_async_view_is_served_by_an_async_handler_and_refused_as_a_sync_one() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    async def ask(headers: dict[str, str]) -> HttpResponse:
        return await AsyncClient().get("/later", headers=headers)  # type: ignore[return-value]

    with override_settings(ROOT_URLCONF=site.urls):
        reached, refused = asyncio.run(ask(bearer(token))), asyncio.run(ask({}))

    assert reached.content == site.ask("/profile", token).data
    assert (refused.status_code, refused.content) == (401, site.ask("/profile", None).data)


def test_the_token_s_user_is_the_project_s() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]
    seen: list[Any] = []

    @site.protector("profile")
    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.oauth_token.user)  # type: ignore[attr-defined]
        return HttpResponse()

    view(_request(site, token))

    assert seen == [person_model().objects.get(pk="alice")]


def _request(site: Site, token: str) -> HttpRequest:
    request = HttpRequest()
    request.method = "GET"
    request.META = {"HTTP_HOST": "localhost", "HTTP_AUTHORIZATION": f"Bearer {token}"}
    return request


def test_a_class_s_dispatch_is_protected_by_the_same_decorator() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    @method_decorator(site.protector("profile"), name="dispatch")
    class Page(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(request.oauth_token.subject)  # type: ignore[attr-defined]

    view = Page.as_view()

    assert view(_request(site, token)).content == b"alice"
    assert view(_request(site, "x")).status_code == 401


def test_only_a_view_that_needs_a_token_is_exempt_from_django_s_csrf_protection() -> None:
    protector = make_site().protector

    def view(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    needed, optional = protector(view), protector("profile", optional=True)(view)
    assert needed.csrf_exempt
    assert not hasattr(optional, "csrf_exempt")
    assert csrf_exempt(optional).csrf_exempt


def test_of_a_resource_only_tokens_that_name_it_are_accepted() -> None:
    uri = "https://api.example"
    site = make_site(resources=[uri])
    client = site.register()
    protected = ResourceProtector(site.server, resource=uri)(lambda _: HttpResponse())

    named, other = (
        site.token(client, "client_credentials", **asked).json["access_token"]
        for asked in ({"resource": uri}, {})
    )

    assert protected(_request(site, named)).status_code == 200
    assert protected(_request(site, other)).status_code == 401
    with pytest.raises(ValueError, match="no uri"):
        ResourceProtector(resource="no uri")


def test_without_arguments_the_protector_and_the_validator_ask_the_app_s_server() -> None:
    ours = {"store": "memory://", "scopes": {"profile": "x", "mail": "y"}}
    with override_settings(OAUTHSTORE=ours):
        site = Site(default_server())
        token = site.issue(site.register())["access_token"]
        registered = ResourceProtector()
        registered.register_token_validator(BearerTokenValidator())

        for protector in (ResourceProtector(), registered):
            protected = protector("profile")(lambda _: HttpResponse())
            more = protector("mail")(lambda _: HttpResponse())
            assert protected(_request(site, token)).status_code == 200
            assert protected(_request(site, "x")).status_code == 401
            assert more(_request(site, token)).status_code == 403


def test_the_signals_are_authlib_s() -> None:
    site = make_site()
    client = site.register()
    heard: list[str] = []

    def hear(signal: Any, **_: object) -> None:  # noqa: ANN401 - Django's
        heard.append(names[signal])

    names = {
        client_authenticated: "client",
        token_authenticated: "token",
        token_revoked: "revoked",
    }
    for signal in names:
        signal.connect(hear)

    token = site.token(client, "client_credentials", scope="mail").json["access_token"]
    site.ask("/any", token)
    site.revoke(client, token)

    assert heard == ["client", "token", "revoked"]
