"""The ASGI edge."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from oauthstore_core.errors import WouldBlockError
from oauthstore_core.http import HttpRequest, HttpResponse, json_response
from oauthstore_core.integrations.asgi import MAXIMUM_BODY, Application

Messages = list[dict[str, Any]]


def _echo(request: HttpRequest) -> HttpResponse:
    thread = threading.current_thread().name
    body = {"path": request.path, "size": len(request.body), "thread": thread}
    return json_response(200, body, [("X-Address", str(request.address))])


ROUTES = {"/echo": {"GET": _echo, "POST": _echo}, "/form": {"POST": _echo}}


def _ask(
    application: Application,
    method: str = "GET",
    path: str = "/echo",
    body: Iterable[bytes] = (b"",),
    **scope: object,
) -> tuple[int, dict[str, str], bytes]:
    chunks: Messages = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    chunks[-1]["more_body"] = False
    sent = _run(application, {"type": "http", "method": method, "path": path, **scope}, chunks)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


def _run(application: Application, scope: dict[str, Any], messages: Messages) -> Messages:
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
        sent.append(message)

    asyncio.run(application({"query_string": b"", "headers": [], **scope}, receive, send))
    return sent


def test_a_request_is_answered_with_its_length() -> None:
    status, headers, body = _ask(Application(ROUTES, blocking=False), client=("10.0.0.1", 1))

    assert status == 200
    assert headers["content-length"] == str(len(body))
    assert headers["x-address"] == "10.0.0.1"


def test_a_head_request_is_a_get_without_body() -> None:
    application = Application(ROUTES, blocking=False)

    status, headers, body = _ask(application, "HEAD")

    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [("/echo", "DELETE", "GET, HEAD, POST"), ("/form", "GET", "POST"), ("/form", "HEAD", "POST")],
)
def test_a_method_that_a_path_does_not_take_is_405(path: str, method: str, allowed: str) -> None:
    status, headers, body = _ask(Application(ROUTES, blocking=False), method, path)

    assert (status, headers["allow"]) == (405, allowed)
    assert headers["cache-control"] == "no-store"
    assert (body == b"") == (method == "HEAD")


@pytest.mark.parametrize("path", ["/", "/echo/", "//echo", "/echo/x", "/ECHO", "", "/../echo"])
def test_a_path_without_route_is_404(path: str) -> None:
    status, headers, _ = _ask(Application(ROUTES, blocking=False), path=path)

    assert status == 404
    assert headers["content-type"] == "application/json"


def test_what_is_not_found_may_be_answered_by_a_handler() -> None:
    application = Application(
        ROUTES, blocking=False, not_found=lambda _: HttpResponse(404, b"a page")
    )

    assert _ask(application, path="/none")[2] == b"a page"


def test_row_46_a_body_that_is_too_large_is_413_and_reaches_no_handler() -> None:
    application = Application(ROUTES, blocking=False)

    assert _ask(application, "POST", body=[b"x" * MAXIMUM_BODY])[0] == 200
    assert _ask(application, "POST", body=[b"x" * MAXIMUM_BODY, b"x"])[0] == 413


def test_row_46_a_body_that_never_ends_is_not_read_to_its_end() -> None:
    chunk = {"type": "http.request", "body": b"x" * 4096, "more_body": True}
    messages = [chunk] * 1000

    sent = _run(
        Application(ROUTES, blocking=False),
        {"type": "http", "method": "POST", "path": "/form"},
        messages,
    )

    assert sent[0]["status"] == 413
    assert len(messages) > 900


def test_a_client_that_goes_away_is_not_answered() -> None:
    messages: Messages = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    ]

    scope = {"type": "http", "method": "POST", "path": "/form"}
    assert _run(Application(ROUTES, blocking=False), scope, messages) == []


@pytest.mark.parametrize(
    ("root", "path", "status"),
    [
        ("/auth", "/auth/echo", 200),
        ("/auth/", "/auth/echo", 200),
        ("", "/echo", 200),
        ("/", "/echo", 200),
        # A server that takes the mount off the path, as the older ones do.
        ("/auth", "/echo", 200),
        ("/e", "/echo", 200),
        ("/ech", "/echo", 200),
        ("/auth", "/authecho", 404),
        ("/auth", "/auth", 404),
        ("/auth", "/other/echo", 404),
    ],
)
def test_a_mounted_application_finds_its_paths(root: str, path: str, status: int) -> None:
    application = Application(ROUTES, blocking=False)

    assert _ask(application, path=path, root_path=root)[0] == status


def test_a_route_that_has_the_mount_in_it_is_found_too() -> None:
    application = Application({"/auth/token": {"GET": _echo}}, blocking=False)

    assert _ask(application, path="/auth/token", root_path="/auth")[0] == 200


def test_row_25_a_handler_that_fails_is_a_500_that_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: HttpRequest) -> HttpResponse:
        raise RuntimeError("what nobody may see")

    application = Application({"/x": {"POST": fail}}, blocking=False)
    status, headers, body = _ask(application, "POST", "/x", [b"client_secret=s3cret"])

    assert (status, body) == (500, b'{"error":"server_error"}')
    assert headers["cache-control"] == "no-store"
    assert "what nobody may see" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(("blocking", "inline"), [(False, True), (True, False)])
def test_handlers_run_in_threads_where_the_stores_wait(*, blocking: bool, inline: bool) -> None:
    body = _ask(Application(ROUTES, blocking=blocking))[2]

    assert (b'"thread":"MainThread"' in body) is inline
    assert (b'"thread":"oauthstore' in body) is not inline


def test_a_path_that_computes_for_long_runs_in_a_thread_all_the_same() -> None:
    application = Application(ROUTES, blocking=False, threaded=["/form"])

    assert b"oauthstore" in _ask(application, "POST", "/form")[2]
    assert b"MainThread" in _ask(application, "POST", "/echo")[2]


def test_a_handler_that_would_block_the_event_loop_runs_again_in_a_thread() -> None:
    runs: list[str] = []

    def wait(request: HttpRequest) -> HttpResponse:
        runs.append(threading.current_thread().name)
        if len(runs) == 1:
            raise WouldBlockError
        return _echo(request)

    status, _, _ = _ask(Application({"/x": {"GET": wait}}, blocking=False), path="/x")

    assert status == 200
    assert runs[0] == "MainThread"
    assert runs[1].startswith("oauthstore")


def test_however_many_compute_for_long_the_others_have_threads() -> None:
    released = threading.Event()

    def compute(_: HttpRequest) -> HttpResponse:
        return HttpResponse(200 if released.wait(10) else 500)

    routes = {"/long": {"POST": compute}, "/x": {"GET": _echo}}
    application = Application(routes, blocking=True, threaded=["/long"])

    async def ask_all() -> list[int]:
        asked = [asyncio.create_task(_exchange(application, "POST", "/long")) for _ in range(50)]
        await asyncio.sleep(0)
        other = await _exchange(application, "GET", "/x")
        released.set()
        return [other, *await asyncio.gather(*asked)]

    assert asyncio.run(ask_all()) == [200] * 51


def test_a_request_that_is_given_up_when_the_server_stops_is_503() -> None:
    begun, released = threading.Event(), threading.Event()

    def wait(_: HttpRequest) -> HttpResponse:
        begun.set()
        released.wait(10)
        return HttpResponse(200)

    application = Application({"/x": {"POST": wait}}, blocking=True)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
        sent.append(message)

    async def stop() -> None:
        scope = {"type": "http", "method": "POST", "path": "/x", "headers": []}
        task = asyncio.create_task(application(scope, receive, send))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        released.set()

    asyncio.run(stop())

    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"])[b"retry-after"]
    assert b"temporarily_unavailable" in sent[1]["body"]


async def _exchange(application: Application, method: str, path: str) -> int:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    await application(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_a_slow_handler_does_not_hold_up_the_others() -> None:
    released = threading.Event()

    def wait(_: HttpRequest) -> HttpResponse:
        return HttpResponse(200 if released.wait(10) else 500)

    def release(_: HttpRequest) -> HttpResponse:
        released.set()
        return HttpResponse(200)

    application = Application({"/a": {"GET": wait}, "/b": {"GET": release}}, blocking=True)
    statuses: list[int] = []

    async def ask(path: str) -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
            statuses.extend([message["status"]] if "status" in message else [])

        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        await application(scope, receive, send)

    async def both() -> None:
        await asyncio.gather(ask("/a"), ask("/b"))

    asyncio.run(both())
    assert statuses == [200, 200]


def _lifespan(application: Application) -> Messages:
    messages: Messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    return _run(application, {"type": "lifespan"}, messages)


def test_the_lifespan_starts_and_stops_the_application() -> None:
    events: list[str] = []
    application = Application(
        {},
        blocking=False,
        on_startup=lambda: events.append("up"),
        on_shutdown=lambda: events.append("down"),
    )

    sent = [message["type"] for message in _lifespan(application)]

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert events == ["up", "down"]


def test_a_start_that_fails_is_told_to_the_server_which_then_does_not_serve(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("postgresql://user:password@host")

    with caplog.at_level(logging.ERROR):
        sent = _lifespan(Application({}, blocking=False, on_startup=fail))

    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "password" not in sent[0]["message"]


def test_another_scope_is_refused() -> None:
    with pytest.raises(ValueError, match="websocket"):
        _run(Application({}, blocking=False), {"type": "websocket"}, [])
