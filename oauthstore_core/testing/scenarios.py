"""Every call that writes, with what is there before it and what once it is done.

For a call that is cut off: whatever happened, it is done or it is not, and it
can be made once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import StoreError, StoreUnavailableError
from ..records import Grant, Purged, Token
from . import deeds
from .deeds import Call
from .flows import alive
from .kit import Handle, Kit
from .peers import attempt
from .samples import DAY

__all__ = [
    "KILLED",
    "Builder",
    "Look",
    "Scenario",
    "Verdict",
    "assert_done",
    "assert_purgeable",
    "assert_repeatable",
    "assert_revocable",
    "assert_whole",
    "equal",
    "is_a",
    "is_false",
    "is_true",
    "outcome",
    "raises",
    "see_nothing",
]

Verdict = Callable[[object], bool]
Look = Callable[[Handle], object]

#: Stands for the answer of a call whose process was killed.
KILLED = object()
#: A case leaves less than so many purges remove.
_MOST_PURGES = 100


def see_nothing(_: Handle) -> object:
    """Look where nothing can be seen: no verb shows it."""
    return None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A call that is to be cut off."""

    call: Call
    #: What can be seen of its effect, and what that is before it and when it is done.
    look: Look
    before: object
    done: object
    #: Judge the answer of the first call, and of the same call once it is done.
    right: Verdict
    again: Verdict
    #: Whether it may be done in part, to be completed by the next call.
    in_parts: bool = False
    #: Whether the next call leaves all as it is.
    settled: bool = True
    #: What of it is still stored: nothing, once all that ends has ended and was purged.
    left: Look = see_nothing
    #: What was issued under which grant.
    given: Grant | None = None
    issued: Sequence[Token] = ()

    def __str__(self) -> str:
        return self.call.verb


Builder = Callable[[Kit], Scenario]


def assert_whole(handle: Handle, scenario: Scenario, answer: object, where: str) -> None:
    """Check that the call is done or not, as it was answered, and that what lives is indexed."""
    if _is_unknown(answer):
        seen = scenario.look(handle)
        whole = seen in (scenario.before, scenario.done)
        assert whole or scenario.in_parts, f"half done, cut off {where}: {seen}"
    else:
        assert scenario.right(answer), f"a wrong answer, cut off {where}: {answer!r}"
        assert_done(handle, scenario, where)
    if scenario.given is not None and alive(handle, scenario.given, scenario.issued, 0):
        given, store = scenario.given, handle.tokens
        for client_id, subject in ((given.client_id, None), (None, given.subject)):
            page = store.list_grants(client_id, subject, None, 9)
            listed = [each.grant_id for each in page.items]
            assert given.grant_id in listed, f"alive, but in no index, cut off {where}"


def assert_done(handle: Handle, scenario: Scenario, where: str) -> None:
    """Check that what was answered is done."""
    assert scenario.look(handle) == scenario.done, f"answered, but not done, cut off {where}"


def assert_repeatable(handle: Handle, scenario: Scenario, answer: object, where: str) -> None:
    """Make the call once more: it is told what became of the first, and then it is done."""
    seen = scenario.look(handle)
    second = attempt(lambda: scenario.call(handle))
    told = f"cut off {where}, then repeated: {second!r}"
    if not _is_unknown(answer):
        assert scenario.again(second), told
    elif scenario.before == scenario.done or scenario.in_parts:
        assert scenario.right(second) or scenario.again(second), told
    else:
        assert (scenario.again if seen == scenario.done else scenario.right)(second), told
    if scenario.settled:
        assert scenario.look(handle) == scenario.done, told


def assert_revocable(handle: Handle, scenario: Scenario, now: int, where: str) -> None:
    """Check that a sweep finds and kills whatever of the grant lives."""
    if scenario.given is not None:
        handle.tokens.revoke_all(scenario.given.client_id, None, now, now + DAY)
        living = alive(handle, scenario.given, scenario.issued, now)
        assert living == [], f"cut off {where}, no sweep revokes it"


def assert_purgeable(handle: Handle, scenario: Scenario, now: int, where: str) -> None:
    """Purge long after every end: nothing has lost the entry by which a purge finds it."""
    if handle.backend.capabilities.native_ttl:
        return
    purge = deeds.purge(scenario.call.role, now + 1000 * DAY)
    for _ in range(_MOST_PURGES):
        purged = purge(handle)
        if isinstance(purged, Purged) and not purged.more:
            break
    left = scenario.left(handle)
    assert not left, f"cut off {where}, no purge removes it: {left}"


def _is_unknown(answer: object) -> bool:
    return answer is KILLED or isinstance(answer, StoreUnavailableError)


def equal(value: object) -> Verdict:
    """Accept just this answer."""
    return lambda answer: answer == value and type(answer) is type(value)


def outcome(value: object) -> Verdict:
    """Accept an answer of this outcome."""
    return lambda answer: getattr(answer, "outcome", None) is value


def is_a(kind: type[object]) -> Verdict:
    """Accept any answer of this type."""
    return lambda answer: isinstance(answer, kind)


def raises(kind: type[StoreError]) -> Verdict:
    """Accept an error of this type."""
    return lambda answer: type(answer) is not StoreError and isinstance(answer, kind)


def is_true(answer: object) -> bool:
    """Accept True itself."""
    return answer is True


def is_false(answer: object) -> bool:
    """Accept False itself."""
    return answer is False
