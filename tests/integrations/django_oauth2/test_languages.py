"""Pages and errors speak the language that Django has activated, by a project's catalogues, too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.apps import AppConfig
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import override_settings
from django.urls import path
from django.utils import translation

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.django.checks import check_settings
from oauthstore_core.integrations.django_oauth1 import AuthorizationServer as OAuth1Server
from oauthstore_core.integrations.django_oauth1 import ResourceProtector as OAuth1Protector
from oauthstore_core.integrations.django_oauth2 import ResourceProtector
from oauthstore_core.introspection import IntrospectionClient, IntrospectionTokenValidator

from ..flask_oauth2.site import ask, bearer
from .browser import Browser
from .site import make_site

# They ask for Django's settings when they are imported.
from ninja import NinjaAPI  # isort: skip
from rest_framework.views import APIView  # isort: skip
from oauthstore_core.integrations.ninja import OAuth, OAuthError, answer_error  # isort: skip
from oauthstore_core.integrations.rest_framework import HasScope, OAuthAuthentication  # isort: skip

LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"
MISSING = "Missing 'grant_type' in request."
GERMAN = "In der Anfrage fehlt 'grant_type'."
FRENCH = "La requête n'a pas de 'grant_type'."
DE = {"Accept-Language": "de"}
EN = {"Accept-Language": "en"}


def activate_by_header(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:  # noqa: ANN401
    """Speak as the project's own header says: a middleware."""

    def respond(request: HttpRequest) -> HttpResponse:
        with translation.override(request.headers.get("X-Language", "en-us")):
            return get_response(request)

    return respond


@pytest.fixture(autouse=True)
def _deactivate() -> Iterator[None]:
    # The middleware leaves a language to the thread, as Django has it.
    yield
    translation.deactivate()


def _with(middleware: str) -> list[str]:
    return [*settings.MIDDLEWARE, middleware]


def _write(folder: Path, language: str, told: Mapping[Any, Any]) -> None:
    """Write a compiled catalogue, as `compilemessages` does."""
    catalogue = Catalog(locale=language)
    for message, text in told.items():
        catalogue.add(message, text)
    target = folder / language / "LC_MESSAGES/oauthstore.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)


def _description(headers: Mapping[str, str], cookie: str | None = None, **options: Any) -> str:
    site = make_site(**options)
    if cookie is not None:
        site.browser.client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    answer = site.browser.post("/oauth/token", data={"x": "1"}, headers=headers)
    assert answer.data.isascii()
    told: str = answer.json["error_description"]
    return told


# --- which language ---


def test_django_s_middleware_decides_for_pages_and_errors() -> None:
    with override_settings(MIDDLEWARE=_with(LOCALE_MIDDLEWARE)):
        site = make_site()
        page = site.browser.get(ask(site.register().client.client_id), headers=DE).text

        assert '<html lang="de">' in page
        assert "Ihr Konto nutzen?</h1>" in page
        assert _description(DE) == GERMAN
        assert _description(EN) == MISSING
        assert _description({}) == MISSING


def test_what_somebody_chose_in_the_project_goes_before_the_browser() -> None:
    with override_settings(MIDDLEWARE=_with(LOCALE_MIDDLEWARE)):
        assert _description(EN, cookie="de") == GERMAN
        assert _description(DE, cookie="en", languages=["de"]) == MISSING


def test_a_middleware_of_the_project_s_own_decides_as_well() -> None:
    with override_settings(MIDDLEWARE=_with(f"{__name__}.activate_by_header")):
        assert _description({"X-Language": "de-at", **EN}) == GERMAN
        assert _description({"X-Language": "ja", **DE}, languages=["de"]) == MISSING


def test_without_a_middleware_it_is_the_project_s_one_language() -> None:
    with override_settings(LANGUAGE_CODE="de"):
        assert _description(EN) == GERMAN
        with override_settings(USE_I18N=False):
            assert _description(DE) == MISSING


def test_where_django_does_not_negotiate_the_header_chooses_among_our_languages() -> None:
    assert _description(DE, languages=["de"]) == GERMAN
    assert _description(DE) == MISSING
    with override_settings(LANGUAGE_CODE="de"):
        assert _description(EN, languages=["de"]) == MISSING
        assert _description({}, languages=["de"]) == GERMAN
    with override_settings(USE_I18N=False):
        assert _description(DE, languages=["de"]) == GERMAN


def test_a_client_may_ask_for_one_of_our_languages_before_all() -> None:
    with override_settings(MIDDLEWARE=_with(LOCALE_MIDDLEWARE)):
        site = make_site(languages=["de"])
        client = site.register().client.client_id
        page = site.browser.get(ask(client, ui_locales="fr de"), headers=EN).text
        other = site.browser.get(ask(client, ui_locales="fr"), headers=EN).text

    assert '<html lang="de">' in page
    assert '<html lang="en">' in other


# --- catalogues of the project ---


def test_a_language_that_only_the_project_has_is_spoken(tmp_path: Path) -> None:
    _write(tmp_path, "fr", {MISSING: FRENCH, "Allow": "Autoriser"})
    middleware = _with(LOCALE_MIDDLEWARE)
    with override_settings(MIDDLEWARE=middleware, LOCALE_PATHS=[tmp_path]):
        site = make_site()
        page = site.browser.get(
            ask(site.register().client.client_id), headers={"Accept-Language": "fr-CA"}
        ).text

        assert _description({"Accept-Language": "fr"}) == FRENCH
        assert _description({"Accept-Language": "it"}) == MISSING
    assert '<html lang="fr">' in page
    assert ">Autoriser</button>" in page
    assert ">Deny</button>" in page  # which it does not have


def test_it_may_be_one_of_languages_where_django_does_not_negotiate(tmp_path: Path) -> None:
    _write(tmp_path, "fr", {MISSING: FRENCH})

    with override_settings(LOCALE_PATHS=[tmp_path]):
        assert _description({"Accept-Language": "fr"}, languages=["fr"]) == FRENCH
        with override_settings(OAUTHSTORE={"store": "memory://", "languages": ["fr"]}):
            assert check_settings() == []
    with pytest.raises(SettingsError, match=r"'fr'.*no catalogue"):
        make_site(languages=["fr"])
    with override_settings(OAUTHSTORE={"store": "memory://", "languages": ["fr"]}):
        assert [told.id for told in check_settings()] == ["oauthstore.W003"]


def test_a_project_s_words_go_before_ours_and_the_rest_stays(tmp_path: Path) -> None:
    _write(tmp_path, "de", {MISSING: "Es fehlt 'grant_type'."})
    _write(tmp_path, "en", {MISSING: "Where is 'grant_type'?"})

    with override_settings(LOCALE_PATHS=[tmp_path], MIDDLEWARE=_with(LOCALE_MIDDLEWARE)):
        site = make_site()
        page = site.browser.get(ask(site.register().client.client_id), headers=DE).text

        assert _description(DE) == "Es fehlt 'grant_type'."
        assert _description(EN) == "Where is 'grant_type'?"
    assert "Ihr Konto nutzen?</h1>" in page


def test_an_app_may_bring_a_catalogue_and_locale_paths_go_before(tmp_path: Path) -> None:
    module = ModuleType("with_words")
    module.__file__ = str(tmp_path / "app/__init__.py")
    _write(tmp_path / "app/locale", "de", {MISSING: "Der App fehlt es."})
    _write(tmp_path / "project", "de", {MISSING: "Dem Projekt fehlt es."})
    apps = [*settings.INSTALLED_APPS, AppConfig("with_words", module)]

    with override_settings(INSTALLED_APPS=apps, LANGUAGE_CODE="de"):
        assert _description({}) == "Der App fehlt es."
        with override_settings(LOCALE_PATHS=[tmp_path / "project"]):
            assert _description({}) == "Dem Projekt fehlt es."


def test_words_with_other_placeholders_are_left_out_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _write(tmp_path, "de", {"Allow %(name)s?": "%(nmae)s erlauben?", "Allow": "100 % ja"})

    with (
        override_settings(LOCALE_PATHS=[tmp_path], LANGUAGE_CODE="de"),
        caplog.at_level(logging.WARNING, logger="oauthstore"),
    ):
        site = make_site()
        page = site.browser.get(ask(site.register().client.client_id))

    assert page.status_code == 200
    assert ">Erlauben</button>" in page.text
    assert caplog.text.count("has other placeholders") == 2


def test_a_language_has_as_many_plurals_as_it_has(tmp_path: Path) -> None:
    told = ("%(count)s godzina", "%(count)s godziny", "%(count)s godzin")
    _write(tmp_path, "pl", {("%(count)s hour", "%(count)s hours"): told})

    with override_settings(LOCALE_PATHS=[tmp_path], LANGUAGE_CODE="pl"):
        site = make_site(lifetimes={"access_token": 7200})
        page = site.browser.get(ask(site.register().client.client_id)).text

    assert "2 godziny" in page


# --- protected views ---


class _Photos(APIView):
    authentication_classes = (OAuthAuthentication,)
    permission_classes = (HasScope,)
    required_scopes = "mail"


def test_every_protector_speaks_as_the_project_does() -> None:
    api = NinjaAPI(urls_namespace="api-of-languages")
    api.add_exception_handler(OAuthError, answer_error)
    api.get("/ninja", auth=OAuth("mail"))(lambda request: {})  # noqa: ARG005 - the framework names it
    protect = ResourceProtector()("mail")

    async def later(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    urls = ModuleType("urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("api/", api.urls),
        path("drf", _Photos.as_view()),
        path("view", protect(lambda _: HttpResponse())),
        path("later", protect(later)),
    ]
    ours = {"store": "memory://"}

    with override_settings(OAUTHSTORE=ours, MIDDLEWARE=_with(LOCALE_MIDDLEWARE)):
        browser = Browser(urls)
        told = [
            browser.get(where, headers={**bearer("x"), **DE}).json["error_description"]
            for where in ("/api/ninja", "/drf", "/view", "/later")
        ]

    assert told == [told[0]] * 4
    assert told[0].startswith("Das vorgelegte Zugriffstoken ist abgelaufen")


def test_oauth_1_s_errors_speak_as_the_project_does(tmp_path: Path) -> None:
    _write(tmp_path, "de", {'missing "%(parameter)s" in parameters': "Nichts zu %(parameter)s."})
    server = OAuth1Server(options={"store": "memory://", "issuer": "https://a.example"})
    view = OAuth1Protector(server)(lambda _: HttpResponse())
    request = RequestFactory().post("/oauth/oauth1/initiate", secure=True)

    with override_settings(LOCALE_PATHS=[tmp_path]), translation.override("de"):
        refused = (
            view(request).content,
            server.create_temporary_credentials_response(request).content,
        )
        own_page = server.translation.texts_for(server.read_http(request))

    assert own_page.describe('missing "oauth_consumer_key" in parameters') == (
        "Nichts zu oauth_consumer_key."
    )
    assert "Nichts zu oauth_consumer_key." in refused[0].decode()
    assert "Nichts+zu+oauth_consumer_key." in refused[1].decode()


def test_a_protector_that_asks_a_server_elsewhere_does_too() -> None:
    protector = ResourceProtector()
    client = IntrospectionClient("http://127.0.0.1:9/introspect", "api", "secret")
    protector.register_token_validator(IntrospectionTokenValidator(client))
    view = protector("mail")(lambda _: HttpResponse())

    with translation.override("de"):
        answer = view(RequestFactory().get("/"))

    assert b"Der Header 'Authorization' fehlt." in answer.content
