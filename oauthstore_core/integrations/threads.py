"""Worker threads of an event loop: one queue there, one way back.

`loop.run_in_executor` makes two futures, a work item and a wake-up of the loop
for each call. Here a call is one future, and the answers that are ready
together come back by one wake-up: that takes half as long.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, NamedTuple, TypeVar

__all__ = ["Threads"]

_Result = TypeVar("_Result")
#: Ends the thread that takes it.
_END: Final = None


class _Call(NamedTuple):
    """Work, and where its result is awaited."""

    work: Callable[[], Any]
    context: contextvars.Context
    future: asyncio.Future[Any]
    way_back: _WayBack


class _WayBack:
    """Brings results to the event loop that awaits them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._announced = False

    def bring(
        self, future: asyncio.Future[Any], result: object, error: BaseException | None
    ) -> None:
        """Hand over one result, from a thread."""
        self._ready.append((future, result, error))
        # In this order: what is appended while `_announced` is set is seen by that delivery.
        if not self._announced:
            self._announced = True
            with suppress(RuntimeError):  # the loop is closed: nobody awaits it
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._announced = False
        while self._ready:
            future, result, error = self._ready.popleft()
            if future.cancelled():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


def _carry_out(call: _Call) -> None:
    try:
        result = call.context.run(call.work)
    except StopIteration as error:
        # Which no future takes, as a coroutine raises none.
        failure = RuntimeError("A call in a thread raised StopIteration.")
        failure.__cause__ = error
        call.way_back.bring(call.future, None, failure)
    except BaseException as error:  # noqa: BLE001 - the caller's to handle
        call.way_back.bring(call.future, None, error)
    else:
        call.way_back.bring(call.future, result, None)


class Threads:
    """So many threads, started when they are needed, for the calls of event loops."""

    def __init__(self, number: int, name: str) -> None:
        """Use at most `number` threads, which are called `name` and a number."""
        self._number = number
        self._name = name
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        #: Calls that are queued or at work; only a hint whether another thread is of use.
        self._busy = 0
        self._guard = threading.Lock()
        self._ways: dict[asyncio.AbstractEventLoop, _WayBack] = {}
        self._closed = False

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Return what `work` returns, in a thread, in a copy of this task's context.

        A call that is cancelled before a thread takes it is not made.
        """
        loop = asyncio.get_running_loop()
        way = self._ways.get(loop)
        if way is None:
            way = self._way_to(loop)
        if self._busy >= len(self._threads) < self._number:
            self._start()
        future: asyncio.Future[_Result] = loop.create_future()
        with self._guard:
            # Behind the ends that `close` puts there nobody would find it.
            if self._closed:
                raise RuntimeError(f"The threads {self._name!r} are closed.")
            self._queue.put(_Call(work, contextvars.copy_context(), future, way))
        self._busy += 1
        try:
            return await future
        finally:
            self._busy -= 1

    def _way_to(self, loop: asyncio.AbstractEventLoop) -> _WayBack:
        with self._guard:
            self._ways = {each: way for each, way in self._ways.items() if not each.is_closed()}
            return self._ways.setdefault(loop, _WayBack(loop))

    def _start(self) -> None:
        with self._guard:
            if len(self._threads) >= self._number or self._closed:
                return
            name = f"{self._name}_{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no more of them
                if not self._threads:
                    raise
            else:
                self._threads.append(thread)

    def _work(self) -> None:
        while (call := self._queue.get()) is not None:
            if not call.future.cancelled():
                _carry_out(call)
            # Until the next one comes nothing of it is to be kept.
            del call

    def close(self) -> None:
        """Return once the threads are through with what was queued; twice is fine."""
        with self._guard:
            self._closed = True
            threads = list(self._threads)
        for _ in threads:
            self._queue.put(_END)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()
