"""A German browser on every edge: pages and error descriptions, opted in and not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import httpx
import pytest
from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from werkzeug.test import TestResponse

from oauthstore_core.errors import SettingsError
from oauthstore_core.http import Headers, HttpRequest
from oauthstore_core.integrations.flask_oauth1 import AuthorizationServer as FlaskOAuth1Server
from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer as FlaskServer
from oauthstore_core.integrations.flask_oauth2 import ResourceProtector as FlaskProtector
from oauthstore_core.oauth2.grants import AuthorizationCodeGrant
from oauthstore_core.oauth2.resource import ResourceProtector
from oauthstore_core.pages.embedded import EmbeddedConsent
from oauthstore_core.settings import Settings
from oauthstore_core.translation import Translation

from ..integrations.flask_oauth2.site import ask, make_app, make_site
from ..integrations.opened import CLIENT, Opened
from ..integrations.test_starlette import ALICE, build
from ..oauth1.signer import request as oauth1_request
from ..oauth1.world import INITIATE, authorization
from ..oauth1.world import World as OAuth1World
from ..oauth2.world import ALICE as PERSON
from ..oauth2.world import World, code_query, form_request

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"}
ENGLISH = {"Accept-Language": "en-GB,de;q=0.5"}
DE: Mapping[str, Any] = {"languages": ["de"]}
CASES = [
    pytest.param(DE, GERMAN, True, id="opted in, German"),
    pytest.param(DE, ENGLISH, False, id="opted in, English"),
    pytest.param(DE, {}, False, id="opted in, nothing asked"),
    pytest.param({}, GERMAN, False, id="not opted in, German"),
]
each_case = pytest.mark.parametrize(("settings", "headers", "german"), CASES)

MISSING = {False: "Missing 'grant_type' in request.", True: "In der Anfrage fehlt 'grant_type'."}
QUESTION = {False: "to use your account?</h1>", True: "Ihr Konto nutzen?</h1>"}
TOKEN = {
    False: "The access token provided is expired, revoked, malformed, or invalid",
    True: "Das vorgelegte Zugriffstoken ist abgelaufen, widerrufen, fehlerhaft",
}


def lang(german: bool) -> str:  # noqa: FBT001 - what a case is about
    return f'<html lang="{"de" if german else "en"}">'


@each_case
def test_flask_answers_in_the_language_asked_for(
    settings: Mapping[str, Any],
    headers: Mapping[str, str],
    german: bool,  # noqa: FBT001 - what a case is about
) -> None:
    config = {f"OAUTHSTORE_{name.upper()}": value for name, value in settings.items()}
    site = make_site(config)
    client = site.register().client.client_id
    send: Callable[..., TestResponse] = site.browser.open

    page = send(ask(client), headers=headers)
    refused = send("/oauth/token", method="POST", data={"x": "1"}, headers=headers)
    repeated = send("/oauth/token", method="POST", data={"x": ["1", "2"]}, headers=headers)
    bearer = {"Authorization": "Bearer wrong", **headers}
    protected = send("/profile", headers=bearer)

    assert lang(german) in page.text
    assert QUESTION[german] in page.text
    assert refused.json["error_description"] == MISSING[german]
    assert repeated.json["error"] == "invalid_request"
    assert ("mehrmals" in repeated.json["error_description"]) is german
    assert protected.json["error_description"].startswith(TOKEN[german])
    assert TOKEN[False] in protected.headers["WWW-Authenticate"]


@each_case
def test_starlette_answers_in_the_language_asked_for(
    settings: Mapping[str, Any],
    headers: Mapping[str, str],
    german: bool,  # noqa: FBT001 - what a case is about
) -> None:
    app, oauth = build(settings=settings)

    with Opened(app, oauth) as opened:
        client = oauth.register_client(CLIENT).client.client_id
        page = opened.get(ask(client), headers={**ALICE, **headers})
        refused = opened.post("/oauth/token", data={"x": "1"}, headers=headers)
        bearer = {"Authorization": "Bearer wrong", **headers}
        protected = opened.get("/me", headers=bearer)

    assert lang(german) in page.text
    assert QUESTION[german] in page.text
    assert refused.json()["error_description"] == MISSING[german]
    assert protected.json()["error_description"].startswith(TOKEN[german])
    assert TOKEN[False] in protected.headers["WWW-Authenticate"]


def test_a_translator_of_the_application_s_own_is_asked_on_every_edge() -> None:
    def shout(message: str, language: str) -> str:
        return f"{language} {message}!"

    def told(answer: httpx.Response | TestResponse) -> object:
        return json.loads(answer.text)["error_description"]

    expected = f"xx {MISSING[False]}!"
    wish = {"Accept-Language": "xx"}
    site = make_site({"OAUTHSTORE_LANGUAGES": ["xx"]}, translate=shout)
    app, oauth = build(settings={"languages": ["xx"]}, translate=shout)

    assert told(site.browser.post("/oauth/token", data={"x": "1"}, headers=wish)) == expected
    with Opened(app, oauth) as opened:
        assert told(opened.post("/oauth/token", data={"x": "1"}, headers=wish)) == expected


def test_flask_s_own_mode_and_a_protector_without_a_server_translate_too() -> None:
    app = make_app(OAUTHSTORE_LANGUAGES=["de"])
    server = FlaskServer(app, query_client=lambda _: None, save_token=lambda *_: None)
    app.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])
    require_oauth = FlaskProtector(translation=Translation(["de"]))
    app.add_url_rule("/me", "me", require_oauth()(lambda: "me"))
    browser = app.test_client()

    refused = browser.post("/token", data={"x": "1"}, headers=GERMAN)
    protected = browser.get("/me", headers=GERMAN)

    assert refused.json["error_description"] == MISSING[True]
    assert protected.json["error_description"] == "Der Header 'Authorization' fehlt."


# --- the neutral server ---


def test_the_body_is_ascii_on_the_wire_and_headers_stay_english() -> None:
    world = World(languages=["de"])
    protector = ResourceProtector(world.stores, world.clock, translation=world.server.translation)
    request = HttpRequest(
        "GET", "/", headers=Headers([*GERMAN.items(), ("Authorization", "Bearer wrong")])
    )

    with pytest.raises(OAuth2Error) as refused:
        protector.validate(request)
    answer = protector.create_error_response(refused.value, request)

    assert json.loads(answer.body)["error_description"].endswith("ungültig.")
    assert answer.body.isascii()
    assert all(value.isascii() and "Zugriff" not in value for _, value in answer.headers)


def test_redirects_tell_the_client_in_english() -> None:
    world = World(languages=["de"])
    party = world.register()
    query = code_query(party, scope="unknown", ui_locales="de")

    answer = world.ask(query)

    assert answer.parameters["error_description"] == (
        "The requested scope is invalid, unknown, or malformed."
    )


@pytest.mark.parametrize("name", ["revocation", "introspection"])
def test_every_endpoint_translates(name: str) -> None:
    world = World(languages=["de"])
    party = world.register()
    request = form_request("/x", {"a": "b"}, {**party.headers, **GERMAN})

    answer = world.server.create_endpoint_response(name, request)

    assert json.loads(answer.body)["error_description"] == "In der Anfrage fehlt 'token'."


@pytest.mark.parametrize(
    ("authorization", "told"),
    [
        ("OAuth x", "Der Header 'Authorization' ist nicht lesbar."),
        ('OAuth oauth_nonce="1"', "In der Anfrage fehlt 'oauth_consumer_key'."),
    ],
)
def test_oauth_1_translates_what_it_cannot_read_too_and_logs_where_that_came(
    authorization: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = OAuth1World(settings={"languages": ["de"]})
    fields = [("Authorization", authorization), *GERMAN.items()]

    with caplog.at_level("INFO", logger="oauthstore.refusals"):
        answer = world.send(oauth1_request("POST", INITIATE, headers=fields))

    assert answer.form["error_description"] == told
    assert answer.response.body.isascii()
    assert "/oauth1/initiate" in caplog.text
    assert told not in caplog.text


def test_a_page_of_the_application_s_own_says_an_error_of_oauth_1_in_german() -> None:
    app = make_app(OAUTHSTORE_LANGUAGES=["de"])
    server = FlaskOAuth1Server(app, store="memory://", issuer="https://auth.example.com")

    with app.test_request_context("/authorize", headers=GERMAN):
        with pytest.raises(OAuth1Error) as refused:
            server.check_authorization_request()
        texts = server.translation.texts_for(server.read_http(None))

    assert texts.describe(refused.value.description) == "In der Anfrage fehlt 'oauth_token'."


def test_a_denial_of_oauth_1_tells_the_client_in_english() -> None:
    world = OAuth1World(settings={"languages": ["de"]})
    temporary = world.begin(world.register())
    asked = authorization(temporary)
    asked.headers = Headers([*asked.headers.items(), *GERMAN.items()])

    decided = world.server.decide_authorization(asked)

    assert decided.location is not None
    assert "error_description=The+resource+owner" in decided.location.replace("%20", "+")


def test_the_log_of_refusals_stays_english(caplog: pytest.LogCaptureFixture) -> None:
    world = World(languages=["de"])

    with caplog.at_level("INFO", logger="oauthstore.refusals"):
        world.post_token({"x": "1"}, GERMAN)

    assert MISSING[False] in caplog.text


@pytest.mark.parametrize(
    ("languages", "problem"),
    [(["German"], "no language tag"), (["de_AT"], "no language tag"), (["de", "de"], "twice")],
)
def test_what_is_no_language_is_refused(languages: list[str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        Settings.from_mapping({"languages": languages})


def test_languages_may_come_from_the_environment() -> None:
    settings = Settings.load(environ={"OAUTHSTORE_LANGUAGES": "de pt-BR"})

    assert settings.languages == ("de", "pt-BR")
    assert settings.masked()["languages"]["value"] == ["de", "pt-BR"]


def test_a_page_repeats_what_was_translated_before() -> None:
    class Refusing(AuthorizationCodeGrant):
        def create_authorization_response(self, *_: object) -> NoReturn:
            raise InvalidRequestError("Code challenge failed.")

    world = World(languages=["de"])
    world.server.register_grant(Refusing)
    party = world.register()
    page, headers = EmbeddedConsent(world.server), Headers(GERMAN.items())
    path, query = "/authorize", code_query(party)
    question = page.respond(HttpRequest("GET", path, query_string=query, headers=headers), PERSON)
    (token,) = re.findall(r'name="csrf" value="([^"]+)"', question.body.decode())
    form = form_request(path, {"csrf": token, "decision": "allow"}, GERMAN, query)

    answer = page.respond(form, PERSON)

    assert answer.status == 400
    assert "Die Prüfung des &#39;code_verifier&#39; ist fehlgeschlagen." in answer.body.decode()
