"""The servers, each with one worker on one core, and what they serve."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .load import pin
from .setting import CLIENT_ID, CLIENT_SECRET, SCOPE, Setting

__all__ = ["ASGI_SERVERS", "OIDC_PROVIDER", "WSGI_SERVERS", "Server", "Side", "serving"]

_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 60.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: The folder of the package that is compared, and of its lock file.
OIDC_PROVIDER: Final = Path(__file__).with_name("oidc_provider")

#: Of a factory and a port, the command.
_Command = Callable[[str, int], Sequence[str]]


def _gunicorn(factory: str, port: int) -> Sequence[str]:
    options = ("--worker-class=gthread", "--threads=4", "--keep-alive=30")
    return _python("gunicorn", *options, f"--bind={_HOST}:{port}", f"{factory}()")


def _granian(interface: str, *options: str) -> _Command:
    def command(factory: str, port: int) -> Sequence[str]:
        address = (f"--host={_HOST}", f"--port={port}")
        of_all = ("--no-ws", "--factory", f"--interface={interface}")
        return _python("granian", *of_all, *options, *address, factory)

    return command


def _uvicorn(factory: str, port: int) -> Sequence[str]:
    # As `oauthstore serve` starts it.
    options = ("--http=oauthstore_core.cli.connection:Connection", "--ws=none", "--no-access-log")
    options += ("--log-level=warning", "--no-proxy-headers", "--no-server-header")
    return _python("uvicorn", "--factory", *options, f"--host={_HOST}", f"--port={port}", factory)


def _hypercorn(factory: str, port: int) -> Sequence[str]:
    return _python("hypercorn", "--worker-class=uvloop", f"--bind={_HOST}:{port}", f"{factory}()")


def _node(_: str, port: int) -> Sequence[str]:
    return ("node", "server.mjs", str(port))


def _python(module: str, *arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", module, *arguments)


#: With several threads, commits can be shared.
WSGI_SERVERS: Final[Mapping[str, _Command]] = {
    "granian": _granian("wsgi", "--blocking-threads=1"),
    "granian, 16 threads": _granian("wsgi", "--blocking-threads=16"),
    "gunicorn": _gunicorn,
}
ASGI_SERVERS: Final[Mapping[str, _Command]] = {
    "uvicorn": _uvicorn,
    "granian": _granian("asgi"),
    "hypercorn": _hypercorn,
}


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared: an application under a server."""

    name: str
    factory: str = ""
    command: _Command = field(default=_node)
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Where it is to be started.
    folder: Path = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    address: str
    process: int

    def cpu_seconds(self) -> float:
        """Return how long it and its workers have computed: whatever else runs."""
        return sum(map(_cpu_seconds, _family(self.process)))


def _family(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(one for child in children for one in _family(int(child)))]


def _cpu_seconds(process: int) -> float:
    # The fields behind the command's name, which may have spaces (proc(5)).
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def serving(side: Side, setting: Setting, core: int) -> Generator[Server]:
    """Run one side on a core, from when it listens until the block ends."""
    with socket.create_server((_HOST, 0)) as free:
        port: int = free.getsockname()[1]
    log = setting.database.with_suffix(".log")
    with log.open("wb") as output, _started(side, port, setting, core, output) as process:
        try:
            _wait(process, port, log)
            yield Server(f"http://{_HOST}:{port}", process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _started(
    side: Side, port: int, setting: Setting, core: int, output: object
) -> subprocess.Popen[bytes]:
    told = {
        "BENCHMARK_ISSUER": f"http://{_HOST}:{port}/oauth",
        "BENCHMARK_CLIENT_ID": CLIENT_ID,
        "BENCHMARK_CLIENT_SECRET": CLIENT_SECRET,
        "BENCHMARK_SCOPE": SCOPE,
    }
    return subprocess.Popen(
        side.command(side.factory, port),
        env={**os.environ, **setting.environment, **told, **side.environment},
        cwd=side.folder,
        preexec_fn=lambda: pin(core),
        stdout=output,  # type: ignore[arg-type]
        stderr=subprocess.STDOUT,
    )


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up and process.poll() is None:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"A server was started, but does not listen. It said:\n{log.read_text()}")
