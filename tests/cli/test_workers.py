"""Workers that end are replaced, but not for ever where none of them comes to serve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from oauthstore_core.cli.workers import ATTEMPTS

from ..live.server import free_port, worker_pids

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORKERS = 2
#: Seconds in which a worker must answer; it may take some to start.
PATIENCE = 10
#: A module with a factory and, as a program, a server whose workers use it.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from oauthstore_core.cli.commands import oauthstore
from oauthstore_core.cli.listening import Address
from oauthstore_core.cli.web_server import run_workers, uvicorn_options
from oauthstore_core.errors import SettingsError
from oauthstore_core.settings import ServerSettings

async def application(scope, receive, send):
    await receive()
    start = {"type": "http.response.start", "status": 200, "headers": []}
    await send(start)
    await send({"type": "http.response.body", "body": b"served"})

def make():
    with Path("starts").open("ab") as starts:
        starts.write(b"x")
    FACTORY
    return application

if __name__ == "__main__":
    oauthstore.commands.clear()
    options = uvicorn_options(Address("127.0.0.1", int(sys.argv[1])), ServerSettings())
    options["timeout_worker_healthcheck"] = PATIENCE

    @oauthstore.command()
    def serve():
        run_workers("program:make", WORKERS, **options)

    oauthstore(["serve"])
"""
REFUSE = 'raise SettingsError(["`issuer` is not what it was."])'
DIE = "os.kill(os.getpid(), signal.SIGKILL)"
#: The first that starts serves, all others die.
FIRST_SERVES = f"if Path('starts').stat().st_size > 1: {DIE}"


@contextmanager
def served(folder: Path, factory: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    text = PROGRAM.replace("FACTORY", factory).replace("WORKERS", str(WORKERS))
    text = text.replace("PATIENCE", str(PATIENCE))
    (folder / "program.py").write_text(text)
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "program.py", str(port)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process, port
        finally:
            process.terminate()


@pytest.mark.parametrize(("factory", "end"), [(REFUSE, "with exit code 1"), (DIE, "by signal 9")])
def test_where_no_worker_comes_to_serve_the_server_ends_with_the_reason(
    tmp_path: Path, factory: str, end: str
) -> None:
    with served(tmp_path, factory) as (process, _):
        _, told = process.communicate(timeout=300)

    starts = (tmp_path / "starts").stat().st_size
    assert process.returncode == 1
    assert f"{WORKERS} workers were to serve, but no process came to it" in told
    assert f"the last {end}. The log above says why." in told
    # Another may start meanwhile, and be ended before it says why.
    assert ATTEMPTS * WORKERS <= starts < (ATTEMPTS + 1) * WORKERS
    reasons = told.count("`issuer` is not what it was")
    assert (ATTEMPTS * WORKERS <= reasons <= starts) if factory is REFUSE else reasons == 0
    assert "Traceback" not in told


def test_once_a_worker_has_served_those_that_die_are_replaced_however_many(tmp_path: Path) -> None:
    with served(tmp_path, FIRST_SERVES) as (process, port):
        _wait_until(lambda: _has_started(tmp_path, 2 * ATTEMPTS * WORKERS))

        assert process.poll() is None
        assert httpx.get(f"http://127.0.0.1:{port}/").text == "served"
        process.terminate()
        assert process.wait(60) == 0


def test_a_worker_that_hangs_is_replaced_while_the_other_serves(tmp_path: Path) -> None:
    with served(tmp_path, "pass") as (process, port):
        _wait_until(lambda: _has_started(tmp_path, WORKERS))
        hanging, other = worker_pids(process.pid)
        os.kill(hanging, signal.SIGSTOP)
        _wait_until(lambda: _answers(port) and hanging not in worker_pids(process.pid))

        assert other in worker_pids(process.pid)
        process.terminate()
        assert process.wait(60) == 0


def _answers(port: int) -> bool:
    try:
        # One that hangs may have taken the connection.
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=2).text == "served"
    except httpx.TransportError:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < give_up, "It never came to it."
        time.sleep(0.1)


def _has_started(folder: Path, times: int) -> bool:
    starts = folder / "starts"
    return starts.exists() and starts.stat().st_size >= times
