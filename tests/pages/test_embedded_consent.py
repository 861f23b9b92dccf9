"""The consent page of an application that signs people in itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.http import HttpRequest, HttpResponse
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.resource_owner import ResourceOwner
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.pages.embedded import EmbeddedConsent
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_core.testing.clock import FakeClock

from ..server.browser import Answer, Browser

CALLBACK = "https://app.example.org/callback"
PATH = "/oauth/authorize"

#: Who is signed in, and where somebody who is not is sent, to a browser.
BrowserOf = Callable[..., Browser]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_800_000_000)


@pytest.fixture
def server(clock: FakeClock) -> Iterator[AuthorizationServer]:
    settings = Settings.from_mapping(
        {
            "issuer": "https://example.com/oauth",
            "store": "memory://",
            "secret_keys": ["k" * 40],
            "scopes": {"profile": "See your name", "mail": "Read your mail"},
            "resources": ["https://api.example.org", "https://files.example.org"],
        }
    )
    with open_stores(settings, clock=clock) as stores:
        server = AuthorizationServer(settings, stores, clock=clock)
        register_client(
            stores.clients,
            {
                "client_name": "Photo <b>Album</b>",
                "client_uri": "https://album.example.org/about",
                "redirect_uris": [CALLBACK],
                "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": "none",
                "scope": "profile mail",
            },
            key_ring=server.key_ring,
            clock=clock,
            client_id="album",
        )
        yield server


@pytest.fixture
def browser_of(server: AuthorizationServer) -> BrowserOf:
    def browser(subject: str | None = None, login_url: str | None = "/login") -> Browser:
        page = EmbeddedConsent(server, login_url=login_url)
        owner = None if subject is None else ResourceOwner(subject)
        answer = partial(_answer, page, owner)
        return Browser({PATH: {"GET": answer, "POST": answer}})

    return browser


def _answer(
    page: EmbeddedConsent, owner: ResourceOwner | None, request: HttpRequest
) -> HttpResponse:
    return page.respond(request, owner)


def ask(**changes: str | None) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest())
    asked = {
        "response_type": "code",
        "client_id": "album",
        "redirect_uri": CALLBACK,
        "scope": "profile",
        "state": "xyz &=+%",
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{PATH}?" + urlencode({k: v for k, v in asked.items() if v is not None})


def told(answer: Answer) -> Mapping[str, str]:
    return dict(parse_qsl(urlsplit(answer.location or "").query))


def test_somebody_who_is_not_signed_in_is_sent_to_the_application_s_sign_in(
    browser_of: BrowserOf,
) -> None:
    answer = browser_of().get(ask())

    assert answer.status == 303
    assert answer.location == "/login?" + urlencode({"next": ask()})


def test_a_sign_in_with_a_query_of_its_own_keeps_it(browser_of: BrowserOf) -> None:
    answer = browser_of(login_url="/login?by=password").get(ask())

    assert told(answer) == {"by": "password", "next": ask()}


def test_without_a_sign_in_page_the_visitor_is_told_to_sign_in(browser_of: BrowserOf) -> None:
    answer = browser_of(login_url=None).get(ask())

    assert answer.status == 403
    assert "You are not signed in" in answer.text


def test_a_decision_of_nobody_leads_to_the_sign_in(browser_of: BrowserOf) -> None:
    answer = browser_of().post(ask(), {"decision": "allow"})

    assert answer.location.startswith("/login?next=")


def test_the_question_names_client_place_scopes_lifetime_and_account(
    browser_of: BrowserOf,
) -> None:
    page = browser_of("alice").get(ask(scope="profile mail"))

    assert page.status == 200
    assert "Photo <b>Album</b>" in page.text
    assert b"<b>" not in page.response.body
    for shown in ("album.example.org", "app.example.org", "See your name", "Read your mail"):
        assert shown in page.text
    assert "1 hour" in page.text
    assert "Signed in as <strong>alice" in page.text


def test_the_question_names_the_resources_that_the_tokens_are_for(browser_of: BrowserOf) -> None:
    browser = browser_of("alice")

    named = browser.get(ask(resource="https://api.example.org")).text
    none = browser.get(ask()).text

    assert "For use at" in named
    assert "https://api.example.org" in named
    assert "https://files.example.org" not in named
    assert "For use at" not in none


def test_the_page_loads_nothing_runs_nothing_and_leads_to_the_client_only(
    browser_of: BrowserOf,
) -> None:
    page = browser_of("alice").get(ask())

    (style,) = re.findall(rb"<style>(.*?)</style>", page.response.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    policy = page.header("Content-Security-Policy")
    assert f"style-src 'sha256-{digest}';" in policy
    assert "form-action 'self' https://app.example.org;" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.header("Referrer-Policy") == "no-referrer"
    assert page.header("Cache-Control") == "no-store"
    assert re.search(rb"<script|<link|<img|\son\w+=|style=", page.response.body) is None


def test_allowing_gives_a_code_the_state_as_it_was_and_the_issuer(browser_of: BrowserOf) -> None:
    browser = browser_of("alice")

    answer = browser.submit(browser.get(ask()), "/authorize", decision="allow")

    assert answer.location.startswith(f"{CALLBACK}?")
    assert told(answer).keys() == {"code", "state", "iss"}
    assert told(answer)["state"] == "xyz &=+%"
    assert told(answer)["iss"] == "https://example.com/oauth"


def test_denying_tells_the_client_and_leaves_no_code(browser_of: BrowserOf) -> None:
    browser = browser_of("alice")

    answer = browser.submit(browser.get(ask()), "/authorize", decision="deny")

    assert told(answer)["error"] == "access_denied"
    assert "code" not in told(answer)


@pytest.mark.parametrize("forgery", ["none", "empty", "other subject", "other request", "altered"])
def test_a_form_that_was_not_rendered_for_this_subject_and_request_decides_nothing(
    browser_of: BrowserOf, forgery: str
) -> None:
    browser, other = browser_of("alice"), browser_of("mallory")
    token = browser.get(ask()).form("/authorize")[1]["csrf"]
    forged = {
        "none": {},
        "empty": {"csrf": ""},
        "other subject": {"csrf": other.get(ask()).form("/authorize")[1]["csrf"]},
        "other request": {"csrf": browser.get(ask(scope="mail")).form("/authorize")[1]["csrf"]},
        "altered": {"csrf": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")},
    }[forgery]

    answer = browser.post(ask(), {**forged, "decision": "allow"})

    assert answer.status == 403
    assert answer.location is None


def test_a_form_is_good_for_an_hour(browser_of: BrowserOf, clock: FakeClock) -> None:
    browser = browser_of("alice")
    page = browser.get(ask())

    clock.advance(3600)

    assert browser.submit(page, "/authorize", decision="allow").status == 403


@pytest.mark.parametrize("decision", ["perhaps", ""])
def test_a_form_without_a_decision_allows_nothing(browser_of: BrowserOf, decision: str) -> None:
    browser = browser_of("alice")

    answer = browser.submit(browser.get(ask()), "/authorize", decision=decision)

    assert answer.status == 400
    assert answer.location is None


@pytest.mark.parametrize("subject", ["alice", None])
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": "https://evil.example/callback"},
    ],
)
def test_an_error_before_client_and_redirect_uri_are_known_is_a_page(
    browser_of: BrowserOf, subject: str | None, changes: dict[str, str | None]
) -> None:
    answer = browser_of(subject).get(ask(**changes))

    assert answer.status == 400
    assert answer.location is None
    assert answer.header("Content-Type") == "text/html; charset=utf-8"


def test_nobody_is_sent_on_with_an_error_before_a_sign_in(browser_of: BrowserOf) -> None:
    before, after = browser_of().get(ask(scope="evil")), browser_of("alice").get(ask(scope="evil"))

    assert before.location.startswith("/login?next=")
    assert told(after)["error"] == "invalid_scope"


@pytest.mark.parametrize("query", ["client_id=%00", "client_id=%ff", "a=1&" * 200, "&&=&"])
def test_a_hostile_query_is_a_page_with_4xx(browser_of: BrowserOf, query: str) -> None:
    answer = browser_of("alice").get(f"{PATH}?{query}")

    assert 400 <= answer.status < 500
    assert answer.header("Content-Type") == "text/html; charset=utf-8"


def test_a_store_that_fails_is_a_page_with_503_and_retry_after(
    browser_of: BrowserOf, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError("no answer from host 10.0.0.1")

    monkeypatch.setattr(server.stores.clients, "query_client", fail)
    answer = browser_of("alice").get(ask())

    assert answer.status == 503
    assert answer.header("Retry-After") == "5"
    assert "10.0.0.1" not in answer.text
