"""The ASGI edge: reads a request into memory, runs a synchronous handler, sends its answer.

The protocol core is synchronous. Where the stores wait for I/O its handlers
run in worker threads; where they do not (memory), on the event loop itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any, TypeVar

from ..errors import WouldBlockError
from ..http import Headers, HttpRequest, HttpResponse, json_response
from ..oauth2.errors import RETRY_AFTER
from .threads import Threads

__all__ = ["Application", "Handler", "Receive", "Routes", "Scope", "Send", "Workers"]

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_Result = TypeVar("_Result")

Handler = Callable[[HttpRequest], HttpResponse]
#: Path to method to handler.
Routes = Mapping[str, Mapping[str, Handler]]

#: A larger body is refused with 413; nothing that OAuth sends comes near.
MAXIMUM_BODY = 1 << 16
#: Worker threads of one process; also the most connections that a store sees from it.
WORKER_THREADS = 16
#: Further ones for handlers that compute for long: these never keep the others waiting.
LONG_THREADS = 4


class _TooLargeError(Exception):
    """The body is larger than anything that this server reads."""


class _DisconnectedError(Exception):
    """The client went away before its request was read."""


class Workers:
    """The worker threads of one process, which all that asks its stores has in common."""

    def __init__(self, *, blocking: bool) -> None:
        """Make threads that are used where `blocking`: where a call may wait for I/O."""
        self.blocking = blocking
        self._threads = Threads(WORKER_THREADS, "oauthstore")
        self._long = Threads(LONG_THREADS, "oauthstore-long")

    async def run(self, call: Callable[[], _Result], *, threaded: bool = False) -> _Result:
        """Return what `call` returns; in a thread where it blocks.

        `threaded`: it computes for long, and is run in one of few threads of its
        kind. One that finds out by `WouldBlockError` that it must wait is made again in a thread.
        """
        if threaded:
            return await self._long.run(call)
        if not self.blocking:
            try:
                return call()
            except WouldBlockError:
                log.debug("A handler needs to wait: it is run again in a thread")
        return await self._threads.run(call)

    def close(self) -> None:
        """Return once the threads are through with what they have begun; twice is fine."""
        self._threads.close()
        self._long.close()


class Application:
    """An ASGI application of synchronous handlers."""

    def __init__(
        self,
        routes: Routes,
        *,
        blocking: bool = False,
        workers: Workers | None = None,
        threaded: Collection[str] = (),
        immediate: Collection[str] = (),
        not_found: Handler | None = None,
        on_startup: Callable[[], None] | None = None,
        on_shutdown: Callable[[], None] | None = None,
    ) -> None:
        """Serve `routes`, in worker threads where `blocking`, or in those of `workers`.

        `threaded`: paths whose handlers need a thread all the same, of those for
        what computes for long, such as verifying the password that is posted.
        `immediate`: paths whose handlers never wait, and must not wait for a
        thread either while all of them wait for a store.
        """
        self._routes = routes
        self._workers = Workers(blocking=blocking) if workers is None else workers
        self._threaded = frozenset(threaded)
        self._immediate = frozenset(immediate)
        self._not_found = not_found or _not_found
        self._on_startup = on_startup
        self._on_shutdown = on_shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope: a request, or the application's lifespan."""
        if scope["type"] == "http":
            await self._serve_or_give_up(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            raise ValueError(f"This application does not serve the ASGI scope {scope['type']!r}.")

    async def _serve_or_give_up(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, receive, send)
        except asyncio.CancelledError:
            # The server stops, and has waited as long as it may. What the handler does in its
            # thread goes on: nobody knows the outcome, which is what this answer says.
            body = {"error": "temporarily_unavailable"}
            answer = json_response(503, body, [("Retry-After", str(RETRY_AFTER))])
            await _send(answer, send, with_body=scope["method"] != "HEAD")
            raise

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _read(scope, receive, self.path_of(scope))
        except _TooLargeError:
            response = _refusal(413, "The request body is too large.")
        except _DisconnectedError:
            return
        else:
            response = await self._respond(request)
        await _send(response, send, with_body=scope["method"] != "HEAD")

    def path_of(self, scope: Scope) -> str:
        """Return the path to look up: as it is where a route has it, else without the mount."""
        path: str = scope["path"]
        root: str = scope.get("root_path", "").rstrip("/")
        if path in self._routes or not path.startswith(f"{root}/"):
            return path
        return path.removeprefix(root)

    async def _respond(self, request: HttpRequest) -> HttpResponse:
        methods = self._routes.get(request.path)
        if methods is None:
            handler = self._not_found
        else:
            found = methods.get("GET" if request.method == "HEAD" else request.method)
            if found is None:
                return _method_not_allowed(methods)
            handler = found
        try:
            return await self._run(handler, request)
        except Exception:
            # The last line of defence: what arrives here is a bug, never an answer.
            log.exception("A request failed: %r", request)
            return json_response(500, {"error": "server_error"})

    async def _run(self, handler: Handler, request: HttpRequest) -> HttpResponse:
        if request.path in self._immediate:
            return handler(request)
        path = request.path
        return await self._workers.run(
            lambda: handler(request),
            threaded=path in self._threaded and request.method == "POST",
        )

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if not await self._start(send):
                    return
            elif message["type"] == "lifespan.shutdown":
                self._workers.close()
                if self._on_shutdown is not None:
                    await asyncio.to_thread(self._on_shutdown)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self, send: Send) -> bool:
        """Start, and tell whether that went well: a server that did not must not serve."""
        try:
            if self._on_startup is not None:
                await asyncio.to_thread(self._on_startup)
        except Exception as error:
            log.exception("The application did not start")
            message = f"{type(error).__name__}: see the log"
            await send({"type": "lifespan.startup.failed", "message": message})
            return False
        await send({"type": "lifespan.startup.complete"})
        return True


async def _read(scope: Scope, receive: Receive, path: str) -> HttpRequest:
    client, raw_path = scope.get("client"), scope.get("raw_path")
    return HttpRequest(
        scope["method"],
        path,
        query_string=scope.get("query_string", b"").decode("latin-1"),
        headers=Headers(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        body=await _read_body(receive),
        address=client[0] if client else None,
        scheme=scope.get("scheme", "http"),
        raw_path=raw_path.decode("latin-1") if raw_path else None,
    )


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DisconnectedError
        body += message.get("body", b"")
        if len(body) > MAXIMUM_BODY:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(body)


async def _send(response: HttpResponse, send: Send, *, with_body: bool) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})


def _not_found(_: HttpRequest) -> HttpResponse:
    return _refusal(404, "There is nothing at this path.")


def _method_not_allowed(methods: Mapping[str, Handler]) -> HttpResponse:
    allowed = [*methods, "HEAD"] if "GET" in methods else [*methods]
    response = _refusal(405, f"This path takes {', '.join(sorted(allowed))}.")
    response.set_header("Allow", ", ".join(sorted(allowed)))
    return response


def _refusal(status: int, description: str) -> HttpResponse:
    return json_response(status, {"error": "invalid_request", "error_description": description})
