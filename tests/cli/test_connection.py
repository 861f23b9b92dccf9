"""Security checklist row 46: what a client may take of time and room, over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import pytest
import uvicorn

from oauthstore_core.cli import connection
from oauthstore_core.cli.listening import Address
from oauthstore_core.cli.web_server import uvicorn_options
from oauthstore_core.http import HttpRequest, HttpResponse
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.settings import ServerSettings

from ..live.server import free_port

Connect = Callable[[], socket.socket]
SMALL = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Gate:
    """A handler that answers when it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.calls = 0

    def answer(self, request: HttpRequest) -> HttpResponse:
        self.calls += 1
        if request.path == "/wait":
            self.opened.wait(30)
        return HttpResponse(200, f"{len(request.body)}".encode())


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def connect(gate: Gate) -> Iterator[Connect]:
    """Open a connection to a server in this process."""
    methods = {"GET": gate.answer, "POST": gate.answer}
    application = Application({"/": methods, "/wait": methods}, blocking=True)
    address = Address("127.0.0.1", free_port())
    options: dict[str, Any] = uvicorn_options(address, ServerSettings())
    server = uvicorn.Server(uvicorn.Config(application, **options | {"log_config": None}))
    thread = threading.Thread(target=server.run)
    thread.start()
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection((address.host, address.port), timeout=30))
        return opened[-1]

    while not server.started:
        time.sleep(0.01)
    yield connect
    gate.opened.set()
    for one in opened:
        one.close()
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the server impatient."""
    monkeypatch.setattr(connection, "PATIENCE", 0.2)


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the server hangs up."""
    read = b""
    with suppress(ConnectionResetError):
        while part := client.recv(65536):
            read += part
    return read


def send(client: socket.socket, data: bytes) -> None:
    """Send as much as the server takes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        client.sendall(data)


def receive(client: socket.socket) -> int:
    """Return the status of one answer, read whole."""
    response = HTTPResponse(client)
    response.begin()
    response.read()
    return response.status


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def test_a_usual_request_is_answered_and_the_connection_kept(connect: Connect) -> None:
    client = connect()
    for _ in range(2):
        client.sendall(SMALL)
        assert receive(client) == 200


def test_a_connection_may_be_used_as_often_as_one_likes(connect: Connect) -> None:
    client = connect()
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
    for _ in range(1_000):
        client.sendall(request)
        assert receive(client) == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"a" * 70_000 + b": x\r\n\r\n",
    ],
    ids=["target", "value", "fields", "name"],
)
@pytest.mark.parametrize("size", [1 << 20, 1000], ids=["at once", "in parts"])
def test_a_head_that_is_too_long_is_431(
    connect: Connect, gate: Gate, head: bytes, size: int
) -> None:
    client = connect()
    for start in range(0, len(head), size):
        send(client, head[start : start + size])

    assert status(read_all(client)) == 431
    assert gate.calls == 0


def test_a_hundred_fields_are_not_too_many(connect: Connect) -> None:
    client = connect()
    client.sendall(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n")

    assert receive(client) == 200


def test_a_field_that_never_ends_is_not_kept(connect: Connect) -> None:
    client = connect()
    send(client, b"GET / HTTP/1.1\r\nCookie: ")
    for _ in range(100):
        send(client, b"a" * 10_000)

    assert status(read_all(client)) == 431


def test_a_head_of_a_usual_size_may_come_in_any_parts(connect: Connect) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 40_000 + b"\r\n\r\n"
    client = connect()
    for start in range(0, len(head), 999):
        client.sendall(head[start : start + 999])

    assert receive(client) == 200


@pytest.mark.parametrize(
    "bytes_sent",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nA\rB: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\0"],
)
def test_what_is_no_http_is_400(connect: Connect, bytes_sent: bytes) -> None:
    client = connect()
    send(client, bytes_sent)

    assert status(read_all(client)) == 400


def test_what_is_no_http_does_not_cost_the_request_before_it_its_answer(
    connect: Connect, gate: Gate
) -> None:
    client = connect()
    client.sendall(SMALL.replace(b"/ ", b"/wait ") + b"0\r\n\r\n")
    gate.opened.set()
    answer = read_all(client)

    assert (status(answer), answer.count(b"HTTP/1.1")) == (200, 1)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        (b"", 408),
        (b"GET / HT", 408),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", 408),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", 408),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 408),
        (SMALL + b"\r\n", 200),
        (SMALL + b"GET / HT", 200),
    ],
)
def test_a_request_that_does_not_come_whole_is_given_up(
    connect: Connect, begun: bytes, expected: int
) -> None:
    client = connect()
    client.sendall(begun)

    assert status(read_all(client)) == expected


@pytest.mark.usefixtures("soon")
def test_a_client_that_trickles_is_given_up_whatever_it_sends(connect: Connect) -> None:
    client = connect()
    trickled = threading.Event()

    def trickle() -> None:
        with suppress(OSError):
            while not trickled.wait(0.05):
                client.sendall(b"a")

    thread = threading.Thread(target=trickle)
    client.sendall(b"GET /")
    thread.start()
    answer = read_all(client)
    trickled.set()
    thread.join()

    assert status(answer) == 408


@pytest.mark.usefixtures("soon")
def test_the_server_s_own_time_is_not_the_client_s(connect: Connect, gate: Gate) -> None:
    client = connect()
    client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET / HT")
    other = connect()
    assert status(read_all(other)) == 408
    gate.opened.set()
    answer = read_all(client)

    assert status(answer) == 200
    assert b"408" in answer.partition(b"\r\n\r\n")[2]


def test_a_body_that_is_too_large_is_413(connect: Connect) -> None:
    client = connect()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n"
    client.sendall(head + b"a" * 70_000)

    assert receive(client) == 413


def test_requests_that_are_queued_on_one_connection_are_few(connect: Connect, gate: Gate) -> None:
    client = connect()
    send(client, SMALL.replace(b"/ ", b"/wait ") + SMALL * 2_000)

    assert read_all(client) == b""
    assert gate.calls <= 1


def test_some_requests_may_be_queued(connect: Connect, gate: Gate) -> None:
    client = connect()
    gate.opened.set()
    client.sendall(SMALL.replace(b"/ ", b"/wait ") + SMALL * 7)
    answered = b""
    while answered.count(b"HTTP/1.1 200") < 8:
        part = client.recv(65536)
        assert part
        answered += part
