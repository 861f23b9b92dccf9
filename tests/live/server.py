"""The real server: ``oauthstore serve`` as processes, configured by a file, on SQLite."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

__all__ = ["REDIRECT_URI", "RunningServer", "TestClient", "TestUser", "free_port", "worker_pids"]

_PROGRAM = str(Path(sys.executable).with_name("oauthstore"))
#: Seconds in which the server starts or stops.
_PATIENCE = 60
REDIRECT_URI = "http://127.0.0.1/callback"
SCOPES = {"profile": "See your name", "reports": "Read your reports"}


@dataclass(frozen=True, slots=True)
class TestClient:
    """A client that the command line registered."""

    __test__ = False

    client_id: str
    client_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class TestUser:
    """An account that the command line added."""

    __test__ = False

    name: str
    password: str = field(repr=False)


class RunningServer:
    """A server with a configuration, a database and a log of its own in one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        settings: Mapping[str, object] | None = None,
        options: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.workers = workers
        self._options = [*options]
        self._environ = environ or {}
        self._port = free_port()
        self.issuer = f"http://127.0.0.1:{self._port}"
        self.database = folder / "oauth.db"
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "oauthstore.toml"
        self.config.write_text(_toml(self.issuer, self.database, settings or {}))

    # --- the command line ---

    def command(self, *arguments: str, stdin: str | None = None) -> dict[str, Any]:
        """Run a command of the same installation on the same store; return its JSON."""
        done = subprocess.run(  # noqa: S603 - our own command
            [_PROGRAM, "--config", str(self.config), *arguments, "--json"],
            input=stdin,
            capture_output=True,
            text=True,
            env=_environment(),
            cwd=self.folder,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{arguments[:2]} failed: {done.stderr}"
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def create_client(self, *options: str, stdin: str | None = None) -> TestClient:
        """Register a client."""
        made = self.command("client", "create", *options, stdin=stdin)
        return TestClient(made["client_id"], made.get("client_secret"))

    def add_user(self, name: str, password: str) -> TestUser:
        """Add an account."""
        self.command("user", "add", name, "--password-stdin", stdin=password)
        return TestUser(name, password)

    # --- the processes ---

    def start(self) -> None:
        """Start the workers, and return once all of them serve."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [
                    *(_PROGRAM, "--config", str(self.config), "serve"),
                    *("--bind", f"127.0.0.1:{self._port}", "--workers", str(self.workers)),
                    *self._options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**_environment(), **self._environ},
                cwd=self.folder,
                # A process group of its own: a kill reaches the workers, too.
                start_new_session=True,
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop as an operator does: SIGTERM, and wait."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill every process at once: nothing is tidied up."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_PATIENCE)
        self._process = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return ("127.0.0.1", self._port)

    def worker_pids(self) -> list[int]:
        """Return the processes that accept connections, in ascending order."""
        assert self._process is not None
        if self.workers == 1:
            return [self._process.pid]
        return worker_pids(self._process.pid)

    def output(self) -> bytes:
        """Return what all processes have written to stdout and stderr."""
        return self.log.read_bytes()

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up:
            assert self._process is not None
            assert self._process.poll() is None, f"It ended: {self.output().decode()[-2000:]}"
            if self._answers() and len(self.worker_pids()) == self.workers:
                return
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"It never served: {self.output().decode()[-2000:]}")

    def _answers(self) -> bool:
        try:
            found = httpx.get(f"{self.issuer}/.well-known/oauth-authorization-server")
        except httpx.TransportError:
            return False
        return found.status_code == httpx.codes.OK


def _toml(issuer: str, database: Path, settings: Mapping[str, object]) -> str:
    tables = {
        "issuer": issuer,
        "store": f"sqlite:///{database}",
        "secret_keys": ["k" * 40],
        "scopes": SCOPES,
        **settings,
    }
    if "stores" in settings:
        del tables["store"]
    return "[oauthstore]\n" + "".join(f"{k} = {_inline(v)}\n" for k, v in tables.items())


def _inline(value: object) -> str:
    """Return the value on one line, as TOML has it."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_inline(item)}' for name, item in value.items())} }}"
    return json.dumps(value)


def _environment() -> dict[str, str]:
    """Return this environment without settings that would override the file's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OAUTHSTORE_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def worker_pids(pid: int) -> list[int]:
    """Return the children of a server's first process that serve, in ascending order."""
    return sorted(child for child in _children(pid) if _serves(child))


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(child) for child in path.read_text().split()]
    except FileNotFoundError:
        return []


def _serves(pid: int) -> bool:
    """Tell whether a child is a worker, not the helper that multiprocessing starts besides."""
    try:
        return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or meanwhile
        return False
