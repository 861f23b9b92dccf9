"""One client's connection, with the limits that uvicorn lacks on httptools.

Without them a client that never ends its header fields, sends a byte now and
then, or queues thousands of requests at once costs memory without bound.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["MAXIMUM_FIELDS", "MAXIMUM_HEAD", "PATIENCE", "Connection"]

#: Seconds in which a whole request must have come.
PATIENCE: Final = 30
#: Bytes of the request line and the header fields together.
MAXIMUM_HEAD: Final = 1 << 16
#: Header fields, of which each costs more than its bytes.
MAXIMUM_FIELDS: Final = 100
#: Requests on one connection that wait for the answer to an earlier one.
MAXIMUM_WAITING: Final = 16


class _RefusedError(Exception):
    """Stops the parser; why is in the connection's `_refusal`."""


class Connection(HttpToolsProtocol):
    """Speaks HTTP/1.1 with one client, who is given so much time and room."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        #: Ends the connection unless a request is complete before.
        self._deadline: TimerHandle | None = None
        self._in_head = True
        #: Bytes of the head that are parsed, and those of a field that does not end.
        self._parsed = self._unparsed = 0
        self._refusal = HTTPStatus.BAD_REQUEST

    # --- what came ---

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it belongs to a header field that is too long already."""
        self._unparsed += len(data)
        super().data_received(data)
        if self.transport.is_closing() or not self._in_head:
            return
        if self._parsed + self._unparsed > MAXIMUM_HEAD:
            self._answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._deadline is None and self._is_idle():
            # Empty lines between requests, which end the server's own time for an idle client.
            self._wait()

    # --- what the parser found in it ---

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._parsed = self._unparsed = 0
        self._in_head = True
        if self._deadline is None:
            self._wait()

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self._count(len(name) + len(value))
        if len(self.headers) >= MAXIMUM_FIELDS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, or queue it behind few others."""
        self._in_head = False
        if len(self.pipeline) >= MAXIMUM_WAITING:
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait no more: what follows is the server's time."""
        self._wait_no_more()
        self._unparsed, self._in_head = 0, True
        super().on_message_complete()

    def _count(self, length: int) -> None:
        self._parsed += length
        self._unparsed = 0
        if self._parsed > MAXIMUM_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _refuse(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise _RefusedError

    # --- refusing ---

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed, or made the parser stop."""
        self._answer(self._refusal)

    def _answer(self, status: HTTPStatus) -> None:
        """Answer in the server's stead and hang up; where another answer is due, after that."""
        self._wait_no_more()
        if not self._is_idle() and not self._is_reading_body() and not self.pipeline:
            self.flow.pause_reading()
            self.cycle.keep_alive = False
            return
        if not self.pipeline:
            body = f"{status.phrase}.".encode()
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                "content-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()

    def _is_idle(self) -> bool:
        """Tell whether no request is being answered."""
        # There is none before the first request, whatever uvicorn says of the attribute.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _is_reading_body(self) -> bool:
        """Tell whether the only request at work has not come whole."""
        whole = self._in_head or self.pipeline
        return not whole and not self.cycle.response_started

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: nobody needs to install what would speak WebSocket here."""

    # --- time ---

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(PATIENCE, self._give_up)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._is_idle() and not self._in_head:
            # Refused already, for a body that is too large and that still comes.
            self.transport.close()
        elif self._is_idle() or self._is_reading_body():
            self._answer(HTTPStatus.REQUEST_TIMEOUT)
        else:
            # The next request waits for the answer to this one: that is not its client's fault.
            self._wait()
