"""A running server whose nonces are kept by somebody else's plugin, chosen by its URL.

No endpoint of today asks for a nonce: assertions of clients, DPoP and OAuth 1 will. So the
flows show that the server runs on such a configuration, and the race goes through the façade
that the endpoints will call, with the stores of the same configuration.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oauthstore_core.digests import nonce_digest
from oauthstore_core.hookspecs import ROLES
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

from ..live.browser import Browser
from ..live.oauth import Party, refresh_form
from ..live.server import REDIRECT_URI, RunningServer

CLAIMER = Path(__file__).with_name("claimer.py")
PROCESSES = 3
ROUNDS = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    settings = {
        "stores": {
            "main": f"sqlite:///{folder}/oauth.db",
            "elsewhere": f"lmdb://{folder}/nonces.lmdb",
        },
        "roles": {**dict.fromkeys(ROLES, "main"), "nonces": "elsewhere"},
    }
    running = RunningServer(folder, workers=2, settings=settings, options=["--demo"])
    running.start()
    yield running
    running.stop()


def test_a_code_and_its_refresh_work(server: RunningServer) -> None:
    client = server.create_client(
        *("--client-name", "Notes", "--redirect-uri", REDIRECT_URI, "--scope", "profile"),
        *("--grant-type", "authorization_code", "--grant-type", "refresh_token"),
    )
    browser, party = Browser(server), Party(server, client)
    browser.sign_in(server.add_user("alice", "correct horse battery staple"))

    code = browser.fetch_code(client.client_id)
    first = party.fetch_tokens(code.form())
    second = party.fetch_tokens(refresh_form(first["refresh_token"]))
    status = party.ask_resource(second["access_token"])
    again = party.ask_token(code.form())
    party.close()
    browser.close()

    assert status == 200
    assert again.outcome == "400 invalid_grant"


def test_the_command_line_shows_the_store(server: RunningServer) -> None:
    listed = {item["name"]: item for item in server.command("backend", "list", "--roles")}
    pinged = {item["store"]: item for item in server.command("backend", "ping")}
    migrated = {item["store"]: item["state"] for item in server.command("migrate", "status")}

    assert listed["lmdb"]["distribution"] == "oauthstore-lmdb"
    assert listed["lmdb"]["roles"] == ["nonces"]
    assert pinged["elsewhere"]["url"].startswith("lmdb:///")
    assert pinged["elsewhere"]["answers"]
    assert migrated == {"main": "current", "elsewhere": "current"}


def test_of_claims_in_several_processes_one_is_first(server: RunningServer) -> None:
    with claiming(server) as processes:
        for number in range(ROUNDS):
            digest = nonce_digest("race", "client", str(number))
            for process in processes:
                write_line(process, digest)

            assert sum(read_number(process) for process in processes) == 1


def test_a_purge_removes_what_is_over_and_nothing_else(server: RunningServer) -> None:
    with open_stores(Settings.load(server.config, environ={})) as stores:
        for number in range(5):
            assert stores.nonces.claim_nonce(nonce_digest("old", str(number)), 100, 1)
        kept = nonce_digest("kept")
        assert stores.nonces.claim_nonce(kept, 1 << 40, 1)

        told = server.command("purge", "--limit", "2")

        assert told["nonces"] == 5
        assert not stores.nonces.claim_nonce(kept, 1 << 40, 1)
        assert stores.routes["nonces"] == "elsewhere"


@contextmanager
def claiming(server: RunningServer) -> Iterator[list[subprocess.Popen[str]]]:
    """Open the server's stores in several processes."""
    command = [sys.executable, str(CLAIMER), str(server.config)]
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own
        for _ in range(PROCESSES)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.communicate(timeout=60)


def write_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def read_number(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())
