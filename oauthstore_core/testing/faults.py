"""I/Os that fail: an error before one, a reply lost after one, or all of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator

import pytest

from ..errors import StoreError, StoreUnavailableError
from .deeds import Call
from .kit import Handle, Kit
from .scenarios import Builder, assert_repeatable, assert_revocable, assert_whole

__all__ = [
    "Fuse",
    "assert_fails_closed",
    "assert_reads_fail_loudly",
    "assert_survives_errors",
    "counts",
    "end_this_process",
    "lose_the_connection",
]

#: No verb makes so many I/Os.
_MOST = 200


def lose_the_connection() -> None:
    """Raise what a driver raises whose connection is gone."""
    raise ConnectionResetError("the connection was cut by the conformance kit")


def end_this_process() -> None:
    """End without any last word."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


class Fuse:
    """An `on_io` that breaks at one I/O, or at every one from there on."""

    def __init__(self, blow: Callable[[], None]) -> None:
        self._blow = blow
        self._moment = ""
        self._left = 0
        self._for_good = False
        #: Whether it broke since it was armed.
        self.blown = False

    def __call__(self, moment: str) -> None:
        """Break, if this is the I/O."""
        if moment != self._moment or (self.blown and not self._for_good):
            return
        self._left -= 1
        if self._left <= 0:
            self.blown = True
            self._blow()

    def arm(self, moment: str, count: int, *, for_good: bool = False) -> None:
        """Break at the count-th I/O from now, "before" or "after" it."""
        self._moment, self._left, self._for_good, self.blown = moment, count, for_good, False

    def disarm(self) -> None:
        """Let everything pass."""
        self._moment = ""


def assert_survives_errors(kit: Kit, builders: Iterable[Builder], moment: str) -> None:
    """Let each I/O of each call fail once: unavailable or right, whole, and repeatable."""
    fuse = Fuse(lose_the_connection)
    handle = kit.open_with(fuse)
    for build in builders:
        for count in counts():
            scenario = build(kit)
            where = f"{moment} I/O {count} of {scenario}"
            answer = _made(fuse, handle, scenario.call, moment, count)
            assert_whole(kit.handle(1), scenario, answer, where)
            assert_repeatable(handle, scenario, answer, where)
            assert_revocable(handle, scenario, kit.now, where)
            if not _has_blown(fuse, count):
                break


def assert_reads_fail_loudly(kit: Kit, calls: Iterable[Call]) -> None:
    """Let each I/O of each query fail, once and for good: an error, or the right answer."""
    fuse = Fuse(lose_the_connection)
    handle = kit.open_with(fuse)
    for call in calls:
        expected = call(kit.first)
        assert expected is not None, "a query of what is there was to be cut off"
        for moment in ("before", "after"):
            for count in counts():
                for for_good in (True, False):
                    answer = _made(fuse, handle, call, moment, count, for_good=for_good)
                    told = f"{call.verb}, cut off {moment} I/O {count}: {answer!r}"
                    assert _is_unavailable(answer) or answer == expected, told
                if not _has_blown(fuse, count):
                    break


def assert_fails_closed(kit: Kit, builders: Iterable[Builder]) -> None:
    """Let every I/O of each call fail: it raises, and the handle works when they work again."""
    fuse = Fuse(lose_the_connection)
    handle = kit.open_with(fuse)
    for build in builders:
        for moment in ("before", "after"):
            scenario = build(kit)
            answer = _made(fuse, handle, scenario.call, moment, 1, for_good=True)
            where = f"{moment} every I/O of {scenario}"
            assert _has_blown(fuse, 1)
            assert _is_unavailable(answer), f"{answer!r} although nothing worked, cut off {where}"
            assert_whole(handle, scenario, answer, where)
            assert_repeatable(handle, scenario, answer, where)


def counts() -> Iterator[int]:
    """Count the I/Os of a call, up to more than any verb makes."""
    yield from range(1, _MOST)
    raise AssertionError(f"a call made more than {_MOST} I/Os")


def _made(
    fuse: Fuse, handle: Handle, call: Call, moment: str, count: int, *, for_good: bool = False
) -> object:
    fuse.arm(moment, count, for_good=for_good)
    try:
        return call(handle)
    except StoreError as error:
        return error
    except Exception as error:
        raise AssertionError(
            f"{call.verb}, cut off {moment} I/O {count}, raised {type(error).__name__}, which is "
            "no StoreError. Map what the driver raises."
        ) from error
    finally:
        fuse.disarm()


def _is_unavailable(answer: object) -> bool:
    return isinstance(answer, StoreUnavailableError)


def _has_blown(fuse: Fuse, count: int) -> bool:
    if not fuse.blown and count == 1:
        pytest.fail(
            "A call was to be cut off at its first I/O, but it made none: `on_io` was not called. "
            "Call it around every I/O, or leave out `StoreAddress.on_io`.",
            pytrace=False,
        )
    return fuse.blown
