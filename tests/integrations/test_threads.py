"""Worker threads of an event loop."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from oauthstore_core.integrations.threads import Threads

colour: ContextVar[str] = ContextVar("colour", default="none")


def test_work_is_done_in_a_thread_in_the_callers_context() -> None:
    async def ask() -> tuple[str, str]:
        colour.set("red")
        return await threads.run(lambda: (threading.current_thread().name, colour.get()))

    threads = Threads(2, "worker")
    assert asyncio.run(ask()) == ("worker_0", "red")
    threads.close()


def test_what_work_raises_its_caller_gets() -> None:
    def fail() -> None:
        raise LookupError("so")

    threads = Threads(1, "worker")
    with pytest.raises(LookupError, match="so"):
        asyncio.run(threads.run(fail))
    threads.close()


def test_a_stop_of_an_iteration_is_told_and_keeps_no_other_answer_back() -> None:
    async def ask() -> list[object]:
        calls = [threads.run(lambda: next(iter(()))), *(threads.run(lambda: 1) for _ in range(9))]
        return await asyncio.gather(*calls, return_exceptions=True)

    threads = Threads(2, "worker")
    stopped, *others = asyncio.run(ask())
    assert isinstance(stopped, RuntimeError)
    assert isinstance(stopped.__cause__, StopIteration)
    assert others == [1] * 9
    threads.close()


def test_as_many_calls_as_there_are_threads_run_at_once_and_the_others_after_them() -> None:
    meeting = threading.Barrier(3)

    def meet() -> str:
        meeting.wait(timeout=30)
        return threading.current_thread().name

    async def ask() -> list[str]:
        return await asyncio.gather(*(threads.run(meet) for _ in range(9)))

    threads = Threads(3, "worker")
    assert set(asyncio.run(ask())) == {"worker_0", "worker_1", "worker_2"}
    threads.close()


def test_a_call_that_is_cancelled_in_the_queue_is_not_made() -> None:
    made: list[str] = []
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert released.wait(timeout=30)

    async def ask() -> None:
        first = asyncio.create_task(threads.run(hold))
        assert await asyncio.to_thread(held.wait, 30)
        second = asyncio.create_task(threads.run(lambda: made.append("second")))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        released.set()
        await first
        await threads.run(lambda: made.append("third"))

    threads = Threads(1, "worker")
    asyncio.run(ask())
    assert made == ["third"]
    threads.close()


def test_a_caller_that_gives_up_leaves_the_answers_of_others() -> None:
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert released.wait(timeout=30)

    async def ask() -> list[int]:
        first = asyncio.create_task(threads.run(hold))
        assert await asyncio.to_thread(held.wait, 30)
        first.cancel()
        released.set()
        return [await threads.run(lambda number=n: number) for n in range(50)]  # type: ignore[misc]

    threads = Threads(2, "worker")
    assert asyncio.run(ask()) == list(range(50))
    threads.close()


def test_closing_waits_for_what_was_begun_and_then_takes_no_more() -> None:
    released, done = threading.Event(), threading.Event()

    def hold() -> None:
        assert released.wait(timeout=30)
        done.set()

    async def ask() -> None:
        call = asyncio.create_task(threads.run(hold))
        await asyncio.sleep(0)
        threading.Timer(0.05, released.set).start()
        threads.close()
        assert done.is_set()
        await call
        with pytest.raises(RuntimeError, match="closed"):
            await threads.run(lambda: None)

    threads = Threads(2, "worker")
    asyncio.run(ask())
    threads.close()


def test_threads_serve_one_event_loop_after_another() -> None:
    threads = Threads(2, "worker")
    assert [asyncio.run(threads.run(lambda: 1)) for _ in range(3)] == [1, 1, 1]
    threads.close()


def test_an_answer_for_an_event_loop_that_is_gone_disturbs_nobody() -> None:
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert released.wait(timeout=30)

    async def leave() -> None:
        asyncio.create_task(threads.run(hold))  # noqa: RUF006 - cancelled with its loop
        assert await asyncio.to_thread(held.wait, 30)

    threads = Threads(1, "worker")
    asyncio.run(leave())
    released.set()
    assert asyncio.run(threads.run(lambda: "next")) == "next"
    threads.close()
