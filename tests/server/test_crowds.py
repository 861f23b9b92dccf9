"""Many clients at once, and slow ones: others are served, and memory stays bounded."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from ..live.figures import Report, percentiles
from ..live.oauth import Party
from ..live.server import RunningServer
from ..live.wire import Connection

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IN_FLIGHT = 1_000
SLOW = 200
#: Seconds for which slow clients trickle a byte a second, past the server's patience.
LASTING = 40
MEBIBYTE = 1 << 20
FORM = {"grant_type": "client_credentials"}
HEAD = b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path, workers=1)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def party(server: RunningServer) -> Iterator[Party]:
    party = Party(server, server.create_client())
    # Whatever is imported or cached by the first requests is no growth.
    for _ in range(200):
        party.fetch_tokens(FORM)
    yield party
    party.close()


class Crowd:
    """Slow clients, each with a connection on which it sends a byte a second."""

    def __init__(self, server: RunningServer) -> None:
        self._over = threading.Event()
        self._begun = [_begin(server, number) for number in range(SLOW)]
        self.hung_up = 0
        self._thread = threading.Thread(target=self._trickle)
        self._thread.start()

    def _trickle(self) -> None:
        while not self._over.wait(1):
            for place, connection in enumerate(self._begun):
                if connection is not None and not _say(connection):
                    self.hung_up += 1
                    connection.close()
                    self._begun[place] = None

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        for connection in self._begun:
            if connection is not None:
                connection.close()


def _begin(server: RunningServer, number: int) -> socket.socket:
    """Connect, and begin a request: half of them in its head, half in its body."""
    connection = socket.create_connection(server.address)
    connection.settimeout(0)
    connection.send(HEAD if number % 2 else HEAD + b"Content-Length: 60000\r\n\r\n")
    return connection


def _say(connection: socket.socket) -> bool:
    """Send a byte; tell whether the server still listens."""
    try:
        return connection.send(b"a") == 1 and not _is_answered(connection)
    except OSError:
        return False


def _is_answered(connection: socket.socket) -> bool:
    try:
        connection.recv(1)
    except BlockingIOError:
        return False
    return True


def resident(server: RunningServer) -> int:
    """Return the bytes of memory that the server's process has."""
    (pid,) = server.worker_pids()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


class Peak:
    """The most memory that was seen while its block lasted."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before = self.most = resident(server)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        return self.most - self.before

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.most = max(self.most, resident(self._server))


def test_slow_clients_keep_nobody_waiting_and_are_given_up(
    server: RunningServer, party: Party, report: Report
) -> None:
    seconds: list[float] = []
    with Peak(server) as peak:
        crowd = Crowd(server)
        try:
            until = time.monotonic() + LASTING
            while time.monotonic() < until:
                answer = party.ask_token(FORM)
                assert answer.status == 200
                seconds.append(answer.seconds)
        finally:
            crowd.end()

    assert crowd.hung_up == SLOW
    assert peak.growth < 100 * MEBIBYTE
    report(
        f"{SLOW} clients that trickle, {len(seconds)} tokens to another meanwhile: "
        f"{percentiles(seconds)}; memory +{peak.growth / MEBIBYTE:.1f} MiB"
    )


def test_a_thousand_requests_at_once_are_all_answered(
    server: RunningServer, party: Party, report: Report
) -> None:
    connections = [Connection(server.address) for _ in range(IN_FLIGHT)]
    request = party.token_request(FORM)
    with Peak(server) as peak:
        crowd = Crowd(server)
        try:
            for connection in connections:
                connection.hold(request)
            began = time.monotonic()
            for connection in connections:
                connection.release()
            statuses = answers_of(connections)
            lasted = time.monotonic() - began
        finally:
            crowd.end()
            for connection in connections:
                connection.close()

    assert statuses == [200] * IN_FLIGHT
    assert peak.growth < 100 * MEBIBYTE
    report(
        f"{IN_FLIGHT} tokens asked for at once, beside {SLOW} clients that trickle: all within "
        f"{lasted:.1f} s; memory +{peak.growth / MEBIBYTE:.1f} MiB"
    )


def answers_of(connections: list[Connection]) -> list[int]:
    """Return the statuses of the answers, read as they come."""
    statuses = []
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while len(statuses) < len(connections):
            ready = selector.select(60)
            assert ready, f"{len(connections) - len(statuses)} were never answered"
            for key, _ in ready:
                selector.unregister(key.fileobj)
                statuses.append(key.data.receive().status)
    return statuses
