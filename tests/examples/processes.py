"""The examples as processes that serve."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

__all__ = ["EXAMPLES", "serve"]

EXAMPLES = Path(__file__).parents[2] / "examples"
#: Seconds in which an application starts, or stops.
_PATIENCE = 60


@contextmanager
def serve(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Generator[str]:
    """Run a Python module that serves in a folder; ``{port}`` is a free one. Gives its address."""
    port = _free_port()
    kept = {name: text for name, text in os.environ.items() if not name.startswith("OAUTHSTORE_")}
    process = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, "-m", *(part.format(port=port) for part in command)],
        cwd=folder,
        env={**kept, **environ},
        # A process group of its own: a kill reaches the workers, too.
        start_new_session=True,
    )
    try:
        yield _wait(process, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port: int = taken.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], address: str) -> str:
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        assert process.poll() is None, "It ended."
        try:
            httpx.get(address)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return address
    raise AssertionError("It never served.")
