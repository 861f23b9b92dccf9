"""The standalone server's pages in German, where the owner has opted in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import httpx
import pytest

from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.application import create_application
from oauthstore_core.server.demo.registration import prepare_demo
from oauthstore_core.settings import Settings

from ..translation import catalogues
from .browser import ISSUER, PASSWORD, Answer, Ask, Browser

GERMAN = {"Accept-Language": "de"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, languages=("de",))


@pytest.fixture
def german(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Return the browser, which asks for German in each request."""
    send = browser.send

    def speak(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return send(method, url, body, {**headers, **GERMAN})

    monkeypatch.setattr(browser, "send", speak)
    return browser


def english() -> list[str]:
    """Return the texts that a German page must not have, as far as they are telling."""
    told = catalogues.translations(catalogues.read(catalogues.paths()[0]))
    plain = [text for text in told if isinstance(text, str) and "%(" not in text]
    return [text for text in plain if " " in text and told[text] != text]


@pytest.fixture
def every_page(
    german: Browser, ask: Ask, server: AuthorizationServer, accounts: Accounts
) -> list[Answer]:
    prepare_demo(server, accounts)
    pages = [german.get("/"), german.get("/sign-in"), german.get("/authorize")]
    pages += [german.get("/authorize?%ff"), german.get("/demo/callback")]
    pages.append(german.sign_in(password="wrong"))
    german.sign_in()
    pages += [german.get("/"), german.get("/sign-out"), german.get(ask())]
    pages += [german.post(ask(), {}), german.get(ask(redirect_uri="https://other.example/"))]
    consent = german.follow(german.get("/demo/start"))
    pages.append(german.follow(german.submit(consent, "/authorize", decision="allow")))
    pages.append(german.follow(german.submit(pages[-1], "/demo/revoke")))
    german.submit(german.get("/sign-out"), "/sign-out")
    return pages + [german.sign_in(password="wrong") for _ in range(12)]


def test_every_page_is_german_from_its_language_to_its_last_text(
    every_page: list[Answer],
) -> None:
    texts = english()
    for page in every_page:
        assert '<html lang="de">' in page.response.body.decode()
        # The demo shows what the resource told it, which asked for no language.
        own = re.sub(r"<pre.*?</pre>", "", page.text, flags=re.DOTALL)
        assert [text for text in texts if text in own] == []
    assert {page.status for page in every_page} == {200, 400, 403, 422, 429}


def test_durations_places_and_the_way_back_are_said_in_german(german: Browser, ask: Ask) -> None:
    german.sign_in()

    page = german.get(ask())

    text = re.sub(r"<[^>]+>", "", page.text)
    assert "1 Stunde, bei Gebrauch verlängert, höchstens 90 Tage" in text
    assert "Darf Photo <b>Album</b> Ihr Konto nutzen?" in re.sub(
        r"</?(span|h1)[^>]*>", "", page.text
    )
    assert "<b>Album" not in page.response.body.decode()


def test_an_error_description_on_a_page_is_translated_and_escaped(
    german: Browser, ask: Ask
) -> None:
    german.sign_in()

    page = german.get(ask(redirect_uri="https://other.example/?a=<b>"))

    assert "Der Redirect-URI https://other.example/?a=<b> ist für den Client nicht" in page.text
    assert "Das ist ein Fehler der Anwendung, nicht Ihrer." in page.text
    assert "<b>" not in page.response.body.decode()


def test_ui_locales_hold_through_sign_in_and_consent(browser: Browser, ask: Ask) -> None:
    asked = ask(ui_locales="de")

    form = browser.follow(browser.get(asked))
    consent = browser.follow(browser.submit(form, "/sign-in", name="alice", password=PASSWORD))
    refused = browser.submit(consent, "/authorize", decision="perhaps")
    switched = browser.submit(consent, "/sign-out")

    assert [p.text.count('<html lang="de">') for p in (form, consent, refused)] == [1, 1, 1]
    assert switched.location == "/sign-in?" + urlencode({"next": asked, "ui_locales": "de"})


def test_a_browser_that_asks_for_nothing_gets_english(browser: Browser, ask: Ask) -> None:
    browser.sign_in()

    assert '<html lang="en">' in browser.get(ask()).text


def test_the_log_has_english_whatever_the_page_has(
    german: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    german.get("/authorize?%ff")

    assert "cannot be completed (invalid_request: The query is not UTF-8.)" in caplog.text


def test_a_translator_of_one_s_own_says_pages_in_another_language(settings: Settings) -> None:
    app = create_application(
        replace(settings, languages=("fr",)), translate=lambda text, _: f"[{text}]"
    )

    async def page() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            return await client.get("/sign-in", headers={"Accept-Language": "fr-CA"})

    answer = asyncio.run(page())

    assert '<html lang="fr">' in answer.text
    assert "<h1>[Sign in]</h1>" in answer.text
