"""Reports of errors, which Django may mail: no password and no secret in them."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from authlib.oauth2.rfc6749 import grants
from django.contrib.auth import authenticate
from django.contrib.auth.backends import BaseBackend
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import AsyncClient
from django.test.utils import override_settings
from django.urls import path
from django.views.debug import ExceptionReporter
from django.views.decorators.csrf import csrf_exempt

from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth1 import AuthorizationServer as OAuth1Server
from oauthstore_core.oauth2.registration import Registration

from ..flask_oauth2.site import ConsentForm
from ..opened import ask
from .browser import FORM, Browser
from .site import Site, make_site

# Reports quote the source, which is not to have it.
PASSWORD = "hunter2" * 2


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    def authenticate_user(self, username: str, password: str) -> Any:  # noqa: ANN401 - the project's
        # Django's own, whose mark for reports would go before a mark of ours.
        return authenticate(username=username, password=password)


class Backend(BaseBackend):
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: object,
    ) -> Any:  # noqa: ANN401 - the project's
        raise RuntimeError("a mistake of the backend's")


@pytest.fixture
def reports() -> Iterator[list[str]]:
    """Yield the pages that Django would mail."""
    made: list[str] = []

    def report(request: HttpRequest, **_: object) -> None:
        made.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_html())

    got_request_exception.connect(report)
    yield made
    got_request_exception.disconnect(report)


def _form() -> dict[str, str]:
    return {
        "grant_type": "password",
        "username": "alice",
        "password": PASSWORD,
    }


def _header(client: Registration) -> str:
    return (
        "Basic " + b64encode(f"{client.client.client_id}:{client.client_secret}".encode()).decode()
    )


@pytest.fixture
def site() -> Iterator[Site]:
    made = make_site(issuer="https://testserver")
    made.server.register_grant(PasswordGrant)
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"]):
        yield made


@pytest.fixture
def client(site: Site) -> Registration:
    return site.register(grant_types=["password"])


def _own_urls(view: Any) -> ModuleType:  # noqa: ANN401 - sync or async
    urls = ModuleType("urls")
    urls.urlpatterns = [path("token", csrf_exempt(view))]  # type: ignore[attr-defined]
    return urls


def test_a_grant_of_the_project_s_that_raises_tells_no_password(
    site: Site, client: Registration, reports: list[str]
) -> None:
    answer = site.browser.post(
        "/oauth/token", data=_form(), headers={"Authorization": _header(client)}
    )

    (report,) = reports
    assert answer.status_code == 500
    assert "a mistake of the backend" in report
    assert PASSWORD not in report
    assert str(client.client_secret) not in report


def test_a_view_of_the_project_s_own_tells_no_password(
    site: Site, client: Registration, reports: list[str]
) -> None:
    def token(request: HttpRequest) -> Any:  # noqa: ANN401 - the server's answer
        return site.server.create_token_response(request)

    Browser(_own_urls(token)).post(
        "/token", data=_form(), headers={"Authorization": _header(client)}
    )

    (report,) = reports
    assert "a mistake of the backend" in report
    assert PASSWORD not in report
    assert str(client.client_secret) not in report


def test_an_async_view_of_the_project_s_own_tells_no_password(
    site: Site, client: Registration, reports: list[str]
) -> None:
    async def token(request: HttpRequest) -> Any:  # noqa: ANN401 - the server's answer
        return await sync_to_async(site.server.create_token_response)(request)

    browser = AsyncClient(raise_request_exception=False)
    with override_settings(ROOT_URLCONF=_own_urls(token)):
        headers = {"Authorization": _header(client)}
        async_to_sync(browser.post)(
            "/token", urlencode(_form()), FORM, secure=True, headers=headers
        )

    (report,) = reports
    assert "a mistake of the backend" in report
    assert PASSWORD not in report
    assert str(client.client_secret) not in report


def test_a_consent_page_that_fails_tells_nothing_of_its_form(
    reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site()
    page = ConsentForm(site.browser.get(ask(site.register().client.client_id)).text)

    def fail(request: Any, *_: object, **__: object) -> None:  # noqa: ANN401 - a neutral one
        form = dict(request.form)
        raise RuntimeError(f"a mistake of ours with {len(form)} fields")

    monkeypatch.setattr(site.server, "create_authorization_response", fail)
    site.browser.post(page.action, data={**page.hidden, "decision": "allow"})

    (report,) = reports
    assert "a mistake of ours" in report
    assert page.hidden["csrf"] not in report


@pytest.mark.parametrize("endpoint", ["initiate", "token"])
def test_an_endpoint_of_oauth_1_that_fails_tells_no_secret(
    endpoint: str, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = OAuth1Server(options={"store": "memory://", "oauth1": {"enabled": True}})
    server.forget_settings = lambda: None  # type: ignore[method-assign]
    urls = ModuleType("urls")
    routes = create_routes(make_site().server, server)
    urls.urlpatterns = routes  # type: ignore[attr-defined]

    def fail(*_: object) -> None:
        secret = str(PASSWORD)
        raise RuntimeError(f"a mistake of ours with {len(secret)} letters")

    monkeypatch.setattr(server, "get_temporary_credential", fail)
    monkeypatch.setattr(server, "get_client_by_id", fail)
    form = {"oauth_consumer_key": "c", "oauth_token": "t", "oauth_signature": PASSWORD}
    more = {"oauth_signature_method": "PLAINTEXT", "oauth_callback": "oob", "oauth_verifier": "v"}

    Browser(urls).post(f"/oauth/oauth1/{endpoint}", data={**form, **more})

    (report,) = reports
    assert "a mistake of ours" in report
    assert PASSWORD not in report
