"""What ``manage.py check`` tells is only in memory, where no store is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest
from django.http import HttpResponse
from django.test.utils import override_settings
from django.urls import path

from oauthstore_core.integrations.django import checks
from oauthstore_core.integrations.django_oauth1 import (
    AuthorizationServer,
    CacheAuthorizationServer,
    ResourceProtector,
)
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer as OAuth2Server
from oauthstore_core.integrations.django_oauth2.reading import SettingsReader, living_readers

from .own_models import own_models

_NO_URLS: Final = ModuleType("no_urls")
_NO_URLS.urlpatterns = []  # type: ignore[attr-defined]  # a module that is made


@pytest.fixture(autouse=True)
def _only_this_project(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    others = living_readers()

    def made_here() -> list[SettingsReader]:
        return [made for made in living_readers() if all(made is not other for other in others)]

    monkeypatch.setattr(checks, "living_readers", made_here)
    with override_settings(OAUTHSTORE={}, ROOT_URLCONF=_NO_URLS):
        yield


def _told() -> Sequence[str]:
    found = checks.check_settings()
    assert {one.id for one in found} <= {"oauthstore.W001"}
    return [one.msg for one in found]


@pytest.mark.parametrize("kind", [AuthorizationServer, CacheAuthorizationServer])
def test_a_project_with_models_of_its_own_and_django_s_cache_is_not_warned(kind: Any) -> None:  # noqa: ANN401 - classes
    models = own_models()
    server = kind(models.Client, models.Token)
    protector = ResourceProtector(models.Client, models.Token)

    assert _told() == []
    del server, protector


MADE: dict[str, tuple[Callable[[SimpleNamespace], object], str]] = {
    "store mode": (lambda _: OAuth2Server(), "clients and tokens"),
    "OAuth 2's clients in a model": (lambda own: OAuth2Server(own.Client), "keeps tokens"),
    "OAuth 1 in store mode": (lambda _: AuthorizationServer(), "clients and tokens"),
    "a cache beside": (lambda _: CacheAuthorizationServer(), "clients and tokens"),
    "clients in a model": (lambda own: CacheAuthorizationServer(own.Client), "keeps tokens"),
    "tokens in a model": (lambda own: ResourceProtector(None, own.Token), "keeps clients"),
    "a protector without a server": (lambda _: ResourceProtector(), "clients and tokens"),
    "OAuth 2's own mode": (lambda own: OAuth2Server(own.Client, own.Token), "which codes"),
}


@pytest.mark.parametrize(("make", "kept"), MADE.values(), ids=MADE)
def test_what_is_kept_in_memory_is_told_unless_a_store_is_named(
    make: Callable[[SimpleNamespace], object], kept: str
) -> None:
    made = make(own_models())

    (told,) = _told()
    assert kept in told
    with override_settings(OAUTHSTORE={"store": "memory://"}):
        assert _told() == []
    with override_settings(DEBUG=True):
        assert _told() == []
    del made


def test_a_server_that_names_a_store_of_its_own_is_not_warned_of() -> None:
    server = OAuth2Server(options={"store": "memory://"})

    assert _told() == []
    del server


def test_a_server_that_views_bring_is_found_beside_one_that_keeps_nothing() -> None:
    models = own_models()
    server = CacheAuthorizationServer(models.Client, models.Token)
    urls = ModuleType("urls")

    def __getattr__(name: str) -> object:  # noqa: N807 - a module's, asked when the URLs are loaded
        if name != "urlpatterns":
            raise AttributeError(name)
        urls.server = OAuth2Server()  # type: ignore[attr-defined]  # a module that is made
        urls.urlpatterns = [path("", lambda _: HttpResponse())]  # type: ignore[attr-defined]
        return urls.urlpatterns

    urls.__getattr__ = __getattr__  # type: ignore[method-assign]
    with override_settings(ROOT_URLCONF=urls):
        (told,) = _told()

    assert "clients and tokens" in told
    del server


def test_where_nothing_is_made_yet_it_is_the_app_s_own_server_that_will_be_asked() -> None:
    (told,) = _told()

    assert "clients and tokens" in told
