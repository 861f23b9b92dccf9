"""Asking an introspection endpoint over HTTP."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import unquote_plus

import pytest

from oauthstore_core.introspection import IntrospectionClient, IntrospectionFailedError

from .endpoint import ACTIVE, Endpoint


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[IntrospectionClient]:
    with closing(IntrospectionClient(endpoint.url, "api", "secret")) as client:
        yield client


def test_the_token_is_posted_with_the_client_s_credentials_form_encoded(
    endpoint: Endpoint,
) -> None:
    with closing(IntrospectionClient(endpoint.url, "https://api:1", "p%&:ä b")) as client:
        answer = client.introspect("the-token")

    (asked,) = endpoint.asked
    scheme, _, encoded = asked.authorization.partition(" ")
    names = base64.b64decode(encoded).decode().split(":")
    assert answer == ACTIVE
    assert asked.form == {"token": ["the-token"], "token_type_hint": ["access_token"]}
    assert scheme == "Basic"
    assert [unquote_plus(name) for name in names] == ["https://api:1", "p%&:ä b"]


@pytest.mark.parametrize(
    "answer",
    [
        {"active": "true"},
        {"active": 1},
        {"active": None},
        {"sub": "alice"},
        [True],
        "active",
        b"<html>",
        b"",
        b"\xff",
        b'{"active": true, "x": "' + b"x" * (1 << 18) + b'"}',
    ],
    ids=lambda answer: repr(answer)[:30],
)
def test_an_answer_without_a_boolean_active_is_none(
    endpoint: Endpoint, client: IntrospectionClient, answer: object
) -> None:
    endpoint.answer = answer

    with pytest.raises(IntrospectionFailedError, match="boolean `active`"):
        client.introspect("the-token")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 302])
def test_another_status_says_nothing_of_the_token(
    endpoint: Endpoint, client: IntrospectionClient, status: int
) -> None:
    endpoint.status, endpoint.headers = status, {"Location": endpoint.url}

    with pytest.raises(IntrospectionFailedError, match=f"answered {status}"):
        client.introspect("the-token")

    assert len(endpoint.asked) == 1


def test_a_server_that_is_not_there_is_a_failure() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    client = IntrospectionClient(f"http://127.0.0.1:{port}/introspect", "api", "secret")

    with closing(client), pytest.raises(IntrospectionFailedError, match="did not answer"):
        client.introspect("the-token")


def test_a_server_that_never_answers_is_given_up(endpoint: Endpoint) -> None:
    answering = threading.Event()
    endpoint.before = answering.wait

    with closing(IntrospectionClient(endpoint.url, "api", "s", timeout=0.2)) as client:
        with pytest.raises(IntrospectionFailedError, match="did not answer"):
            client.introspect("the-token")
        answering.set()


def test_one_connection_serves_many_questions(
    endpoint: Endpoint, client: IntrospectionClient
) -> None:
    for _ in range(5):
        client.introspect("the-token")

    assert len({asked.port for asked in endpoint.asked}) == 1


def test_a_kept_connection_that_the_server_ended_is_replaced(
    endpoint: Endpoint, client: IntrospectionClient
) -> None:
    endpoint.hangs_up = True

    answers = [client.introspect("the-token") for _ in range(5)]

    assert answers == [ACTIVE] * 5


def test_many_threads_may_ask_at_once(endpoint: Endpoint, client: IntrospectionClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(client.introspect, [f"token-{n}" for n in range(64)]))

    assert answers == [ACTIVE] * 64
    assert {asked.form["token"][0] for asked in endpoint.asked} == {f"token-{n}" for n in range(64)}


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example.com/introspect",
        "http://127.0.0.1.example.com/introspect",
        "ftp://127.0.0.1/introspect",
        "https:///introspect",
        "//127.0.0.1/introspect",
        "http://[::1",
    ],
)
def test_tokens_travel_encrypted_or_not_at_all(url: str) -> None:
    with pytest.raises(ValueError, match="Use https"):
        IntrospectionClient(url, "api", "secret")


def test_neither_secret_nor_token_is_in_a_message_or_repr(
    endpoint: Endpoint, client: IntrospectionClient
) -> None:
    endpoint.status = 500

    with pytest.raises(IntrospectionFailedError) as error:
        client.introspect("the-token")

    assert "the-token" not in f"{error.value!r} {error.value.__cause__!r}"
    assert "secret" not in repr(client)
