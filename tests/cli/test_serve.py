"""``oauthstore serve`` as a process: started, used, killed and started again."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from oauthstore_core.cli.banner import announce
from oauthstore_core.cli.invocation import Invocation
from oauthstore_core.cli.listening import Address, usual_address
from oauthstore_core.cli.logs import WithoutQuery
from oauthstore_core.cli.web_server import uvicorn_options
from oauthstore_core.server.application import open_server
from oauthstore_core.server.demo import DemoNotes
from oauthstore_core.settings import ServerSettings, Settings

from .conftest import Run

PROGRAM = str(Path(sys.executable).with_name("oauthstore"))


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """A server as a process group of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Start it, and return what it tells once it answers."""
        with (self._folder / "log").open("a") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [PROGRAM, "serve", "--json", *self._options],
                cwd=self._folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline() or self._log())
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            try:
                httpx.get(told["metadata"]).raise_for_status()
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return told
        raise AssertionError(self._log())

    def end(self, how: signal.Signals) -> None:
        """Send a signal to all of its processes, and wait."""
        if self.process is not None:
            os.killpg(self.process.pid, how)
            self.process.wait(30)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def _log(self) -> str:
        return (self._folder / "log").read_text()


@pytest.fixture
def demo(folder: Path) -> Iterator[Served]:
    served = Served(folder, "--demo", "--bind", f"127.0.0.1:{free_port()}")
    yield served
    served.end(signal.SIGKILL)


def use(told: dict[str, Any], token: str) -> int:
    url = f"{told['issuer']}/demo/resource"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code


def fetch_token(told: dict[str, Any], secret: str) -> str:
    form = {"grant_type": "client_credentials", "scope": "profile"}
    auth = (told["demo"]["client_id"], secret)
    answer = httpx.post(f"{told['issuer']}/token", data=form, auth=auth)
    token: str = answer.json()["access_token"]
    return token


def test_one_command_makes_a_server_whose_tokens_outlive_it(demo: Served, folder: Path) -> None:
    first = demo.start()
    token = fetch_token(first, first["demo"]["client_secret"])
    before = use(first, token)
    demo.end(signal.SIGKILL)

    second = demo.start()

    assert before == 200
    assert use(second, token) == 200
    assert second["demo"]["client_secret"] is None
    assert second["demo"]["password"] is None
    assert fetch_token(second, first["demo"]["client_secret"])
    assert (folder / "oauthstore.toml").exists()
    assert "There was no configuration" in (folder / "log").read_text()


def test_several_workers_serve_one_store_and_stop_on_a_signal(folder: Path) -> None:
    port = free_port()
    served = Served(folder, "--demo", "--workers", "2", "--bind", f"127.0.0.1:{port}")
    try:
        told = served.start()
        token = fetch_token(told, told["demo"]["client_secret"])

        assert all(use(told, token) == 200 for _ in range(20))
    finally:
        served.end(signal.SIGTERM)
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def test_memory_serves_without_a_file(folder: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    served = Served(folder, "--demo", "--store", "memory://", "--bind", address)
    try:
        told = served.start()

        assert told["issuer"] == f"http://{address}"
        assert use(told, fetch_token(told, told["demo"]["client_secret"])) == 200
        assert not (folder / "oauthstore.toml").exists()
    finally:
        served.end(signal.SIGTERM)


def test_what_others_can_reach_needs_an_https_issuer(run: Run, folder: Path) -> None:
    run("init")

    result = run("serve", "--bind", "0.0.0.0:8000", exit_code=1)

    assert "https" in result.stderr


def test_without_a_configuration_nothing_is_made_for_others_to_reach(
    run: Run, folder: Path
) -> None:
    run("serve", "--bind", "0.0.0.0:8000", exit_code=1)

    assert list(folder.iterdir()) == []


def test_memory_is_not_shared_by_workers(run: Run, folder: Path) -> None:
    run("init", "--store", "memory://")
    bind = f"127.0.0.1:{free_port()}"

    result = run("serve", "--workers", "2", "--bind", bind, exit_code=1)

    assert "one process only" in result.stderr


def test_an_address_in_use_is_told_before_anything_starts(run: Run, folder: Path) -> None:
    run("init")
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        result = run("serve", "--bind", f"127.0.0.1:{taken.getsockname()[1]}", exit_code=1)

    assert "--bind" in result.stderr


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        (None, ("127.0.0.1", 8000)),
        ("http://127.0.0.1:9000", ("127.0.0.1", 9000)),
        ("http://[::1]:9000/x", ("::1", 9000)),
        ("http://localhost", ("localhost", 80)),
        ("https://auth.example.com", ("127.0.0.1", 8000)),
    ],
)
def test_unless_told_it_listens_where_its_issuer_is(
    issuer: str | None, address: tuple[str, int]
) -> None:
    settings = Settings.from_mapping({"issuer": issuer})

    assert usual_address(settings) == Address(*address)


@pytest.mark.parametrize("first", ["secret", None])
def test_secrets_are_shown_at_the_first_start_and_then_how_to_make_others(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str], first: str | None
) -> None:
    run("init")
    server = open_server(Settings.load(environ={}))
    with server.stores:
        notes = DemoNotes(client_secret=first, password=first)
        announce(Invocation(), server, Address("127.0.0.1", 8000), workers=1, notes=notes)

    told = capsys.readouterr().out
    assert ("secret  (shown this once)" in told) is (first is not None)
    assert ("user set-password demo" in told) is (first is None)
    assert f"--config {folder / 'oauthstore.toml'}" in told or first
    assert "http://127.0.0.1:8000/demo" in told


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        (("127.0.0.1",), "192.0.2.7"),
        (("127.0.0.0/8", "192.0.2.7"), "203.0.113.9"),
        (("192.0.2.1",), "127.0.0.1"),
        ((), "127.0.0.1"),
    ],
)
def test_a_proxy_that_is_named_tells_who_asks(
    monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...], seen: str
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    addresses = []

    async def application(scope: dict[str, Any], *_: object) -> None:
        addresses.append(scope["client"][0])

    server = ServerSettings(trusted_proxies=named)
    options = uvicorn_options(Address("127.0.0.1", 8000), server)
    config = uvicorn.Config(application, **options | {"log_config": None})
    config.load()
    scope = {
        "type": "http",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(b"x-forwarded-for", b"203.0.113.9, 192.0.2.7")],
    }
    asyncio.run(config.loaded_app(scope, None, None))

    assert addresses == [seen]


def test_the_access_log_leaves_queries_out() -> None:
    arguments = ("127.0.0.1:1", "GET", "/demo/callback?code=secret", "1.1", 200)
    record = logging.LogRecord("x", 20, "x", 1, '%s - "%s %s HTTP/%s" %d', arguments, None)

    assert WithoutQuery().filter(record)
    assert record.getMessage() == '127.0.0.1:1 - "GET /demo/callback HTTP/1.1" 200'
