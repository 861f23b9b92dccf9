"""A proxy before a server, which knows the wire's messages: it swallows replies.

It can pretend to be the primary of a replica set, whose members the driver tries again on: the
server behind it does not know a repeated write from a new one, as a real one would. What is
delivered twice is then executed twice.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from typing import Any

import bson

__all__ = ["Proxy"]

#: Length, id, the request's id, opcode.
_HEADER = struct.Struct("<iiii")
_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
#: Before the document: flags and a section's kind; flags, cursor, start and count.
_BODY = {_OP_MSG: 5, _OP_REPLY: 20}
_HELLOS = {"hello", "ismaster", "isMaster"}


class Proxy:
    """Forwards every connection, message by message."""

    def __init__(self, port: int, *, replica_set: bool = False) -> None:
        self._server = ("127.0.0.1", port)
        self.replica_set = replica_set
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._swallow_in = 0
        #: The commands that came by, but for those of the driver's own.
        self.commands: deque[str] = deque()
        #: Replies that were swallowed.
        self.swallowed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def swallow(self, count: int) -> None:
        """Lose the reply to the count-th command from now on, and its connection."""
        with self._lock:
            self._swallow_in, self.swallowed = count, 0

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
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            suppress(OSError, EOFError),
            socket.create_connection(self._server) as server,
        ):
            with self._lock:
                self._open |= {client, server}
            while True:
                request = _message(client)
                server.sendall(request)
                reply = _message(server)
                if self._is_doomed(_command(request)):
                    return
                client.sendall(self._told(_command(request), reply))

    def _is_doomed(self, command: str) -> bool:
        """Note the command, and tell whether its reply is to be lost."""
        if command in _HELLOS or command == "endSessions":
            return False
        with self._lock:
            self.commands.append(command)
            if self._swallow_in == 0:
                return False
            self._swallow_in -= 1
            self.swallowed += self._swallow_in == 0
            return self._swallow_in == 0

    def _told(self, command: str, reply: bytes) -> bytes:
        if not self.replica_set or command not in _HELLOS:
            return reply
        length, number, request, opcode = _HEADER.unpack_from(reply)
        body = reply[_HEADER.size : _HEADER.size + _BODY[opcode]]
        hello = bson.decode(reply[_HEADER.size + len(body) : length])
        hello |= {"setName": "pretended", "hosts": [self.address], "setVersion": 1}
        hello |= {"primary": self.address, "me": self.address, "secondary": False}
        told = body + bson.encode(hello)
        return _HEADER.pack(_HEADER.size + len(told), number, request, opcode) + told


def _message(end: socket.socket) -> bytes:
    head = _read(end, _HEADER.size)
    return head + _read(end, _HEADER.unpack(head)[0] - len(head))


def _read(end: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = end.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _command(request: bytes) -> str:
    """Return the name of the command in a request."""
    opcode = _HEADER.unpack_from(request)[3]
    if opcode == _OP_QUERY:
        return "isMaster"  # by this old form drivers greet, and ask nothing else
    start = _HEADER.size + _BODY[_OP_MSG]
    length: int = struct.unpack_from("<i", request, start)[0]
    document: dict[str, Any] = bson.decode(request[start : start + length])
    return next(iter(document))
