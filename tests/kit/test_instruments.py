"""The kit's clock, races and raw probe."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import pytest

from oauthstore_core.clock import Clock
from oauthstore_core.errors import ConflictError, DuplicateError
from oauthstore_core.testing.clock import FakeClock
from oauthstore_core.testing.probe import dump_objects, find
from oauthstore_core.testing.races import RACERS, race, race_amid

VALUE = "tok/en+" + "Ab3-_" * 7


def test_a_fake_clock_goes_only_when_told() -> None:
    clock: Clock = FakeClock(100)
    clock.wait_until(90)
    assert clock.now() == 100

    clock.wait_until(130)
    assert clock.now() == 130


def test_threads_advance_a_fake_clock_together() -> None:
    clock = FakeClock(0)
    race([partial(clock.advance, 1) for _ in range(RACERS)])

    assert clock.now() == RACERS
    assert clock.advance(-RACERS) == 0


def test_racers_start_together() -> None:
    together = threading.Barrier(RACERS, timeout=5)

    assert sorted(map(str, race([together.wait] * RACERS))) == sorted(map(str, range(RACERS)))


def test_a_tolerated_error_is_an_answer_and_any_other_is_raised() -> None:
    def refuse() -> None:
        raise DuplicateError

    answers = race([refuse, lambda: 1], (DuplicateError,))
    assert isinstance(answers[0], DuplicateError)
    assert answers[1] == 1
    with pytest.raises(DuplicateError):
        race([refuse, lambda: 1], (ConflictError,))


def test_an_intruder_comes_after_the_first_has_begun() -> None:
    begun: list[int] = []

    assert race_amid(lambda: len(begun) > 0, [partial(begun.append, 1)])[0] is True


@pytest.mark.parametrize(
    "stored",
    [
        VALUE.encode(),
        VALUE.encode("utf-16-le"),
        VALUE.encode().hex().encode(),
        VALUE.encode().hex().upper().encode(),
        quote(VALUE, safe="").encode(),
        base64.b32encode(VALUE.encode()),
        *(base64.b64encode(b"x" * lead + VALUE.encode() + b"tail") for lead in range(4)),
        *(base64.urlsafe_b64encode(b"x" * lead + VALUE.encode()) for lead in range(4)),
    ],
)
def test_a_value_is_found_in_whatever_form(stored: bytes) -> None:
    assert find(VALUE, b"before " + stored + b" after")
    assert not find(VALUE[:20] + "?" + VALUE[21:], b"before " + stored + b" after")


@dataclass(slots=True)
class Slotted:
    inner: object


def test_a_dump_reaches_every_object() -> None:
    class Holder:
        def __init__(self) -> None:
            self.parts = {"key-1": [("in a tuple", {b"in a set"})]}
            self.slotted = Slotted(bytearray(b"in a slot"))
            self.itself = self

        def method(self) -> None: ...

    dump = dump_objects(Holder().method)

    for text in (b"key-1", b"in a tuple", b"in a set", b"in a slot"):
        assert text in dump
