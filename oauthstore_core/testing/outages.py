"""A server that is restarted, and one that is not there: both come from the author's fixtures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

from ..errors import StoreUnavailableError
from .address import StoreAddress
from .kit import Handle, Kit
from .peers import attempt
from .races import race
from .scenarios import Builder, assert_repeatable, assert_revocable, assert_whole

__all__ = ["assert_dead_is_told", "assert_survives_a_restart"]

#: Until a handle works again after the restart returned, in attempts with a pause each.
_ATTEMPTS = 100
_PAUSE = 0.1


def assert_survives_a_restart(kit: Kit, builders: Iterable[Builder]) -> None:
    """Restart the server between two calls: handles recover, and nothing is forgotten."""
    restart = kit.find("restart_store", "what restarts the server behind the store")
    handle = kit.first
    early, late = ([build(kit) for build in builders] for _ in range(2))
    answers = [scenario.call(handle) for scenario in early]
    cast("Callable[[], object]", restart)()
    _wait_until_it_works(handle)
    if not kit.capabilities.durable:
        return
    for scenario, answer in zip(early, answers, strict=True):
        assert_whole(handle, scenario, answer, "by a restart after it")
        assert_repeatable(handle, scenario, answer, "by a restart after it")
    for scenario in late:
        assert_whole(handle, scenario, scenario.call(handle), "by a restart before it")
        assert_revocable(handle, scenario, kit.now, "by a restart before it")


def _wait_until_it_works(handle: Handle) -> None:
    answer = attempt(handle.backend.ping)
    for _ in range(_ATTEMPTS):
        if not isinstance(answer, StoreUnavailableError):
            break
        time.sleep(_PAUSE)
        answer = attempt(handle.backend.ping)
    assert answer is None, f"the store does not come back after a restart: {answer!r}"


def assert_dead_is_told(kit: Kit, builders: Iterable[Builder]) -> None:
    """Where nothing answers, opening or every call raises; none hangs, none answers."""
    dead = kit.find("dead_address", "the address of a store where nothing answers")
    assert isinstance(dead, StoreAddress)
    calls = [build(kit).call for build in builders]
    try:
        backend = dead.open()
    except StoreUnavailableError:
        return
    handle = Handle(backend, dead.descriptor().roles)
    attempts: list[Callable[[], object]] = [
        backend.ping,
        *(partial(call, handle) for call in calls),
    ]
    # A race fails where a call does not return.
    answers = race([partial(attempt, call) for call in attempts])
    backend.close()
    told = {type(answer).__name__ for answer in answers if not _is_unavailable(answer)}
    assert not told, f"nothing answers there, but it says {sorted(told)}"


def _is_unavailable(answer: object) -> bool:
    return isinstance(answer, StoreUnavailableError)
