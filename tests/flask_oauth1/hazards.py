"""What Authlib's OAuth 1 server does that a server should not, and ours.

A hazard is shown on Authlib as it comes, so that this table notices when it is
mended there, and closed on ours: with the application's own hooks and on a store.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth1.rfc5849.base_server import BaseServer
from werkzeug.test import TestResponse

from .own_application import CALLBACK
from .worlds import World, told

__all__ = ["HAZARDS", "Hazard"]


@dataclass(frozen=True)
class Hazard:
    """Something that is tried, and what comes of it."""

    name: str
    attempt: Callable[[World], object]
    on_authlib: object
    on_ours: object
    #: In store mode, where that is not the same.
    in_store: object = None

    def expected(self, world: str) -> object:
        """Return what comes of it in one of the worlds."""
        if world == "store" and self.in_store is not None:
            return self.in_store
        return self.on_authlib if world == "authlib" else self.on_ours


def outcome(answer: TestResponse) -> str:
    """Return the status with the error, wherever it stands."""
    found = answer.json if answer.is_json else told(answer)
    if answer.location:
        found = dict(parse_qsl(urlsplit(answer.location).query))
    return f"{answer.status_code} {(found or {}).get('error', '')}".strip()


# --- temporary credentials ---


def name_it_without_signing(world: World) -> int:
    temporary = world.temporary()
    verifier = world.authorize(temporary)
    world.open(f"/oauth1/token?oauth_token={temporary.token}", "POST")
    return world.exchange(temporary, verifier).status_code


def forge_an_exchange(world: World) -> int:
    temporary = world.temporary()
    verifier = world.authorize(temporary)
    world.exchange(replace(temporary, client_secret="guessed"), "guessed")
    return world.exchange(temporary, verifier).status_code


def exchange_another_client_s(method: str) -> Callable[[World], str]:
    def attempt(world: World) -> str:
        temporary = world.temporary()
        verifier = world.authorize(temporary)
        return outcome(world.exchange(replace(temporary, client_id="c2", method=method), verifier))

    return attempt


def exchange_twice_at_once(world: World) -> int:
    temporary = world.temporary()
    verifier = world.authorize(temporary)
    answers = _both(world, "TokenCredential", lambda: world.exchange(temporary, verifier))
    return answers.count(200)


def authorize_twice(world: World) -> str:
    temporary = world.temporary()
    world.authorize(temporary, user=1)
    return outcome(world.decide(temporary, user=2))


def authorize_twice_at_once(world: World) -> int:
    temporary = world.temporary()
    return _both(world, "TemporaryCredential", lambda: world.decide(temporary)).count(302)


def authorize_after_a_denial(world: World) -> str:
    temporary = world.temporary()
    world.decide(temporary, user=0)
    return outcome(world.decide(temporary, user=1))


def _both(world: World, model: str, send: Callable[[], TestResponse]) -> list[int]:
    """Send while the same is about to be stored; return both statuses."""
    answers: list[int] = []

    def meanwhile() -> None:
        # In a thread of its own, as another worker would: with a session of its own, too.
        thread = threading.Thread(target=lambda: answers.append(send().status_code))
        thread.start()
        thread.join()

    if not world.can_pause(model):
        return [send().status_code for _ in range(2)]
    world.meanwhile(model, meanwhile)
    answers.append(send().status_code)
    assert len(answers) == 2, "nothing was sent meanwhile"
    return answers


# --- nonce and timestamp ---


def count_nonces_of_the_unsigned(world: World) -> object:
    for _ in range(20):
        world.initiate(replace(world.client, client_secret="guessed"))
    return _nonces(world)


def _nonces(world: World) -> int:
    if world.name.startswith("store"):
        memory: Any = world.server.stores.backends["default"]
        claimed: int = len(memory.nonces._expiry)
        return claimed
    return world.count("Nonce")


def use_up_a_victim_s_nonce(world: World) -> int:
    client = world.token()
    nonce, timestamp = "nonce-of-the-victim", str(int(time.time()))
    world.me(replace(client, token_secret="guessed"), nonce=nonce, timestamp=timestamp)
    return world.me(client, nonce=nonce, timestamp=timestamp).status_code


def replay_at_once(world: World) -> int:
    client = world.token()
    headers = client.header("GET", "/me")
    replay = _both(world, "Nonce", lambda: world.open("/me", "GET", headers=headers))
    return replay.count(200)


def send_from_the_future(world: World) -> int:
    client = world.token()
    in_a_month = str(int(time.time()) + 30 * 24 * 60 * 60)
    return world.me(client, timestamp=in_a_month).status_code


# --- the signature ---


def send_with(header: str) -> Callable[[World], str]:
    return lambda world: outcome(world.open("/me", "GET", headers={"Authorization": header}))


def sign(path: str, method: str = "GET", *form: tuple[str, str]) -> Callable[[World], int]:
    def attempt(world: World) -> int:
        client = world.token()
        return world.send(path, client, form, method).status_code

    return attempt


def send_a_signature_beyond_ascii(world: World) -> int:
    return world.me(world.token(), signature="é").status_code


def sign_by_a_key_that_is_not_there(world: World) -> int:
    client = world.token()
    with_key = replace(client, method="RSA-SHA1")
    return world.me(with_key, signature="not base64!").status_code


def send_a_form_in_parts(world: World) -> int:
    """Send what RFC 5849 section 3.4.1.3.1 leaves out of the signature."""
    headers = world.token().header("POST", "/me")
    answer = world.app.test_client().post(
        "/me", data={"a": "1"}, headers=headers, content_type="multipart/form-data"
    )
    return answer.status_code


def leave_the_form_of_a_put(world: World) -> int:
    client = world.token()
    headers = client.header("PUT", "/me", [("a", "1"), ("a", "2")])
    return world.open("/me", "PUT", [("a", "1"), ("a", "2")], headers=headers).status_code


def call_back_with(callback: str) -> Callable[[World], int]:
    return lambda world: world.initiate(callback=callback).status_code


def authorize_for(callback: str) -> Callable[[World], int]:
    def attempt(world: World) -> int:
        answer = world.initiate(callback=callback)
        if answer.status_code == 200:
            found = told(answer)
            token = world.client.using(found["oauth_token"], found["oauth_token_secret"])
            answer = world.decide(token)
        return answer.status_code

    return attempt


# --- answers ---


def be_shown_the_verifier(world: World) -> int:
    return world.decide(world.temporary(callback="oob")).status_code


def have_no_callback_at_all(world: World) -> int:
    client = replace(world.client, client_id="c3", client_secret="", method="RSA-SHA1")
    return world.decide(world.temporary(client, callback="oob")).status_code


def be_told_that_the_callback_is_confirmed(world: World) -> str:
    return told(world.initiate())["oauth_callback_confirmed"]


def exchange_by_get(world: World) -> str:
    temporary = world.temporary()
    verifier = world.authorize(temporary)
    return outcome(world.send("/oauth1/token", temporary, method="GET", verifier=verifier))


def ask_for_the_challenge(world: World) -> str:
    answer = world.me(replace(world.client, token="unknown"))
    return answer.headers.get("WWW-Authenticate", "none")


def ask_over_http(world: World) -> int:
    elsewhere = replace(world.client, origin="http://auth.example")
    headers = elsewhere.header("POST", "/oauth1/initiate", callback=CALLBACK)
    return world.open(
        "/oauth1/initiate", "POST", headers=headers, base_url="http://auth.example"
    ).status_code


def register_a_method_for_all(world: World) -> bool:
    """Register a method with one server; tell whether another accepts it."""
    try:
        world.server.register_signature_method("ALWAYS", lambda _: True)
        return "ALWAYS" in BaseServer.SIGNATURE_METHODS
    finally:
        BaseServer.SIGNATURE_METHODS.pop("ALWAYS", None)


def return_a_signature_from_a_method(world: World) -> int:
    """Verify as an example of Authlib's documentation does, which returns the signature."""
    try:
        world.server.register_signature_method("EXAMPLE", lambda _: "the right signature")
        world.server.SUPPORTED_SIGNATURE_METHODS = ["EXAMPLE"]
        client = replace(world.client, client_id="c2")
        forged = {"signature_method": "EXAMPLE", "signature": "anything"}
        return world.initiate(client, **forged).status_code
    finally:
        BaseServer.SIGNATURE_METHODS.pop("EXAMPLE", None)


HAZARDS = [
    Hazard("an exchange without any signature", name_it_without_signing, 401, 200),
    Hazard("an exchange with a forged signature", forge_an_exchange, 401, 200),
    Hazard(
        "another client's temporary credential",
        exchange_another_client_s("HMAC-SHA1"),
        "200",
        "401 invalid_token",
    ),
    Hazard(
        "another client's temporary credential, signed by RSA",
        exchange_another_client_s("RSA-SHA1"),
        "200",
        "401 invalid_token",
    ),
    Hazard("two exchanges at once", exchange_twice_at_once, 2, 1),
    Hazard("a second authorization", authorize_twice, "302", "401 invalid_token"),
    Hazard("two authorizations at once", authorize_twice_at_once, 2, 1),
    Hazard("an authorization after a denial", authorize_after_a_denial, "302", "401 invalid_token"),
    Hazard("20 requests without a valid signature", count_nonces_of_the_unsigned, 20, 0),
    Hazard("a forged request with somebody's nonce", use_up_a_victim_s_nonce, 401, 200),
    Hazard("a request replayed at once", replay_at_once, 2, 1),
    Hazard("a timestamp in a month", send_from_the_future, 200, 400),
    Hazard(
        "a bearer token where OAuth 1 protects",
        send_with("Bearer abc"),
        "500",
        "401 missing_required_parameter",
    ),
    Hazard("a header that cannot be read", send_with("OAuth realm"), "500", "400 invalid_request"),
    Hazard("a query beyond ASCII", sign("/me?name=%C3%A9"), 500, 200),
    Hazard("a query with brackets and quotes", sign("/me?filter[name]='x'"), 500, 200),
    Hazard("a path beyond ASCII", sign("/caf%C3%A9"), 401, 200),
    Hazard("a signature beyond ASCII", send_a_signature_beyond_ascii, 500, 401),
    Hazard("an RSA signature that is not base64", sign_by_a_key_that_is_not_there, 500, 401),
    Hazard(
        "a name that is repeated in a form", sign("/me", "POST", ("a", "1"), ("a", "2")), 401, 200
    ),
    Hazard("a callback with an encoded query", call_back_with(f"{CALLBACK}?a=b%26c%20d"), 401, 200),
    Hazard("a form in several parts", send_a_form_in_parts, 401, 200),
    Hazard("a name that is repeated in a form that is put", leave_the_form_of_a_put, 401, 200),
    Hazard(
        "a callback that nobody registered", call_back_with("https://evil.example/"), 200, 200, 400
    ),
    Hazard("a callback that runs as a script", call_back_with("javascript://x/alert()"), 200, 400),
    Hazard("a callback with a line break", authorize_for("https://app.example/\nX: y"), 302, 400),
    Hazard("a verifier to be typed", be_shown_the_verifier, 302, 200),
    Hazard("a client without any callback", have_no_callback_at_all, 500, 200),
    Hazard(
        "the word for a confirmed callback", be_told_that_the_callback_is_confirmed, "True", "true"
    ),
    Hazard("an exchange by GET", exchange_by_get, "200", "405 method_not_allowed"),
    Hazard(
        "a challenge where a token is refused",
        ask_for_the_challenge,
        "none",
        'OAuth realm="oauthstore"',
    ),
    Hazard("a method registered with one server", register_a_method_for_all, True, False),  # noqa: FBT003
    Hazard("a method that returns a signature", return_a_signature_from_a_method, 200, 401),
]
