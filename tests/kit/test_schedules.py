"""Interleavings: every I/O is a place to be held at, and a call that waits is let go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.memory import MemoryBackend, plugin
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.kit import Handle, Kit
from oauthstore_core.testing.schedules import Schedule, interleave

#: What the calls of a test do, in their order.
LOG: list[str] = []
LOCK = threading.Lock()


class Steps(MemoryBackend):
    """A store that does nothing but call `on_io`."""

    capabilities = Capabilities(shared=True)

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        super().__init__(url)
        self.on_io: Callable[[str], None] = options.get("on_io", lambda _: None)

    def step(self, name: str) -> None:
        self.on_io("before")
        LOG.append(name)
        self.on_io("after")


STEPS = BackendPlugin("steps", plugin.roles, Steps.capabilities, open=Steps)


def step(handle: Handle, name: str) -> None:
    assert isinstance(handle.backend, Steps)
    handle.backend.step(name)


@pytest.fixture
def kit() -> Iterator[Kit]:
    LOG.clear()
    opened = Kit(StoreAddress(STEPS, "steps://", on_io=True))
    yield opened
    opened.close()


def first(handle: Handle) -> None:
    step(handle, "1")
    step(handle, "2")


def second(handle: Handle) -> None:
    step(handle, "b")


def locked(handle: Handle) -> None:
    with LOCK:
        first(handle)


def waiting(handle: Handle) -> None:
    with LOCK:
        second(handle)


def orders(kit: Kit, *calls: Callable[[Handle], None]) -> list[str]:
    found = []

    def check(*_: object) -> None:
        found.append("".join(LOG))
        LOG.clear()

    interleave(kit, lambda: Schedule(*calls, check))
    return found


def test_the_first_is_held_before_each_io_and_at_last_goes_through(kit: Kit) -> None:
    assert orders(kit, first, second) == ["b12", "1b2", "12b"]


def test_a_second_that_waits_for_the_first_is_no_failure(kit: Kit) -> None:
    assert orders(kit, locked, waiting) == ["12b", "12b", "12b"]


def test_a_store_that_does_not_call_the_seam_is_told(kit: Kit) -> None:
    with pytest.raises(pytest.fail.Exception, match="`on_io` was not called"):
        orders(kit, lambda _: None, second)


def test_an_error_of_either_is_raised(kit: Kit) -> None:
    def fail(_: Handle) -> None:
        raise OSError("a driver's error")

    for calls in ((fail, second), (first, fail)):
        with pytest.raises(pytest.fail.Exception, match="no StoreError"):
            orders(kit, *calls)
