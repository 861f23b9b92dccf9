"""What a probe learns: that the process lives, and whether every store answers it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest

from oauthstore_core.errors import SchemaError, StoreUnavailableError
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.application import application_of, open_server
from oauthstore_core.settings import Settings

from ..oauth2.asgi import send
from .browser import ISSUER


@pytest.fixture
def settings() -> Settings:
    stores = {"main": "memory://", "cache": "memory://"}
    roles = {"clients": "main", "tokens": "main", "credentials": "cache", "nonces": "cache"}
    return Settings.from_mapping(
        {"issuer": f"{ISSUER}/tenant", "secret_keys": ["k" * 40], "stores": stores, "roles": roles}
    )


@pytest.fixture
def server(settings: Settings) -> Iterator[AuthorizationServer]:
    server = open_server(settings)
    with server.stores:
        yield server


@pytest.fixture
def application(server: AuthorizationServer) -> Application:
    return application_of(server)


def break_store(
    server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    broken = server.stores.backends["cache"]

    def ping(backend: object) -> None:
        if backend is broken:
            raise error

    monkeypatch.setattr(MemoryBackend, "ping", ping)


def test_a_server_whose_stores_answer_is_ready(application: Application) -> None:
    answer = send(application, "GET", "/health/ready")

    assert answer.status == 200
    assert answer.json == {"status": "ready", "stores": {"cache": "ready", "main": "ready"}}


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (StoreUnavailableError("10.0.0.7 does not answer"), "unavailable"),
        (SchemaError("at 1"), "schema does not fit"),
    ],
)
def test_one_store_that_fails_makes_it_unready_and_nobody_is_told_why(
    application: Application,
    server: AuthorizationServer,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: str,
) -> None:
    break_store(server, monkeypatch, error)

    answer = send(application, "GET", "/health/ready")

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json["stores"] == {"cache": state, "main": "ready"}
    assert b"10.0.0.7" not in answer.response.body


def test_it_lives_whatever_its_stores_do(
    application: Application, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_store(server, monkeypatch, StoreUnavailableError("gone"))

    assert send(application, "GET", "/health/alive").status == 200


def test_it_says_so_on_the_event_loop_where_no_thread_is_needed() -> None:
    threads = []

    def tell(_: object) -> NoReturn:
        threads.append(threading.current_thread())
        raise AssertionError

    application = Application({"/x": {"GET": tell}}, blocking=True, immediate=["/x"])
    send(application, "GET", "/x")

    assert threads == [threading.current_thread()]


def test_every_answer_of_a_probe_is_fresh(application: Application) -> None:
    for path in ("/health/alive", "/health/ready"):
        assert send(application, "GET", path).headers["cache-control"] == "no-store"
