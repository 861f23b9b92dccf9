"""Security checklist row 44, over real sockets: a 4xx with the RFC's error, never a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from ..live.server import REDIRECT_URI, RunningServer, TestClient
from ..live.wire import Answer, Connection, basic, form_request

#: All that RFC 6749's encodings and the wire itself have a meaning for.
SECRET = "a:b%c+d&e=f g/?#é\\\"'~"
CLIENT_ID = "id:with%+&= of everything"
ENDPOINTS = ("/token", "/revoke", "/introspect")
PAGES = ("/", "/authorize", "/sign-in", "/sign-out", "/demo", "/demo/callback", "/demo/resource")
TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path_factory.mktemp("server"), workers=1, options=["--demo"])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server: RunningServer) -> TestClient:
    return server.create_client("--scope", "profile")


@pytest.fixture
def wire(server: RunningServer) -> Iterator[Connection]:
    connection = Connection(server.address)
    yield connection
    connection.close()


def raw(method: bytes, target: bytes, fields: bytes = b"", body: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body) if body or method == b"POST" else b""
    return b"%s %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n%s" % (method, target, fields, length, body)


def post(path: str, body: bytes, fields: bytes = TYPE) -> bytes:
    return raw(b"POST", path.encode(), fields, body)


BODIES = {
    "nothing": b"",
    "NUL": b"grant_type=refresh_token&refresh_token=a%00b&token=a%00b&name=a%00&password=%00",
    "raw NUL": b"grant_type=\0&token=\0&name=\0",
    "bad UTF-8": b"grant_type=%ff%fe&token=%c3%28&name=%80&client_id=%ff",
    "raw bytes": b"grant_type=\xff\xfe&token=\xf0\x9f",
    "surrogates": b"grant_type=%ed%a0%80&token=%ed%a0%80",
    "repeated": b"grant_type=client_credentials&grant_type=x&token=a&token=b&name=a&name=b",
    "CR LF": b"grant_type=a%0d%0aSet-Cookie:%20x=y&token=a%0d%0ab&client_id=%0d%0a",
    "many fields": b"&".join(b"a%d=b" % number for number in range(5_000)),
    "no names": b"=&=&=&&&",
    "half an escape": b"grant_type=%&token=%f&client_id=%zz",
    "long values": b"grant_type=" + b"a" * 60_000,
    "brackets": b"grant_type[$ne]=x&token[$ne]=x&client_id[]=x",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_hostile_form_gets_an_error_of_the_rfc(wire: Connection, path: str, body: bytes) -> None:
    answer = wire.exchange(post(path, body))

    assert answer.status in {400, 401}
    assert answer.json["error"] in {"invalid_request", "invalid_client", "unsupported_grant_type"}
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", ["/authorize", "/sign-in", "/sign-out", "/demo/refresh"])
def test_a_hostile_form_gets_a_page(wire: Connection, path: str, body: bytes) -> None:
    answer = wire.exchange(post(path, body))

    assert answer.status in {303, 400, 403}
    assert_harmless(answer)


@pytest.mark.parametrize("query", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", PAGES)
def test_a_hostile_query_gets_a_page(wire: Connection, path: str, query: bytes) -> None:
    query = query.replace(b"\0", b"%00").replace(b"grant_type", b"response_type")
    answer = wire.exchange(raw(b"GET", path.encode() + b"?" + query))

    assert answer.status < 500
    assert_harmless(answer)


def assert_harmless(answer: Answer) -> None:
    """No header came out of what was sent, and no address outside."""
    assert "x=y" not in answer.headers.get("set-cookie", "")
    assert answer.headers.get("location", "/").startswith("/")


@pytest.mark.parametrize("path", [*ENDPOINTS, "/authorize", "/sign-in"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_of_70_kilobytes_is_413(server: RunningServer, path: str, *, declared: bool) -> None:
    body = b"a=" + b"b" * 70_000
    head = b"POST %s HTTP/1.1\r\nHost: x\r\n%s" % (path.encode(), TYPE)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    request = post(path, body) if declared else chunked
    connection = Connection(server.address)
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.socket.sendall(request)

    assert connection.receive().status == 413
    connection.close()


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"multipart/form-data; boundary=x",
        b"text/plain",
        b"",
        b"application/x-www-form-urlencoded, application/json",
        b"\xff",
    ],
)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_another_content_type_is_an_invalid_request(
    wire: Connection, client: TestClient, path: str, content_type: bytes
) -> None:
    secret = basic(client.client_id, client.client_secret or "").encode()
    fields = b"Content-Type: " + content_type + b"\r\nAuthorization: " + secret + b"\r\n"
    answer = wire.exchange(post(path, b"grant_type=client_credentials&token=x", fields))

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_the_token_endpoint_reads_no_query(wire: Connection, client: TestClient) -> None:
    secret = basic(client.client_id, client.client_secret or "").encode()
    fields = TYPE + b"Authorization: " + secret + b"\r\n"
    answer = wire.exchange(post("/token?grant_type=client_credentials", b"", fields))

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "value",
    [
        b"Basic",
        b"Basic !!!",
        b"Basic /////w==",
        b"Basic Og==",
        b"Basic " + b"A" * 20_000,
        b"Bearer \xff\xfe",
        b"\xff",
        b"Digest x",
    ],
)
@pytest.mark.parametrize("path", [*ENDPOINTS, "/demo/resource"])
def test_a_hostile_authorization_header_is_refused(
    wire: Connection, path: str, value: bytes
) -> None:
    fields = TYPE + b"Authorization: " + value + b"\r\n"
    method = b"GET" if path == "/demo/resource" else b"POST"
    body = b"" if method == b"GET" else b"grant_type=client_credentials&token=x"
    answer = wire.exchange(raw(method, path.encode(), fields, body))

    assert answer.status in {400, 401}
    assert answer.status != 401 or "www-authenticate" in answer.headers


@pytest.mark.parametrize(
    "cookie",
    [b"oauthstore=\xff; oauthstore-visit=\xff", b"oauthstore=" + b"A" * 4_000, b";;;=;", b"{}"],
)
@pytest.mark.parametrize("path", PAGES)
def test_a_hostile_cookie_is_nobody_s(wire: Connection, path: str, cookie: bytes) -> None:
    answer = wire.exchange(raw(b"GET", path.encode(), b"Cookie: " + cookie + b"\r\n"))

    assert answer.status < 500


@pytest.mark.parametrize(
    "request_line",
    [
        *(b"PUT /token", b"DELETE /", b"TRACE /", b"PATCH /sign-in", b"OPTIONS /authorize"),
        *(b"GET /%00", b"GET /%ff", b"GET /%2e%2e/%2e%2e/etc/passwd", b"GET //evil.example/"),
        *(b"GET /static/../../x", b"GET http://evil.example/", b"OPTIONS *", b"HEAD /authorize"),
        *(b"GET /token", b"CONNECT evil.example:443", b"GET /\xff", b"GET /health/ready?%00"),
    ],
)
def test_a_hostile_request_line_is_refused_or_served(wire: Connection, request_line: bytes) -> None:
    wire.socket.sendall(request_line + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    status = int(wire.socket.recv(65536).split()[1])

    assert status < 500


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"X: a\r\n b\r\n",
        b"X\r\n",
        b"X : y\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n",
        b"Expect: 200-maybe\r\n",
    ],
)
def test_a_message_that_could_be_read_in_two_ways_is_not_served_twice(
    server: RunningServer, wire: Connection, fields: bytes
) -> None:
    wire.socket.sendall(b"POST /token HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n0\r\n\r\n")
    status = int(wire.socket.recv(65536).split()[1])

    assert 400 <= status < 500
    other = Connection(server.address)
    assert other.exchange(raw(b"GET", b"/health/alive")).status == 200
    other.close()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_an_id_and_a_secret_may_have_any_character(
    server: RunningServer, wire: Connection, method: str
) -> None:
    client_id = f"{CLIENT_ID} {method}"
    server.create_client(
        *("--client-id", client_id, "--client-secret-stdin"),
        *("--token-endpoint-auth-method", method),
        stdin=SECRET,
    )
    form = {"grant_type": "client_credentials"}
    if method == "client_secret_post":
        form |= {"client_id": client_id, "client_secret": SECRET}
    header = basic(client_id, SECRET) if method == "client_secret_basic" else None
    wrong = basic(client_id, SECRET + "x") if header else None
    form_of_wrong = {**form, "client_secret": SECRET + "x"} if not header else form

    right = wire.exchange(form_request(f"{server.issuer}/token", form, header))
    refused = wire.exchange(form_request(f"{server.issuer}/token", form_of_wrong, wrong))

    assert right.status == 200
    assert refused.outcome == "401 invalid_client"


def test_after_all_that_it_serves_and_has_logged_no_bug(
    server: RunningServer, wire: Connection, client: TestClient
) -> None:
    secret = basic(client.client_id, client.client_secret or "")
    form = {"grant_type": "client_credentials", "redirect_uri": REDIRECT_URI}

    assert wire.exchange(form_request(f"{server.issuer}/token", form, secret)).status == 200
    assert b"Traceback" not in server.output()
    assert b"A request failed" not in server.output()
