"""The watch over the test run finds what it is there to find."""

from __future__ import annotations

import logging

import pytest

from .secrecy import Watch


@pytest.mark.parametrize("nbytes", [32, 48])
@pytest.mark.parametrize(
    "text", ["{}", "rt_AAAAAAAAAAAAAAAAAAAAAA.{}", "token={}&state=x", "_{}-x"]
)
def test_what_was_issued_is_found_in_a_log_record(nbytes: int, text: str) -> None:
    watch = Watch()
    issued = watch.draw(nbytes)
    watch.emit(logging.makeLogRecord({"msg": "got %s", "args": (text.format(issued),)}))

    assert len(watch.found_in(watch.logged)) == 1


def test_what_was_issued_is_found_in_an_exception_that_is_logged() -> None:
    watch = Watch()
    error = ValueError(watch.draw(32))
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, None)})
    watch.emit(record)

    assert len(watch.found_in(watch.logged)) == 1


def test_what_is_public_or_of_another_origin_is_not_found() -> None:
    watch = Watch()
    issued = watch.draw(32)

    assert watch.found_in([watch.draw(16), Watch().draw(32), issued[:42]]) == []
