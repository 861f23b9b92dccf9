"""A Flask application under gunicorn, with two worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from ..live.oauth import refresh_form
from ..live.server import free_port, worker_pids
from ..live.wire import Answer, Volley, basic, form_request
from .stage import RACERS

__all__ = ["CALLBACK", "CLIENT_ID", "ROOT", "SECRET", "GunicornSite"]

ROOT = Path(__file__).parents[2]
CALLBACK = "https://app.example.org/callback"
CLIENT_ID, SECRET = "c1", "secret"
WORKERS = 2
#: Seconds in which it starts or stops.
_PATIENCE = 60


class GunicornSite:
    """The application of a factory, and a confidential client of it."""

    def __init__(
        self,
        folder: Path,
        application: str,
        environ: Mapping[str, str],
        flags: Sequence[str] = (),
    ) -> None:
        """Serve `application`, which is a factory's call as gunicorn takes it, on a free port.

        ``$ISSUER`` in it, or in the environment, becomes the issuer on that port.
        `flags` are further ones of gunicorn's, which go before ours.
        """
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "gunicorn.log"
        # A home of its own: gunicorn keeps a socket in the user's.
        own = {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        issuer = f"{self.url}/oauth"
        named = {name: value.replace("$ISSUER", issuer) for name, value in environ.items()}
        self._environ = {**os.environ, **own, **named}
        self._command = [
            *(sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{self.port}"),
            # A thread for each racer: the connections of a race are open at once.
            *(f"--workers={WORKERS}", "--worker-class=gthread", f"--threads={RACERS}"),
            *flags,
            application.replace("$ISSUER", issuer),
        ]

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                cwd=self._log.parent,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_PATIENCE)

    @property
    def _is_complete(self) -> bool:
        return len(self._workers()) == WORKERS

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + _PATIENCE
        while time.monotonic() < give_up:
            assert self._process.poll() is None, self.output()
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/me").status_code and self._is_complete:
                    return
            time.sleep(0.05)
        raise AssertionError(f"It never served: {self.output()}")

    def output(self) -> str:
        """Return the end of what all processes have written."""
        return self._log.read_text()[-3000:]

    def _workers(self) -> Sequence[int]:
        return worker_pids(self._process.pid)

    # --- requests ---

    def token_request(self, form: Mapping[str, str]) -> bytes:
        return form_request(f"{self.url}/oauth/token", form, basic(CLIENT_ID, SECRET))

    def refresh_request(self, refresh_token: str) -> bytes:
        return self.token_request(refresh_form(refresh_token))

    def ask_token(self, form: Mapping[str, str]) -> httpx.Response:
        return httpx.post(f"{self.url}/oauth/token", data={**form}, auth=(CLIENT_ID, SECRET))

    def is_accepted(self, access_token: str) -> bool:
        headers = {"Authorization": f"Bearer {access_token}"}
        return httpx.get(f"{self.url}/me", headers=headers).status_code == httpx.codes.OK

    def race(self, request: bytes) -> list[Answer]:
        """Return the answers to one request that is sent by all at once, half to each worker."""
        volley = Volley(("127.0.0.1", self.port), self._workers(), RACERS)
        try:
            return volley.fire([request] * RACERS)
        finally:
            volley.close()
