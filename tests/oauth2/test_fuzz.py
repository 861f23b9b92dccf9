"""Security checklist row 44: hostile input is answered, by the RFC's error, and never by a 500."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from authlib.oauth2 import OAuth2Error
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oauthstore_core.http import HttpRequest, HttpResponse
from oauthstore_core.integrations.asgi import Application

from .asgi import send
from .world import ALICE, CALLBACK, CHALLENGE, ISSUER, VERIFIER, Answer, World

RESOURCE = "https://api.example.com"
WORLD = World(resources=[RESOURCE])
PARTY, PUBLIC = WORLD.register(), WORLD.register_public()
NATIVE = WORLD.register_public(redirect_uris=["http://127.0.0.1/cb", "com.example.app:/cb"])
REDIRECT_URIS = (CALLBACK, "http://127.0.0.1", "com.example.app:/cb")
AUTHORIZATION = PARTY.headers["Authorization"]


def _authorize(request: HttpRequest) -> HttpResponse:
    return WORLD.server.create_authorization_response(request, grant_user=ALICE)


def _show_consent(request: HttpRequest) -> HttpResponse:
    try:
        grant = WORLD.server.get_consent_grant(request)
    except OAuth2Error as error:
        return WORLD.server.handle_error_response(None, error)
    return HttpResponse(200, grant.redirect_uri.encode())


def _resource(request: HttpRequest) -> HttpResponse:
    try:
        token = WORLD.protector.validate(request, ["profile"])
    except OAuth2Error as error:
        return WORLD.protector.create_error_response(error)
    return HttpResponse(200, token.client_id.encode())


def _endpoint(name: str) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: WORLD.server.create_endpoint_response(name, request)


APPLICATION = Application(
    {
        "/authorize": {"GET": _show_consent, "POST": _authorize},
        "/token": {"POST": WORLD.server.create_token_response},
        "/revoke": {"POST": _endpoint("revocation")},
        "/introspect": {"POST": _endpoint("introspection")},
        "/metadata": {"GET": WORLD.server.create_metadata_response},
        "/resource": {"GET": _resource},
    },
    blocking=False,
)

HOSTILE = [
    *("\0", "a\0b", "x" * 70_000, "é", "\N{KEY}", "\ud800", "\r\nSet-Cookie: a=b", "\n", "\t", " "),
    *(
        '{"$ne": null}',
        "$where",
        "' OR 1=1 --",
        '"',
        "\\",
        "<script>",
        "%00",
        "%FF",
        "%0d%0a",
        "\xa0",
    ),
    *("rt_", "rt_" + "f" * 22 + ".s", "null", "true", "0", "-1", "[]", "\x7f", "\u2028", "\ufeff"),
]
GOOD = [
    *("authorization_code", "refresh_token", "client_credentials", "code", "S256", CHALLENGE),
    *(RESOURCE, RESOURCE + "/#", "//api.example.com"),
    *(VERIFIER, CALLBACK, PARTY.client_id, PUBLIC.client_id, NATIVE.client_id, "profile"),
    *("http://127.0.0.1:9/cb", "com.example.app:/cb", WORLD.code(PARTY), str(PARTY.client_secret)),
    *WORLD.issue(PARTY).values(),
]
NAMES = [
    *("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge"),
    *("code_challenge_method", "grant_type", "code", "code_verifier", "refresh_token", "token"),
    *("token_type_hint", "client_secret", "resource", "client_id[$ne]", "request", "response_mode"),
]
VALUES = st.one_of(st.sampled_from(HOSTILE), st.sampled_from([str(v) for v in GOOD]), st.text())
PAIRS = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text()), VALUES), max_size=8)
AUTHORIZE = {
    "response_type": "code",
    "client_id": PARTY.client_id,
    "redirect_uri": CALLBACK,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "state": "s",
}
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"authorization", b"content-type", b"cookie", b"host", b"x"]),
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([AUTHORIZATION.encode(), b"Bearer x", b"Basic Og=="]),
            st.builds(lambda raw: b"Bearer " + raw, st.binary(max_size=30)),
            st.builds(lambda raw: b"Basic " + raw, st.binary(max_size=30)),
        ),
    ),
    max_size=3,
)
FORM = (b"content-type", b"application/x-www-form-urlencoded")
PATHS = st.sampled_from(
    ["/authorize", "/token", "/revoke", "/introspect", "/metadata", "/resource"]
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "\N{KEY}"])

_ERROR = re.compile(r"[a-z_]+")
_DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def _encode(pairs: list[tuple[str, str]]) -> bytes:
    return urlencode(pairs, errors="surrogatepass").encode()


def _check(answer: Answer, *, with_body: bool = True) -> None:
    """Check what must hold for the answer to any request."""
    assert answer.status < 500
    for name, value in answer.response.headers:
        assert not set("\r\n\0") & set(name + value)
    if answer.response.location is not None:
        _check_redirect(answer)
    elif answer.status >= 400 and with_body:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        _check_error(json.loads(answer.response.body))


def _check_redirect(answer: Answer) -> None:
    location = answer.response.location or ""
    assert answer.status == 302
    assert location.startswith(REDIRECT_URIS)
    assert location.isascii()
    parameters = dict(parse_qsl(urlsplit(location).query))
    assert parameters["iss"] == ISSUER
    if "error" in parameters:
        _check_error(parameters)


def _check_error(body: dict[str, Any]) -> None:
    assert _ERROR.fullmatch(body["error"])
    assert _DESCRIPTION.fullmatch(body.get("error_description", ""))
    assert set(body) <= {"error", "error_description", "error_uri", "state", "iss"}


@fuzz
@given(METHODS, PATHS, PAIRS, PAIRS, HEADERS)
def test_row_44_any_parameters_anywhere_are_answered(
    method: str,
    path: str,
    query: list[tuple[str, str]],
    form: list[tuple[str, str]],
    headers: list[tuple[bytes, bytes]],
) -> None:
    answer = send(
        APPLICATION,
        method,
        path,
        query=_encode(query),
        headers=[*headers, FORM],
        body=_encode(form),
    )

    _check(answer, with_body=method != "HEAD")


@fuzz
@given(PATHS, st.binary(max_size=200), st.binary(max_size=200), HEADERS)
def test_row_44_any_bytes_anywhere_are_answered(
    path: str, query: bytes, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    for method in ("GET", "POST"):
        for fields in (headers, [FORM, *headers]):
            _check(send(APPLICATION, method, path, query=query, headers=fields, body=body))


@fuzz
@given(st.sampled_from([*AUTHORIZE, "scope", "resource", "x"]), VALUES)
def test_row_44_an_authorization_request_that_is_good_but_for_one_parameter_is_answered(
    name: str, value: str
) -> None:
    query = _encode(list({**AUTHORIZE, name: value}.items()))

    for method in ("GET", "POST"):
        answer = send(APPLICATION, method, "/authorize", query=query)
        _check(answer)
        if name == "state" and answer.response.location:
            assert answer.parameters.get("state", "") == value


@fuzz
@given(
    st.sampled_from(["authorization_code", "refresh_token", "client_credentials"]),
    st.sampled_from(
        ["code", "refresh_token", "scope", "resource", "redirect_uri", "code_verifier", "client_id"]
    ),
    VALUES,
)
def test_row_44_a_token_request_that_is_good_but_for_one_parameter_is_answered(
    grant_type: str, name: str, value: str
) -> None:
    form = {"grant_type": grant_type, "code": "x", "refresh_token": "x", name: value}
    headers = [FORM, (b"authorization", AUTHORIZATION.encode())]

    for path in ("/token", "/revoke", "/introspect"):
        body = _encode(list({**form, "token": value}.items()))
        _check(send(APPLICATION, "POST", path, headers=headers, body=body))


@pytest.mark.parametrize("name", NAMES)
def test_row_44_each_hostile_value_in_each_parameter_is_answered(name: str) -> None:
    for value in HOSTILE:
        pairs = _encode([(name, value)])
        raw = quote(value, safe="", errors="surrogatepass").encode() + pairs

        for path in ("/token", "/revoke", "/introspect"):
            _check(send(APPLICATION, "POST", path, headers=[FORM], body=pairs))
        _check(send(APPLICATION, "GET", "/authorize", query=pairs))
        _check(send(APPLICATION, "GET", "/resource", query=raw))
