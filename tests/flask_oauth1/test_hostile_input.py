"""Whatever is sent, by whomever: an answer of OAuth's with 4xx, never a traceback."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from oauthstore_core.integrations.flask_oauth2.requests import MAXIMUM_BODY

from .own_application import CALLBACK
from .worlds import World, told

PATHS = ("/oauth1/initiate", "/oauth1/authorize", "/oauth1/token", "/me")
FORM = "application/x-www-form-urlencoded"
GOOD = 'OAuth oauth_consumer_key="c1", oauth_token="t", oauth_signature_method="HMAC-SHA1", '
HEADERS = [
    "",
    "OAuth",
    "OAuth ",
    "oauth x",
    "OAuth =",
    'OAuth ="',
    'OAuth oauth_consumer_key="',
    'OAuth oauth_consumer_key="c1" oauth_token="t"',
    'OAuth oauth_consumer_key="c1", oauth_consumer_key="c2"',
    'OAuth oauth_consumer_key="%00"',
    'OAuth oauth_consumer_key="%ff"',
    'OAuth oauth_consumer_key="%"',
    'OAuth oauth_consumer_key="é"',
    'OAuth realm="a\\"b", oauth_consumer_key="c1"',
    "Basic YzE6c2VjcmV0",
    "Basic \xff",
    "Bearer t",
    "Digest username",
    GOOD + 'oauth_timestamp="-1", oauth_nonce="n", oauth_signature="s"',
    GOOD + 'oauth_timestamp="1e9", oauth_nonce="n", oauth_signature="s"',
    GOOD + 'oauth_timestamp="99999999999999999999999999", oauth_nonce="n", oauth_signature="s"',
    GOOD + 'oauth_timestamp="١٢٣", oauth_nonce="n", oauth_signature="s"',
    GOOD + 'oauth_version="2.0"',
    GOOD.replace("HMAC-SHA1", "HMAC-MD5"),
    GOOD.replace("HMAC-SHA1", "RSA-SHA1") + 'oauth_signature="%%%"',
    "OAuth " + 'a="b",' * 5000,
]
QUERIES = ["%", "%ff", "%00", "a=%ff", "&" * 300, "oauth_token", "oauth_token=%00", "[]='{}\"", "é"]
BODIES = [
    (b"\xff\xfe", FORM),
    (b"%ff=%ff", FORM),
    (b"a=%00", FORM),
    (b"&" * 300, FORM),
    (b"oauth_token=t&oauth_token=u", FORM),
    (b"{}", "application/json"),
    (b"--x", "multipart/form-data; boundary=x"),
    (b"a=" + b"b" * MAXIMUM_BODY, FORM),
    (b"a=b", "\xff"),
]


def attempts() -> Iterator[tuple[str, dict[str, Any]]]:
    for header in HEADERS:
        environ = {"HTTP_AUTHORIZATION": header.encode().decode("latin-1")}
        yield "", {"environ_overrides": environ}
    for query in QUERIES:
        yield "", {"environ_overrides": {"QUERY_STRING": query.encode().decode("latin-1")}}
    for body, content_type in BODIES:
        yield "", {"data": body, "environ_overrides": {"CONTENT_TYPE": content_type}}
    yield "", {"environ_overrides": {"HTTP_HOST": "a b"}}
    yield "", {"environ_overrides": {"HTTP_HOST": ""}}
    yield "", {"environ_overrides": {"RAW_URI": "*", "REQUEST_URI": "*"}}
    yield "", {"environ_overrides": {"CONTENT_LENGTH": "-1"}}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
def test_what_cannot_be_read_is_refused(ours: World, path: str, method: str) -> None:
    client = ours.app.test_client()

    for suffix, options in attempts():
        answer = client.open(path + suffix, method=method, **options)

        assert 400 <= answer.status_code < 500, (options, answer.status_code)
        if path == "/me" and answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"] == 'OAuth realm="oauthstore"'


def test_a_signed_request_with_anything_changed_is_refused(ours: World) -> None:
    client = ours.token()
    chosen = random.Random(5849)  # noqa: S311 - the same each time
    good = client.header("GET", "/me")["Authorization"]

    for _ in range(200):
        place = chosen.randrange(6, len(good))
        changed = good[:place] + chr(chosen.randrange(33, 127)) + good[place + 1 :]
        if changed.lower() == good.lower():
            continue  # maybe the same, by the other case of a percent-encoding
        answer = ours.open("/me", "GET", headers={"Authorization": changed})
        assert 400 <= answer.status_code < 500, changed
    assert ours.open("/me", "GET", headers={"Authorization": good}).status_code == 200


@pytest.mark.parametrize(
    "callback",
    ["", " ", "oob ", "OOB", "//x", "https://", "https:///a", "data:text/html,x", "x", "é", "\0"],
)
def test_a_callback_that_leads_nowhere_is_refused(ours: World, callback: str) -> None:
    answer = ours.initiate(callback=callback)

    assert answer.status_code == 400
    assert told(answer)["error"] in {"invalid_request", "missing_required_parameter"}


def test_an_answer_is_kept_by_no_cache(ours: World) -> None:
    answers = [ours.initiate(), ours.initiate(nonce=None), ours.me(ours.client)]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store"] * 3
    assert told(ours.initiate(callback=CALLBACK)).keys() == {
        "oauth_token",
        "oauth_token_secret",
        "oauth_callback_confirmed",
    }
