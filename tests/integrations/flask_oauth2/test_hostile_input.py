"""Hostile input is answered, by the RFC's error, and never by a 5xx."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from authlib.oauth2.rfc6749.grants import ImplicitGrant
from hypothesis import given, settings
from hypothesis import strategies as st

from oauthstore_core.testing.clock import FakeClock

from ..opened import ask
from .own_grants import PasswordGrant
from .site import CALLBACK, NOW, basic, bearer, make_site
from .worlds import World, open_world

SITE = make_site(issuer="https://auth.example/oauth", clock=FakeClock(NOW))
SITE.server.register_grant(PasswordGrant)
SITE.server.register_grant(ImplicitGrant)
CLIENT = SITE.register(
    grant_types=["authorization_code", "refresh_token", "client_credentials", "password"]
)
TOKENS = SITE.issue(CLIENT)
HOSTILE = [
    *("\0", "a\0b", "x" * 70_000, "é", "\N{KEY}", "\r\nSet-Cookie: a=b", "\t", " ", '"', "\\"),
    *("<script>", "%00", "%FF", "\xa0", "rt_", "rt_" + "f" * 22 + ".s", "null", "[]", "\ufeff"),
    *("implicit", "token", "password", 'fo"o', "https://x/é", "javascript://x", "//evil"),
]
GOOD = [
    *("authorization_code", "refresh_token", "client_credentials", "code", "S256", CALLBACK),
    *(CLIENT.client.client_id, str(CLIENT.client_secret), *map(str, TOKENS.values())),
]
NAMES = [
    *("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "prompt"),
    *("code_challenge_method", "grant_type", "code", "code_verifier", "refresh_token", "token"),
    *("token_type_hint", "client_secret", "resource", "username", "password", "response_mode"),
    *("client_assertion", "client_assertion_type", "csrf", "decision", "request"),
]
VALUES = st.one_of(st.sampled_from([*HOSTILE, *GOOD]), st.text(max_size=20))
PAIRS = st.lists(
    st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), VALUES), max_size=8
)
PATHS = st.sampled_from(
    ["/oauth/authorize", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/profile"]
)
AUTHORIZATION = st.one_of(
    st.none(),
    st.just(basic(CLIENT.client.client_id, CLIENT.client_secret or "")["Authorization"]),
    st.just(bearer(str(TOKENS["access_token"]))["Authorization"]),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30),
    st.builds("Basic {}".format, st.text(st.characters(max_codepoint=126, min_codepoint=32))),
    st.builds("Bearer {}".format, st.text(st.characters(max_codepoint=255, min_codepoint=32))),
)
TYPES = st.sampled_from(
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", ""]
)


def _encode(pairs: list[tuple[str, str]]) -> bytes:
    usable = [(k.encode("utf-8", "replace"), v.encode("utf-8", "replace")) for k, v in pairs]
    return urlencode(usable).encode()


BODIES = st.one_of(PAIRS.map(_encode), st.binary(max_size=60))


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    path=PATHS,
    query=PAIRS,
    body=BODIES,
    content_type=TYPES,
    authorization=AUTHORIZATION,
)
def test_whatever_comes_is_answered_below_500(
    *,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    body: bytes,
    content_type: str,
    authorization: str | None,
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = SITE.browser.open(
        path,
        method=method,
        query_string=_encode(query).decode(),
        data=body,
        content_type=content_type or None,
        headers=headers,
    )

    assert answer.status_code < 500


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return open_world("own", tmp_path_factory.mktemp("own"))


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD"]),
    path=st.sampled_from(
        ["/oauth/authorize", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/me"]
    ),
    query=PAIRS,
    body=BODIES,
    content_type=TYPES,
    authorization=st.one_of(AUTHORIZATION, st.just(basic("c1", "secret")["Authorization"])),
    known=st.booleans(),
)
def test_in_own_mode_whatever_comes_is_answered_below_500(
    own_world: World,
    *,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    body: bytes,
    content_type: str,
    authorization: str | None,
    known: bool,
) -> None:
    # Else hardly any request would come past the question which client it is of.
    asked = urlsplit(ask("c1")).query + "&" if known else ""

    answer = own_world.app.test_client().open(
        path,
        method=method,
        query_string=asked + _encode(query).decode(),
        data=body,
        content_type=content_type or None,
        headers={} if authorization is None else {"Authorization": authorization},
    )

    assert answer.status_code < 500


@pytest.mark.parametrize("body", [b"x" * (1 << 19), b"&".join([b"a=1"] * 200), b"a=%FF", b"\xff=1"])
def test_a_form_that_is_none_is_a_client_s_error(body: bytes) -> None:
    answer = SITE.app.test_client().post(
        "/oauth/token", data=body, content_type="application/x-www-form-urlencoded"
    )

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_what_flask_limits_is_413() -> None:
    site = make_site({"MAX_CONTENT_LENGTH": 100})

    answer = site.app.test_client().post("/oauth/token", data={"grant_type": "x" * 200})

    assert answer.status_code == 413


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["redirect_uri", "response_type", "response_mode", "scope"])
def test_a_hostile_parameter_of_an_authorization_request_leads_nowhere(
    name: str, value: str
) -> None:
    changes: dict[str, Any] = {name: quote(value, safe=""), "state": "s"}

    answer = SITE.browser.get(ask(CLIENT.client.client_id, **changes))

    assert answer.status_code < 500
    assert (answer.location or CALLBACK).startswith(CALLBACK)
