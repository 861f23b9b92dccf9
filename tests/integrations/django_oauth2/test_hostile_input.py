"""Hostile input is answered by the RFC's error, and never by a 5xx, as on Flask."""

from __future__ import annotations

import pytest
from authlib.oauth2.rfc6749.grants import ImplicitGrant
from hypothesis import given, settings
from hypothesis import strategies as st

from oauthstore_core.testing.clock import FakeClock

from ..flask_oauth2.own_grants import PasswordGrant
from ..flask_oauth2.site import basic, bearer
from ..flask_oauth2.test_hostile_input import AUTHORIZATION, BODIES, PAIRS, PATHS, TYPES
from ..flask_oauth2.test_hostile_input import _encode as encode
from ..opened import ask
from .browser import FORM
from .project import URLS
from .site import NOW, make_site

SITE = make_site(issuer="https://auth.example/oauth", clock=FakeClock(NOW))
SITE.server.register_grant(PasswordGrant)
SITE.server.register_grant(ImplicitGrant)
CLIENT = SITE.register(client_name="Album")
TOKENS = SITE.issue(CLIENT)
KNOWN = st.sampled_from(
    [
        basic(CLIENT.client.client_id, CLIENT.client_secret or "")["Authorization"],
        bearer(str(TOKENS["access_token"]))["Authorization"],
    ]
)


@pytest.fixture(autouse=True)
def _close() -> None:
    """Leave the store of this module open."""


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    path=PATHS,
    query=PAIRS,
    body=BODIES,
    content_type=TYPES,
    authorization=st.one_of(AUTHORIZATION, KNOWN),
    known=st.booleans(),
)
def test_whatever_comes_is_answered_below_500(
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
    asked = ask(CLIENT.client.client_id).partition("?")[2] if known else ""

    answer = SITE.browser.open(
        path,
        method=method,
        query_string="&".join(filter(None, [asked, encode(query).decode()])),
        data=body,
        content_type=content_type or None,
        headers={} if authorization is None else {"Authorization": authorization},
    )

    assert answer.status_code < 500


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/authorize"])
def test_what_django_limits_is_a_client_s_error(path: str) -> None:
    body = b"a=" + b"x" * 3_000_000

    assert SITE.browser.post(path, data=body).status_code == 400


@pytest.mark.parametrize("length", ["abc", "-1", "1" * 5000, "\N{SUPERSCRIPT TWO}"])
def test_a_length_that_is_none_is_a_client_s_error(length: str) -> None:
    site = make_site()
    extra = {"CONTENT_LENGTH": length, URLS: site.urls, "HTTP_HOST": "localhost"}

    answer = site.browser.client.generic("POST", "/oauth/token", b"a=1", FORM, **extra)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("host", ["evil host", "[", "a\nb"])
def test_a_host_that_is_none_is_a_client_s_error(host: str) -> None:
    site = make_site()

    answer = site.browser.client.post("/oauth/token", HTTP_HOST=host, **{URLS: site.urls})

    assert answer.status_code == 400
