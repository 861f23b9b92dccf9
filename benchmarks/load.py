"""The load: wrk on a core of its own, which looks into every answer."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from .setting import CLIENT_ID, CLIENT_SECRET, SCOPE
from .signed import SignedFlow

__all__ = [
    "CONNECTIONS",
    "FLOWS",
    "Flow",
    "Measured",
    "flow_of",
    "introspect_flow",
    "issue_flow",
    "measure",
    "pin",
]

CONNECTIONS: Final = 16
FLOWS: Final = ("issue", "introspect", "bearer", "signed")
_SCRIPT: Final = Path(__file__).with_name("load.lua")
_BASIC: Final = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Flow:
    """A request that is repeated, and what stands in every right answer."""

    path: str
    authorization: str
    expected: str
    form: Mapping[str, str] | None = None
    script: Path = _SCRIPT

    @property
    def body(self) -> str | None:
        """The form as it is sent."""
        return None if self.form is None else urlencode(self.form)

    def send(self, address: str) -> bytes:
        """Send it once, and return the answer's body."""
        body = None if self.body is None else self.body.encode()
        headers = {"Authorization": self.authorization}
        with urlopen(Request(address + self.path, body, headers)) as answer:  # noqa: S310 - http
            found: bytes = answer.read()
        return found

    def environment(self, _: int) -> dict[str, str]:
        """Return what `load.lua` reads, however long it runs."""
        told = {
            "WRK_METHOD": "GET" if self.body is None else "POST",
            "WRK_AUTHORIZATION": self.authorization,
            "WRK_EXPECTED": self.expected,
        }
        return told if self.body is None else {**told, "WRK_BODY": self.body}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of the load found."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float


def flow_of(address: str, name: str) -> Flow | SignedFlow:
    """Return a flow of a server that runs; two of them use a token that it issues for this."""
    if name == "signed":
        return SignedFlow(address, "/api/me", f'"{CLIENT_ID}"')
    issue = issue_flow()
    token = json.loads(issue.send(address))["access_token"]
    flows = {
        "issue": issue,
        "introspect": introspect_flow(token),
        "bearer": Flow("/api/me", f"Bearer {token}", f'"{SCOPE}"'),
    }
    return flows[name]


def issue_flow() -> Flow:
    """Return the request for a token of the client's own."""
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    return Flow("/oauth/token", _BASIC, '"access_token"', form)


def introspect_flow(token: str) -> Flow:
    """Return the introspection of a token that is active."""
    return Flow("/oauth/introspect", _BASIC, f'"{SCOPE}"', {"token": token})


def measure(address: str, flow: Flow | SignedFlow, core: int, seconds: int) -> Measured:
    """Load the server for so long; an answer that is wrong or missing ends the run."""
    options = ["--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s"]
    done = subprocess.run(
        ["wrk", *options, "--timeout=10s", f"--script={flow.script}", address + flow.path],
        env={**os.environ, **flow.environment(seconds)},
        preexec_fn=lambda: pin(core),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    if found["wrong"] or found["lost"] or not found["requests"]:
        raise SystemExit(
            f"{flow.path} was loaded, but not all was answered as it is to be: {found}"
        )
    requests = found["requests"]
    return Measured(requests, requests / found["seconds"], found["p50_ms"], found["p99_ms"])


def pin(core: int) -> None:
    """Keep this process, and those that it starts, on one core."""
    os.sched_setaffinity(0, {core})
