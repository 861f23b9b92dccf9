"""Receiving an authorization response on loopback (RFC 8252 section 7.3)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from ..settings import is_loopback
from .failures import RefusedFailure

__all__ = ["Callback"]

#: Seconds in which a request that was begun must come.
_PATIENCE: Final = 5
_PAGE: Final = (
    b"<!doctype html><html lang=en><title>oauthstore</title>"
    b"<p>The answer has arrived. You may close this window and go back to the terminal."
)


class Callback:
    """Listens at a redirect URI on loopback, for the one response that is ours; a context."""

    def __init__(
        self, redirect_uri: str, state: str | None = None, *, named: str = "state"
    ) -> None:
        """Listen; at a free port where the URI names none. `RefusedFailure`: that cannot be.

        Ours is the response whose parameter `named` is `state`, or what `expect` is told.
        """
        try:
            parts = urlsplit(redirect_uri)
            port = parts.port or 0
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "http" or not is_loopback(redirect_uri):
            raise RefusedFailure(
                f"The answer was to come to {redirect_uri}, but this command listens on loopback "
                "only. Use http://127.0.0.1/callback, and register it for the client."
            )
        self._named, self._state = named, state
        self._found: Mapping[str, str] | None = None
        try:
            # Not by name: localhost may be another address to the browser than to this machine.
            self._server = HTTPServer(("127.0.0.1", port), self._handler(parts.path or "/"))
        except OSError as error:
            raise RefusedFailure(
                f"The answer was to come to {redirect_uri}, but nobody can listen there "
                f"({error.strerror}). Leave the port out: any may be used on loopback."
            ) from error
        host = f"{parts.hostname}:{self._server.server_port}"
        #: Where it listens: what goes into the request.
        self.redirect_uri = f"http://{host}{parts.path}"

    def __enter__(self) -> Self:
        """Go on listening until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        self._server.server_close()

    def expect(self, state: str) -> None:
        """Take the response with this value, which was not known when the listening began."""
        self._state = state

    def wait(self, seconds: float) -> Mapping[str, str]:
        """Return the response's parameters. `RefusedFailure`: none came in time."""
        give_up = time.monotonic() + seconds
        while self._found is None:
            self._server.timeout = give_up - time.monotonic()
            if self._server.timeout <= 0:
                raise RefusedFailure(
                    f"An answer was awaited for {seconds:g} seconds, but none came. "
                    "Start again, and decide in the browser, or wait longer: --timeout."
                )
            self._server.handle_request()
        return self._found

    def _take(self, query: str) -> bool:
        """Take a response that is ours; whatever else comes is somebody else's."""
        found = parse_qs(query)
        repeated = any(len(value) > 1 for value in found.values())
        if repeated or found.get(self._named) != [self._state]:
            return False
        self._found = {name: value for name, (value,) in found.items()}
        return True

    def _handler(self, path: str) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            """Answers the browser, and logs nothing: the query has the code."""

            timeout = _PATIENCE

            def do_GET(self) -> None:
                """Take the response."""
                target = urlsplit(self.path)
                if target.path != path or not take(target.query):
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", "default-src 'none'")
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(_PAGE)))
                self.end_headers()
                self.wfile.write(_PAGE)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        return Handler
