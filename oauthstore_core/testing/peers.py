"""Other processes of the kit's own, which do what they are sent, and end with the run.

A peer is a Python of its own, started anew and never forked from the test run,
whose threads a fork would lose. It reads requests from its standard input and
ends where that ends: also when the test run is killed.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pydoc import locate
from typing import IO, Any, TypeVar

import pytest

from ..errors import StoreError
from .address import StoreAddress

__all__ = ["PATIENCE", "Peer", "PeerLostError", "Told", "attempt", "pickled", "serve", "tell"]

T = TypeVar("T")

#: No request takes that long; a peer that needs longer hangs. In seconds.
PATIENCE = 60.0
_END = object()


class PeerLostError(Exception):
    """A peer ended, or hangs: what was asked of it has no answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a call in another process was told: its answer, or the kind and text of its error."""

    answer: object = None
    #: The class of `errors` that the error is of; None: an answer, or no `StoreError` at all.
    error: type[StoreError] | None = None
    text: str = ""

    def heard(self, tolerated: tuple[type[StoreError], ...] = ()) -> object:
        """Return the answer, or the error where it is tolerated; raise every other."""
        if self.error is not None:
            error = self.error(self.text)
            if isinstance(error, tolerated):
                return error
            raise error
        if self.text:
            pytest.fail(f"A call in another process raised what is no StoreError:\n{self.text}")
        return self.answer


def tell(call: Callable[[], object]) -> Told:
    """Make the call, and return what it was told in a form that crosses the border."""
    try:
        return Told(call())
    except StoreError as error:
        kind = next(c for c in type(error).__mro__ if c.__module__ == StoreError.__module__)
        return Told(error=kind, text=str(error))
    except Exception:  # noqa: BLE001 - told to the test run, which raises it
        return Told(text=traceback.format_exc())


def attempt(call: Callable[[], object]) -> object:
    """Make the call and return its answer, or the `StoreError` that it raised."""
    try:
        return call()
    except StoreError as error:
        return error


def pickled(address: StoreAddress) -> bytes:
    """Return the address in the form that other processes are handed; fail if there is none."""
    try:
        return pickle.dumps(address)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        pytest.fail(_BY_NAME.format(f"it does not pickle: {error}"), pytrace=False)


_BY_NAME = (
    "The store's address was to be handed to another process, but {}. Give the plugin as "
    "'package.module:attribute', of a module that is installed or on the path, not of a test "
    "module, and options that pickle."
)


class Peer:
    """A process that serves the requests of this one."""

    def __init__(self, servant: type) -> None:
        """Start it; `servant` is made there, and its methods are what may be asked."""
        named = (servant.__module__, servant.__name__)
        program = f"from {__name__} import serve; serve{named!r}"
        path = os.pathsep.join(part or os.getcwd() for part in sys.path)  # noqa: PTH109 - text
        self._process = subprocess.Popen(  # noqa: S603 - our own fixed program
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._replies: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, method: str, *arguments: object) -> None:
        """Ask it to call a method of the servant; `receive` gives the answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pickle.dumps((method, pickle.dumps(arguments))))
            self._process.stdin.flush()
        except OSError:
            raise PeerLostError(self._fate()) from None

    def receive(self, patience: float = PATIENCE) -> Any:  # noqa: ANN401 - whatever it answers
        """Return the answer to the oldest request; `PeerLostError`: there will be none."""
        try:
            reply = self._replies.get(timeout=patience)
        except queue.Empty:
            reply = None
        if reply is None or reply is _END:
            fate = f"it did not answer within {patience} s" if reply is None else self._fate()
            self.end()
            raise PeerLostError(fate)
        assert isinstance(reply, Told)
        if reply.text or reply.error:
            pytest.fail(_BY_NAME.format(f"there it cannot be used:\n{reply.text}"), pytrace=False)
        return reply.answer

    def ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever it answers
        """Call a method of the servant and return its answer."""
        self.send(method, *arguments)
        return self.receive()

    def end(self) -> None:
        """End the process, however busy it is."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            _close(pipe)
        self._reader.join(PATIENCE)

    def _fate(self) -> str:
        return f"it ended with exit code {self._process.wait(PATIENCE)}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                self._replies.put(pickle.load(self._process.stdout))  # noqa: S301 - our own peer
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._replies.put(_END)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # what was still to be written has no reader any more


def serve(module: str, name: str) -> None:
    """Make the servant and serve what comes in on standard input, until it ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a store prints must not be taken for a reply
    made: Any = locate(f"{module}.{name}")
    servant = made()
    while True:
        try:
            method, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own test run
        except EOFError:
            os._exit(0)  # threads that hang must not keep it alive
        # Loaded here, where it may fail for want of a module.
        reply = tell(lambda: getattr(servant, method)(*pickle.loads(arguments)))  # noqa: B023, S301
        replies.write(pickle.dumps(reply))
        replies.flush()
