"""What a web server does of a request, in this process: WSGI's environment, or ASGI's messages.

Bytes go in as they are on the wire, and come out so: no client in between mends them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from werkzeug.test import run_wsgi_app

__all__ = ["HOST", "Answer", "AsgiWire", "Wire", "WsgiWire"]

HOST = "auth.example"
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """A response as it leaves an edge."""

    status: int
    headers: Pairs
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """Return the one value of a header field, or nothing."""
        return ", ".join(self.values(name))

    @property
    def media_type(self) -> str:
        return self.header("Content-Type").partition(";")[0]


class Wire(Protocol):
    """A server of one application."""

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Return the answer to a request for https://auth.example; without a body, none is told."""
        ...


class WsgiWire:
    """Calls a WSGI application, as gunicorn does."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - Flask's or Django's
        self._app = app

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": target,
            "SERVER_NAME": HOST,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(body or b""),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in _complete(headers, body):
            key = name.upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
        chunks, status, fields = run_wsgi_app(self._app, environ, buffered=True)
        return Answer(int(status.split()[0]), list(fields), b"".join(chunks))


class AsgiWire:
    """Calls an ASGI application, as uvicorn does."""

    def __init__(self, app: Any, portal: BlockingPortal) -> None:  # noqa: ANN401 - any of them
        self._app, self._portal = app, portal

    @classmethod
    @contextmanager
    def running(cls, app: Any, lifespan: Any = None) -> Iterator[AsgiWire]:  # noqa: ANN401
        """Serve an application, within a lifespan where it has one."""
        with ExitStack() as resources:
            portal = resources.enter_context(start_blocking_portal())
            if lifespan is not None:
                resources.enter_context(portal.wrap_async_context_manager(lifespan(app)))
            yield cls(app, portal)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        return self._portal.call(partial(self._send, method, target, headers, body))

    async def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in _complete(headers, body)
            ],
            "client": ("192.0.2.1", 1),
            "server": (HOST, 443),
            "state": {},
        }
        incoming: list[dict[str, Any]] = [{"type": "http.request", "body": body or b""}]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            # Django watches whether the client goes away, until it has answered.
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
            sent.append(message)

        await self._app(scope, receive, send)
        fields = [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        return Answer(sent[0]["status"], fields, b"".join(m.get("body", b"") for m in sent[1:]))


def _complete(headers: Mapping[str, str], body: bytes | None) -> Pairs:
    length = {} if body is None else {"Content-Length": str(len(body))}
    return [*{"Host": HOST, **headers, **length}.items()]
