"""The WSGI servers, each with one worker on one core."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .load import pin
from .setting import Setting

__all__ = ["SERVERS", "Server", "serving"]

_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 30.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: Program and options; the application and the address are added.
SERVERS: Final = {
    "gunicorn": ("gunicorn", "--worker-class=gthread", "--threads=4", "--keep-alive=30"),
    "granian": ("granian", "--interface=wsgi", "--blocking-threads=1", "--no-ws", "--factory"),
}


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
def serving(server: str, side: str, setting: Setting, core: int) -> Generator[Server]:
    """Run one side under a server on a core, from when it listens until the block ends."""
    with socket.create_server((_HOST, 0)) as free:
        port: int = free.getsockname()[1]
    log = setting.database.with_suffix(".log")
    with log.open("wb") as output, _started(server, side, port, setting, core, output) as process:
        try:
            _wait(process, port, log)
            yield Server(f"http://{_HOST}:{port}", process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)


def _started(
    server: str, side: str, port: int, setting: Setting, core: int, output: object
) -> subprocess.Popen[bytes]:
    # Authlib's own switch, without which it refuses http; ours needs none on loopback.
    insecure = {"AUTHLIB_INSECURE_TRANSPORT": "1"} if side == "handwritten" else {}
    return subprocess.Popen(
        [sys.executable, "-m", *SERVERS[server], *_application(server, side, port)],
        env={**os.environ, **setting.environment, **insecure},
        cwd=Path(__file__).parent.parent,
        preexec_fn=lambda: pin(core),
        stdout=output,  # type: ignore[arg-type]
        stderr=subprocess.STDOUT,
    )


def _application(server: str, side: str, port: int) -> list[str]:
    factory = f"benchmarks.{side}:create_app"
    if server == "gunicorn":
        return [f"--bind={_HOST}:{port}", f"{factory}()"]
    return [f"--host={_HOST}", f"--port={port}", factory]


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
