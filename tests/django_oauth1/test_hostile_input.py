"""Whatever is sent, by whomever: an answer of OAuth's with 4xx, as under Flask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.test.utils import override_settings

from ..flask_oauth1.test_hostile_input import (
    BODIES,
    HEADERS,
    PATHS,
    QUERIES,
    test_a_callback_that_leads_nowhere_is_refused,
    test_a_signed_request_with_anything_changed_is_refused,
    test_an_answer_is_kept_by_no_cache,
)
from ..flask_oauth1.worlds import told
from ..integrations.django_oauth2.browser import DjangoAnswer
from ..integrations.django_oauth2.project import URLS
from .worlds import DjangoWorld

__all__ = [
    "test_a_callback_that_leads_nowhere_is_refused",
    "test_a_signed_request_with_anything_changed_is_refused",
    "test_an_answer_is_kept_by_no_cache",
]


def attempts() -> Iterator[dict[str, Any]]:
    for header in HEADERS:
        yield {"HTTP_AUTHORIZATION": header.encode().decode("latin-1")}
    for query in QUERIES:
        yield {"QUERY_STRING": query.encode().decode("latin-1")}
    for body, content_type in BODIES:
        yield {"data": body, "content_type": content_type}
    yield {"HTTP_HOST": "a b"}
    yield {"HTTP_HOST": ""}
    yield {"RAW_URI": "*", "REQUEST_URI": "*"}
    yield {"CONTENT_LENGTH": "-1"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [path for path in PATHS if path != "/oauth1/authorize"])
def test_what_cannot_be_read_is_refused(ours: DjangoWorld, path: str, method: str) -> None:
    client = Client(raise_request_exception=False)

    for options in attempts():
        extra = {"HTTP_HOST": "localhost", URLS: ours.urls, **options}
        answer = client.generic(method, path, **extra)

        assert 400 <= answer.status_code < 500, (options, answer.status_code)
        if path == "/me" and answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"] == 'OAuth realm="oauthstore"'


def test_a_host_that_the_project_does_not_serve_is_refused_in_oauth_s_words(
    ours: DjangoWorld,
) -> None:
    """Also where no middleware of Django's looks at it first."""
    asked = RequestFactory().post("/oauth1/initiate", headers={"host": "localhost"})
    asked._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # as of the test client

    with override_settings(ALLOWED_HOSTS=["example.org"]):
        answer = DjangoAnswer(ours.server.create_temporary_credentials_response(asked))

    assert (answer.status_code, told(answer)["error"]) == (400, "invalid_request")  # type: ignore[arg-type]


def test_a_proxy_that_ends_tls_is_believed_where_django_believes_it(ours: DjangoWorld) -> None:
    client = replace(ours.token(), origin="https://api.example")
    passed = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example"}
    trusted = {
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "USE_X_FORWARDED_HOST": True,
    }

    def ask() -> int:
        headers = {**client.header("GET", "/me"), **passed}
        return int(ours.open("/me", "GET", headers=headers).status_code)

    assert ask() == 401
    with override_settings(**trusted):
        assert ask() == 200
