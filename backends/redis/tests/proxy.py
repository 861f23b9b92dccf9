"""A proxy before a server: it counts flights, and swallows a reply that the server has sent."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress

__all__ = ["Proxy"]

#: Seconds between two pieces of what a client sends at once.
_A_MOMENT = 0.003


class Proxy:
    """Forwards every connection; a flight begins where a client speaks after its server has."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._swallow_in = 0
        #: Flights so far.
        self.flights = 0
        #: Replies that were swallowed.
        self.swallowed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def swallow(self, flight: int) -> None:
        """Lose the reply to the flight of that number from now on, and its connection."""
        with self._lock:
            self._swallow_in = flight

    def close(self) -> None:
        """Close every connection."""
        # Else whoever accepts would wait on.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets, self._open = self._open, set()
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            with self._lock:
                self._open |= {client, server}
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pump(client, server)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        speaker, doomed = server, False
        with selectors.DefaultSelector() as selector:
            for end in (client, server):
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    source = client if key.fileobj is client else server
                    data = _all_of(client) if source is client else server.recv(65536)
                    if not data or (source is server and doomed):
                        return
                    if source is client and speaker is server:
                        doomed = self._begin()
                    speaker = source
                    (server if source is client else client).sendall(data)

    def _begin(self) -> bool:
        """Count a flight, and tell whether its reply is to be lost."""
        with self._lock:
            self.flights += 1
            if self._swallow_in == 0:
                return False
            self._swallow_in -= 1
            self.swallowed += self._swallow_in == 0
            return self._swallow_in == 0


def _all_of(client: socket.socket) -> bytes:
    """Return what a client sends at once: the driver cuts a long flight into several pieces."""
    data = piece = client.recv(65536)
    client.settimeout(_A_MOMENT)
    with suppress(TimeoutError):
        while piece:
            piece = client.recv(65536)
            data += piece
    client.settimeout(None)
    return data
