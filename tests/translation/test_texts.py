"""What is said in a language, by a catalogue or by an application's own translator."""

from __future__ import annotations

import logging

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.http import Headers, HttpRequest
from oauthstore_core.translation import Message, Plural, Texts, Translate, Translation

REDIRECT = "Redirect URI https://a.example/%s?(.+)%(x)s is not supported by client."


def texts(language: str = "de", translate: Translate | None = None) -> Texts:
    headers = Headers([("Accept-Language", language)])
    request = HttpRequest("GET", "/", headers=headers)
    return Translation(["de"], translate).texts_for(request)


def test_without_languages_everything_stays_as_it_is() -> None:
    request = HttpRequest("GET", "/", headers=Headers([("Accept-Language", "de")]))
    found = Translation().texts_for(request)

    assert (found.language, found.is_identity) == ("en", True)
    assert found.describe("Missing 'code' in request.") == "Missing 'code' in request."
    assert found.count(Plural("%(count)s day", "%(count)s days"), 1) == "1 day"


def test_a_description_is_translated_and_what_was_put_into_it_stays() -> None:
    assert texts().describe("Missing 'code' in request.") == "In der Anfrage fehlt 'code'."
    assert texts().describe(REDIRECT) == (
        "Der Redirect-URI https://a.example/%s?(.+)%(x)s ist für den Client nicht registriert."
    )


@pytest.mark.parametrize("description", ["", "Something of the application's own, 100%."])
def test_what_no_catalogue_has_stays_as_it_is(description: str) -> None:
    assert texts().describe(description) == description


def test_a_catalogue_serves_the_regions_of_its_language() -> None:
    found = next(t for t in Translation(["de-AT"]) if t.language == "de-AT")

    assert found.gettext("Sign in") == "Anmelden"


def test_plurals_and_values_are_put_into_translations() -> None:
    days = Plural("%(count)s day", "%(count)s days")

    assert [texts().count(days, n) for n in (1, 2)] == ["1 Tag", "2 Tage"]
    place = texts().say(Message("this device (%(address)s)"), address="::1")
    assert place == "diesem Gerät (::1)"


def test_a_language_without_a_catalogue_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match=r"'xx'.*there are: en, de.*`translate=`"):
        Translation(["xx"])


def test_an_application_s_translator_brings_languages_of_its_own() -> None:
    translation = Translation(["xx"], lambda message, language: f"{language}: {message}")
    request = HttpRequest("GET", "/", headers=Headers([("Accept-Language", "xx")]))

    assert translation.texts_for(request).describe("Code challenge failed.") == (
        "xx: Code challenge failed."
    )


def test_an_application_s_translator_comes_before_the_catalogue_in_english_too() -> None:
    own = {"Sign in": "Hereinspaziert"}.get

    assert texts("de", lambda message, _: own(message)).gettext("Sign in") == "Hereinspaziert"
    assert texts("en", lambda message, _: own(message)).gettext("Sign in") == "Hereinspaziert"


@pytest.mark.parametrize("answer", [None, "Sign in"], ids=["none", "message id"])
def test_what_it_does_not_know_comes_from_the_catalogue(answer: str | None) -> None:
    assert texts("de", lambda *_: answer).gettext("Sign in") == "Anmelden"


def test_it_is_asked_for_the_message_id_not_for_what_a_client_sent() -> None:
    asked: list[str] = []

    texts("de", lambda message, _: asked.append(message)).describe(REDIRECT)

    assert asked == ["Redirect URI %(redirect_uri)s is not supported by client."]


def test_a_lazy_text_becomes_one() -> None:
    class Lazy(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "Später"

    found = texts("de", lambda *_: Lazy("lazy")).gettext("Sign in")

    assert (type(found), found) == (str, "Später")


@pytest.mark.parametrize("told", ["%(other)s days", "%(count)d %(count)s", "100 %", "%s"])
def test_a_translation_that_cannot_be_put_together_is_logged_and_left(
    told: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = texts("de", lambda *_: told).count(Plural("%(count)s day", "%(count)s days"), 3)

    assert found == "3 Tage"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot be used" in caplog.text
