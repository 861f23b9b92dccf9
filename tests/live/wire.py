"""Connections that hold a request back at its last byte, so that many arrive together."""

from __future__ import annotations

import base64
import http.client
import json
import os
import random
import re
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

__all__ = [
    "Answer",
    "Connection",
    "Volley",
    "basic",
    "form_request",
    "get_request",
    "wait_until_accepting",
]

FORM_TYPE = "application/x-www-form-urlencoded"
#: Nothing here takes that long, in seconds; what does hangs.
_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to one request; a repr shows no token."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    #: From the release of the request's last byte to the answer's.
    seconds: float = 0.0

    @property
    def json(self) -> dict[str, Any]:
        """The body, which is a JSON object."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def form(self) -> dict[str, str]:
        """The body, which is a form: OAuth 1 answers so."""
        return dict(parse_qsl(self.body.decode()))

    @property
    def outcome(self) -> str:
        """The status with the error, as counted in reports."""
        if self.headers.get("content-type", "").startswith(FORM_TYPE):
            return f"{self.status} {self.form.get('error', '')}".strip()
        try:
            error = self.json.get("error", "")
        except ValueError:
            error = "no JSON"
        return f"{self.status} {error}".strip()


def basic(client_id: str, client_secret: str) -> str:
    """Return the value of an Authorization field (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def form_request(url: str, form: Mapping[str, str], authorization: str | None = None) -> bytes:
    """Return the bytes of a POST."""
    body = urlencode(form).encode()
    headers = {"Content-Type": FORM_TYPE, "Content-Length": len(body)}
    return _head("POST", url, headers, authorization) + body


def get_request(url: str, authorization: str | None = None) -> bytes:
    """Return the bytes of a GET."""
    return _head("GET", url, {}, authorization)


def _head(method: str, url: str, headers: Mapping[str, object], authorization: str | None) -> bytes:
    parts = urlsplit(url)
    fields: dict[str, object] = {"Host": parts.netloc, **headers}
    if authorization is not None:
        fields["Authorization"] = authorization
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")


class Connection:
    """One kept-alive connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._last = b""
        self._released = 0.0

    def exchange(self, request: bytes) -> Answer:
        """Send a request and return its answer."""
        self.hold(request)
        self.release()
        return self.receive()

    def hold(self, request: bytes) -> None:
        """Send all of a request but its last byte."""
        self.socket.sendall(request[:-1])
        self._last = request[-1:]

    def release(self) -> None:
        """Send the last byte."""
        self._released = time.perf_counter()
        self.socket.send(self._last)

    def receive(self) -> Answer:
        """Return the answer. `OSError`, `http.client.HTTPException`: there came none."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        body = response.read()
        seconds = time.perf_counter() - self._released
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body, seconds)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


class Volley:
    """As many connections as there are racers, spread evenly over the workers."""

    def __init__(self, address: tuple[str, int], workers: Sequence[int], size: int = 16) -> None:
        """Connect `size` times, and see that each worker accepts its share."""
        self._connections: list[Connection] = []
        #: Worker's process id to the number of its connections.
        self.spread: dict[int, int] = {}
        for pid in workers:
            others = [other for other in workers if other != pid]
            accepted = _connect(address, pid, others, size // len(workers))
            self._connections += accepted
            self.spread[pid] = len(accepted)

    def fire(
        self,
        requests: Sequence[bytes],
        spacing: float = 0.0,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Answer]:
        """Return the answers, in the requests' order, to requests that are released together.

        `spacing`: at most so many seconds lie between one release and the next.
        `meanwhile` is called, and must return at once, between any two of them.
        """
        answers = self.fire_to_the_death(requests, spacing, meanwhile)
        answered = [answer for answer in answers if answer is not None]
        assert len(answered) == len(answers), "A connection ended before its answer."
        return answered

    def fire_to_the_death(
        self, requests: Sequence[bytes], spacing: float, meanwhile: Callable[[], object]
    ) -> list[Answer | None]:
        """Return the same, with None for each request whose connection ended unanswered.

        So `meanwhile` may kill the workers.
        """
        racing = self._connections[: len(requests)]
        random.shuffle(racing)
        for connection, request in zip(racing, requests, strict=True):
            connection.hold(request)
        # The parts sent so far are with the workers before the first last byte follows.
        time.sleep(0.002)
        moment = random.randrange(len(racing))  # noqa: S311 - no secret
        for number, connection in enumerate(random.sample(racing, len(racing))):
            if number == moment:
                meanwhile()
            with suppress(ConnectionError):  # its answer is None
                connection.release()
            if spacing:
                time.sleep(random.uniform(0, spacing))  # noqa: S311 - jitter
        return _collect(racing)

    def close(self) -> None:
        """Hang up everywhere."""
        for connection in self._connections:
            connection.close()


def _collect(connections: Sequence[Connection]) -> list[Answer | None]:
    """Return each connection's answer, read as it comes; None where it ended without."""
    answers: dict[Connection, Answer | None] = {}
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while len(answers) < len(connections):
            ready = selector.select(_PATIENCE)
            assert ready, f"{len(connections) - len(answers)} requests were never answered"
            for key, _ in ready:
                selector.unregister(key.fileobj)
                answers[key.data] = _receive(key.data)
    return [answers[connection] for connection in connections]


def _receive(connection: Connection) -> Answer | None:
    try:
        return connection.receive()
    except (ConnectionError, http.client.HTTPException):
        return None


# --- which worker a connection is with --------------------------------------


def _connect(
    address: tuple[str, int], pid: int, others: Sequence[int], count: int
) -> list[Connection]:
    """Return connections that this worker accepted: the others stand still meanwhile.

    Left alone, workers that wait on one socket share out connections as they like.
    """
    accepted: list[Connection] = []
    try:
        for other in others:
            os.kill(other, signal.SIGSTOP)
        while len(accepted) < count:
            connection = Connection(address)
            if _was_accepted_by(pid, connection):
                accepted.append(connection)
            else:
                connection.close()
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)
    return accepted


def wait_until_accepting(address: tuple[str, int], pid: int) -> None:
    """Return once a worker has accepted a connection: it serves."""
    accepted = False
    while not accepted:
        time.sleep(0.02)
        connection = Connection(address)
        accepted = _was_accepted_by(pid, connection)
        connection.close()


def _was_accepted_by(pid: int, connection: Connection) -> bool:
    """Tell whether a worker accepted a connection, once anybody has."""
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        inode = _accepted_inode(connection)
        if inode:
            return inode in _socket_inodes(pid)
        time.sleep(0.0005)
    raise AssertionError("No worker accepted the connection.")


def _accepted_inode(connection: Connection) -> str | None:
    """Return the inode of the server's end, None while it waits to be accepted."""
    ours, theirs = connection.socket.getsockname()[1], connection.socket.getpeername()[1]
    wanted = (f":{theirs:04X}", f":{ours:04X}")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if (columns[1][-5:], columns[2][-5:]) == wanted:
            return columns[9] if columns[9] != "0" else None
    return None


def _socket_inodes(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    found = set()
    for entry in folder.iterdir():
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
        if match:
            found.add(match[1])
    return found
