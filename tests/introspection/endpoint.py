"""An introspection endpoint that says what it is told to, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

__all__ = ["ACTIVE", "Asked", "Endpoint"]

#: An access token as our own server tells of it.
ACTIVE: Mapping[str, Any] = {
    "active": True,
    "client_id": "album",
    "scope": "profile mail",
    "sub": "alice",
    "token_type": "Bearer",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    form: Mapping[str, list[str]]
    authorization: str
    #: The port at the other end: the same for requests on one connection.
    port: int


@dataclass
class Endpoint:
    """Answers with status and body; both may be changed while it runs."""

    answer: Any = field(default_factory=lambda: dict(ACTIVE))
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Run before it answers.
    before: Callable[[], object] = lambda: None
    #: End the connection after each answer, without saying so.
    hangs_up: bool = False
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}/introspect"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def body(self) -> bytes:
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            authorization = self.headers["Authorization"]
            asked = Asked(parse_qs(form), authorization, self.client_address[1])
            endpoint.asked.append(asked)
            endpoint.before()
            self.send_response(endpoint.status)
            for name, value in endpoint.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(endpoint.body)))
            with suppress(ConnectionError):  # whoever asked may have given up
                self.end_headers()
                self.wfile.write(endpoint.body)
            self.close_connection = self.close_connection or endpoint.hangs_up

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
            """Say nothing."""

    return Handler
