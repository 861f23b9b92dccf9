"""When nobody is asked again, and when somebody is: RFC 6749 section 10.2, RFC 8252 section 8.6."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from authlib.oauth2.rfc6749.grants import ImplicitGrant

from oauthstore_core.http import FORM_TYPE, Headers, HttpRequest, HttpResponse
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.resource_owner import ResourceOwner
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.pages.embedded import EmbeddedConsent
from oauthstore_core.records import Grant, Page
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_core.testing.clock import FakeClock

from ..server.browser import Answer, Browser

CALLBACK = "https://app.example.org/callback"
LOOPBACK = "http://127.0.0.1/callback"
NATIVE = "com.example.app:/callback"
PATH = "/oauth/authorize"
PHOTOS, FILES = "https://photos.example.org", "https://files.example.org"
VERIFIER = "v" * 43
DAY = 24 * 60 * 60


class World:
    """A server, a person who is signed in, and what a client does with the answers."""

    def __init__(self, server: AuthorizationServer, clock: FakeClock) -> None:
        self.server, self.clock = server, clock
        self.subject = "alice"
        page = EmbeddedConsent(server)
        answer = lambda request: page.respond(request, ResourceOwner(self.subject))  # noqa: E731
        self.browser = Browser({PATH: {"GET": answer, "POST": answer}})

    def register(self, client_id: str, **metadata: Any) -> None:
        usual = {
            "redirect_uris": [CALLBACK, LOOPBACK, NATIVE],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "scope": "profile mail",
        }
        options: Mapping[str, Any] = {"key_ring": self.server.key_ring, "clock": self.clock}
        register_client(
            self.server.stores.clients, {**usual, **metadata}, client_id=client_id, **options
        )

    def ask(self, **changes: str) -> Answer:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": "album",
            "redirect_uri": CALLBACK,
            "scope": "profile",
            "state": "xyz",
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            **changes,
        }
        return self.browser.get(f"{PATH}?{urlencode(asked)}")

    def allow(self, **changes: str) -> dict[str, Any]:
        """Answer the question with yes; return the tokens."""
        page = self.ask(**changes)
        assert page.status == 200
        return self.redeem(self.browser.submit(page, "/authorize", decision="allow"), **changes)

    def redeem(self, answer: Answer, **changes: str) -> dict[str, Any]:
        response = self.token(answer, **changes)
        assert response.status == 200, response.body
        tokens: dict[str, Any] = json.loads(response.body)
        return tokens

    def token(self, answer: Answer, **changes: str) -> HttpResponse:
        code = dict(parse_qsl(urlsplit(answer.location or "").query))["code"]
        form = {
            "grant_type": "authorization_code",
            "client_id": changes.get("client_id", "album"),
            "code": code,
            "redirect_uri": changes.get("redirect_uri", CALLBACK),
            "code_verifier": VERIFIER,
        }
        headers = Headers([("Content-Type", FORM_TYPE)])
        body = urlencode(form).encode()
        return self.server.create_token_response(
            HttpRequest("POST", "/oauth/token", headers=headers, body=body)
        )


def is_asked(answer: Answer) -> bool:
    """Tell whether the answer is the question; else it must be a code."""
    if answer.status == 200:
        return True
    assert "code=" in (answer.location or "")
    return False


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_800_000_000)


@pytest.fixture
def settings() -> Settings:
    return Settings.from_mapping(
        {
            "issuer": "https://example.com/oauth",
            "store": "memory://",
            "secret_keys": ["k" * 40],
            "resources": [PHOTOS, FILES],
        }
    )


@pytest.fixture
def world(settings: Settings, clock: FakeClock) -> Iterator[World]:
    with open_stores(settings, clock=clock) as stores:
        world = World(AuthorizationServer(settings, stores, clock=clock), clock)
        world.register("album")
        yield world


def test_what_was_allowed_is_not_asked_again(world: World) -> None:
    world.allow(scope="profile mail")

    answer = world.ask(scope="mail")

    assert answer.location.startswith(f"{CALLBACK}?")
    told = dict(parse_qsl(urlsplit(answer.location).query))
    assert told.keys() == {"code", "state", "iss"}
    assert world.redeem(answer)["scope"] == "mail"


def test_a_decision_alone_is_remembered_by_no_one_before_the_code_was_redeemed(
    world: World,
) -> None:
    world.browser.submit(world.ask(), "/authorize", decision="allow")

    assert is_asked(world.ask())


def test_a_denial_is_not_remembered(world: World) -> None:
    world.browser.submit(world.ask(), "/authorize", decision="deny")

    assert is_asked(world.ask())


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"scope": "profile"}, {"scope": "profile mail"}),
        ({"scope": "profile"}, {"scope": "mail"}),
        ({"resource": PHOTOS}, {"resource": FILES}),
        ({"resource": PHOTOS}, {}),
        ({}, {"resource": PHOTOS}),
    ],
)
def test_what_grew_is_asked_for(world: World, given: dict[str, str], asked: dict[str, str]) -> None:
    world.allow(**given)

    assert is_asked(world.ask(**asked))


def test_two_consents_do_not_add_up_to_one_that_nobody_gave(world: World) -> None:
    world.allow(scope="profile")
    world.allow(scope="mail")

    assert is_asked(world.ask(scope="profile mail"))


def test_a_consent_is_one_person_s_for_one_client(world: World) -> None:
    world.register("other")
    world.allow()

    assert is_asked(world.ask(client_id="other"))
    world.subject = "bob"
    assert is_asked(world.ask())


@pytest.mark.parametrize("redirect_uri", [LOOPBACK, NATIVE, "https://127.0.0.1/callback"])
def test_a_program_that_any_other_can_pass_for_is_asked_for_each_time(
    world: World, redirect_uri: str
) -> None:
    world.register("native", redirect_uris=[redirect_uri])
    asked = {"client_id": "native", "redirect_uri": redirect_uri}
    world.allow(**asked)

    assert is_asked(world.ask(**asked))


def test_a_client_that_authenticates_is_known_wherever_it_runs(world: World) -> None:
    world.register("desktop", token_endpoint_auth_method="none")
    asked = {"client_id": "desktop", "redirect_uri": LOOPBACK}
    world.allow(**asked)
    record = world.server.stores.clients.query_client("desktop")
    payload = json.loads(record.payload)
    payload["metadata"]["token_endpoint_auth_method"] = "client_secret_basic"
    world.server.stores.clients.save_client(replace(record, payload=json.dumps(payload)))

    assert not is_asked(world.ask(**asked))


@pytest.mark.parametrize("prompt", ["consent", "login", "select_account", "login consent"])
def test_a_client_may_want_the_question_to_be_asked(world: World, prompt: str) -> None:
    world.allow()

    assert is_asked(world.ask(prompt=prompt))
    assert not is_asked(world.ask(prompt="none"))


def test_a_revoked_grant_is_no_consent(world: World) -> None:
    world.allow()

    world.server.revoke_all(client_id="album", subject="alice")

    assert is_asked(world.ask())


def test_a_consent_is_forgotten_after_its_time_however_often_it_was_relied_on(
    world: World, clock: FakeClock
) -> None:
    world.allow()
    for _ in range(2):
        clock.advance(44 * DAY)
        world.redeem(world.ask())
    clock.advance(2 * DAY - 1)
    during = world.ask()
    clock.advance(1)

    assert not is_asked(during)
    assert is_asked(world.ask())


def test_a_client_that_could_now_act_for_longer_is_asked_for(world: World) -> None:
    world.register("brief", grant_types=["authorization_code"])
    world.allow(client_id="brief")
    before = world.ask(client_id="brief")
    record = world.server.stores.clients.query_client("brief")
    payload = json.loads(record.payload)
    payload["metadata"]["grant_types"].append("refresh_token")
    world.server.stores.clients.save_client(replace(record, payload=json.dumps(payload)))

    assert not is_asked(before)
    assert is_asked(world.ask(client_id="brief"))


def test_a_grant_whose_end_was_fixed_earlier_is_no_consent_after_it(
    world: World, clock: FakeClock
) -> None:
    world.allow()
    settings = world.server.settings
    # As after a restart with other settings: the grant keeps the end that it has.
    longer = replace(settings.lifetimes, refresh_token_absolute=900 * DAY)
    world.server.settings = replace(settings, lifetimes=longer)
    clock.advance(90 * DAY)
    at_its_end = world.ask()
    clock.advance(1)

    assert not is_asked(at_its_end)
    assert is_asked(world.ask())


def test_tokens_in_the_answer_itself_are_given_by_nobody_in_silence(world: World) -> None:
    world.server.register_grant(ImplicitGrant)
    both = {"grant_types": ["authorization_code", "implicit"], "response_types": ["code", "token"]}
    record = world.server.stores.clients.query_client("album")
    payload = json.loads(record.payload)
    payload["metadata"] |= both
    world.server.stores.clients.save_client(replace(record, payload=json.dumps(payload)))
    world.allow()

    assert not is_asked(world.ask())
    assert is_asked(world.ask(response_type="token"))


def test_a_look_alone_gives_no_code(world: World) -> None:
    world.allow()
    page = world.ask(prompt="consent")
    routes = world.browser._routes

    answer = routes[PATH]["GET"](
        HttpRequest("HEAD", PATH, query_string=page.url.partition("?")[2].replace("prompt", "x"))
    )

    assert answer.location is None


def test_a_revocation_during_a_silent_answer_is_final(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.allow()
    list_grants = world.server.stores.tokens.list_grants

    def revoke_after(*arguments: Any) -> Page[Grant]:
        monkeypatch.undo()
        found = list_grants(*arguments)
        world.server.revoke_all(client_id="album", subject="alice")
        clock.advance(30)
        return found

    monkeypatch.setattr(world.server.stores.tokens, "list_grants", revoke_after)
    response = world.token(world.ask())

    assert response.status == 400
    assert json.loads(response.body)["error"] == "invalid_grant"


def test_the_owner_may_have_the_question_asked_each_time(
    settings: Settings, clock: FakeClock
) -> None:
    settings = replace(settings, remember_consent=False)
    with open_stores(settings, clock=clock) as stores:
        world = World(AuthorizationServer(settings, stores, clock=clock), clock)
        world.register("album")
        world.allow()

        assert is_asked(world.ask())


def test_of_very_many_grants_few_are_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    list_grants = world.server.stores.tokens.list_grants
    monkeypatch.setattr(
        world.server.stores.tokens,
        "list_grants",
        lambda *arguments: asked.append(arguments) or list_grants(*arguments),
    )
    for _ in range(120):
        world.allow(prompt="consent")

    assert not is_asked(world.ask())
    assert [limit for _, _, _, limit in asked] == [100]
