"""People whose account is not active, and whom the project lets sign in all the same."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

from ...django_oauth1.site import make_site as make_oauth1_site
from ..flask_oauth2.site import ask, told
from .browser import Browser
from .people import find_person
from .site import make_site

LENIENT = "django.contrib.auth.backends.AllowAllUsersModelBackend"


def _sign_in(request: HttpRequest) -> HttpResponse:
    login(request, find_person("frank"), LENIENT)
    return HttpResponse()


@pytest.fixture(autouse=True)
def frank() -> Iterator[Any]:
    """Let frank sign in."""
    person = find_person("frank")
    with override_settings(AUTHENTICATION_BACKENDS=[LENIENT]):
        yield person
    person.delete()


def _browser(urls: ModuleType) -> Browser:
    urls.urlpatterns.insert(0, path("lenient", _sign_in))
    browser = Browser(urls)
    browser.get("/lenient")
    return browser


def _deactivate(person: Any) -> None:  # noqa: ANN401 - of a class that is made at run time
    person.is_active = False
    person.save()


def test_nothing_is_asked_or_decided_for_them(frank: Any) -> None:  # noqa: ANN401 - the same
    site = make_site(languages=["de"])
    browser = _browser(site.urls)
    url = ask(site.register().client.client_id)
    asked = browser.get(url)
    _deactivate(frank)

    shown = browser.get(url)
    german = browser.get(url, headers={"Accept-Language": "de"})
    posted = browser.post(url, data={"decision": "allow"})

    assert asked.status_code == 200
    assert (shown.status_code, posted.status_code) == (403, 403)
    assert shown.location is None
    assert "Your account is not active" in shown.text
    assert "Ihr Konto ist nicht aktiv" in german.text


def test_no_code_comes_of_what_they_consented_to_before(frank: Any) -> None:  # noqa: ANN401 - the same
    site = make_site()
    client = site.register()
    site.browser = browser = _browser(site.urls)
    site.issue(client)
    url = ask(client.client.client_id)
    remembered = browser.get(url)
    _deactivate(frank)

    refused = browser.get(url)

    assert "code" in told(remembered.location or "")
    assert (refused.status_code, refused.location) == (403, None)


def test_nothing_is_asked_for_them_by_oauth_1(frank: Any) -> None:  # noqa: ANN401 - the same
    site = make_oauth1_site()
    browser = _browser(site.urls)
    _deactivate(frank)

    answer = browser.get("/oauth/oauth1/authorize?oauth_token=x")

    assert answer.status_code == 403
    assert "Your account is not active" in answer.text
