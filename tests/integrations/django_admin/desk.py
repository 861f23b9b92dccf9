"""The admin site of a Django project, and what its staff does there."""

from __future__ import annotations

import html
import re
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin.utils import quote as quote_key
from django.contrib.auth.backends import BaseBackend
from django.urls import path

from ..django_oauth2.browser import Browser, DjangoAnswer
from ..django_oauth2.people import find_person, person_model
from ..django_oauth2.site import Site

__all__ = [
    "ADDED",
    "Desk",
    "Permissions",
    "admin_settings",
    "create_tables",
    "first_secret",
    "look_after",
]

#: A form that registers a client.
ADDED = {
    "client_id": "album",
    "client_name": "Album",
    "redirect_uris": "https://album.example/callback",
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": ["profile"],
    "token_endpoint_auth_method": "client_secret_basic",
}


class Permissions(BaseBackend):
    """Gives people of the staff the permissions that their names tell: no row has any."""

    def get_user(self, user_id: Any) -> Any:  # noqa: ANN401 - the project's user
        return person_model().objects.filter(pk=user_id).first()

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:  # noqa: ANN401
        return {name for name in user_obj.pk.split() if "." in name}


def admin_settings(base: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the tests' project with Django's admin site in it."""
    processors = [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]
    return {
        "AUTHENTICATION_BACKENDS": [f"{__name__}.Permissions"],
        "INSTALLED_APPS": [
            *base["INSTALLED_APPS"],
            "django.contrib.messages",
            "django.contrib.admin",
        ],
        "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
        "MIDDLEWARE": [
            *base["MIDDLEWARE"],
            "django.middleware.locale.LocaleMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        "STATIC_URL": "/static/",
        "TEMPLATES": [{**base["TEMPLATES"][0], "OPTIONS": {"context_processors": processors}}],
    }


def create_tables() -> None:
    """Create the tables that the admin site itself needs."""
    # Only now, with the app installed, can its model be imported.
    from django.contrib.admin.models import LogEntry  # noqa: PLC0415
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

    from ..django_oauth2.project import create_table  # noqa: PLC0415

    for model in (ContentType, person_model(), LogEntry):
        create_table(model)


class Desk:
    """The admin site, as one of the staff has it in a browser.

    Without permissions named, it is a superuser's.
    """

    def __init__(self, site: Site, *permissions: str, name: str = "root", **options: Any) -> None:
        from django.contrib import admin  # noqa: PLC0415 - once it is installed

        self.site = site
        # The sign-in of the tests' project is by a backend that is not there.
        site.__dict__["browser"] = self._sign_in(Browser(site.urls), find_person("alice"))
        urls = ModuleType("urls")
        urls.urlpatterns = [*site.urls.urlpatterns, path("admin/", admin.site.urls)]  # type: ignore[attr-defined]
        who = " ".join([name, *(f"oauthstore.{each}" for each in permissions)])
        self.person = find_person(who)
        self.person.is_staff, self.person.is_superuser = True, not permissions
        self.person.save()
        self.browser = self._sign_in(Browser(urls, **options), self.person)

    def _sign_in(self, browser: Browser, person: Any) -> Browser:  # noqa: ANN401 - the project's
        browser.client.force_login(person, f"{__name__}.Permissions")
        return browser

    def get(self, page: str, **options: Any) -> DjangoAnswer:
        return self.browser.get(f"/admin/oauthstore/{page}", **options)

    def post(self, page: str, **form: Any) -> DjangoAnswer:
        return self.browser.post(f"/admin/oauthstore/{page}", data=form)

    def client(self, client_id: str, page: str = "change") -> str:
        return f"client/{quote(quote_key(client_id))}/{page}/"

    def add(self, **form: Any) -> DjangoAnswer:
        return self.post("client/add/", **{**ADDED, **form})

    def change(self, client_id: str, **form: Any) -> DjangoAnswer:
        version = self.stored(client_id).version
        given = {name: value for name, value in ADDED.items() if name != "client_id"}
        return self.post(self.client(client_id), **{**given, "version": version, **form})

    def rotate(self, client_id: str, **form: Any) -> DjangoAnswer:
        given = {"overlap": "0", "version": self.stored(client_id).version, **form}
        return self.post(self.client(client_id, "rotate"), **given)

    def stored(self, client_id: str) -> Any:  # noqa: ANN401 - a record, which must be there
        return self.site.server.stores.clients.query_client(client_id)

    def said(self) -> str:
        """Return what the next page says of what was done."""
        page = self.browser.get("/admin/").text
        found = re.findall(r'<li class="(?:success|warning)"[^>]*>(.*?)</li>', page, re.DOTALL)
        return html.unescape(" ".join(found))


def first_secret(page: str) -> str:
    """Return the secret that a page shows."""
    (found,) = re.findall(r'id="client_secret">([^<]+)<', page)
    return html.unescape(found)


def look_after(monkeypatch: pytest.MonkeyPatch, site: Site) -> Desk:
    """Return a superuser's admin site, which looks after the site's server."""
    from oauthstore_core.integrations.django.admin import ClientAdmin, GrantAdmin  # noqa: PLC0415

    for pages in (ClientAdmin, GrantAdmin):
        monkeypatch.setattr(pages, "server", site.server)
    return Desk(site)
