"""The walk over a driver's exceptions, as a backend's own test uses it."""

from __future__ import annotations

import pytest

from oauthstore_core.errors import StoreError, StoreUnavailableError
from oauthstore_core.testing.driver_errors import SECRET, driver_errors, mistranslated


class DriverError(Exception): ...


class LockedError(DriverError): ...


class DeadlockError(LockedError): ...


class AsyncError(DriverError): ...


KINDS = driver_errors([DriverError], without=[AsyncError])


def good(error: BaseException) -> StoreError:
    return StoreUnavailableError(f"The store did not answer: {type(error).__name__}.")


def test_the_walk_reaches_every_class_but_those_left_out() -> None:
    assert {DeadlockError, DriverError, LockedError} == set(KINDS)
    assert driver_errors([DriverError]) == sorted(
        [*KINDS, AsyncError], key=lambda k: k.__qualname__
    )


def test_a_good_backend_has_nothing_to_mend() -> None:
    assert mistranslated(KINDS, good) == []


def test_an_exception_that_leaves_is_named() -> None:
    def overlooks(error: BaseException) -> BaseException:
        return error if type(error) is DeadlockError else good(error)

    (problem,) = mistranslated(KINDS, overlooks, make=lambda kind: kind("quiet"))
    assert "DeadlockError leaves as DeadlockError" in problem


def test_an_exception_that_is_raised_counts_like_one_that_is_returned() -> None:
    def raises(error: BaseException) -> BaseException:
        raise good(error)

    assert mistranslated(KINDS, raises) == []


@pytest.mark.parametrize("where", ["message", "cause", "attribute"])
def test_a_bound_value_that_is_shown_is_found(where: str) -> None:
    def talks(error: BaseException) -> BaseException:
        shown = good(error)
        if where == "message":
            return StoreError(f"failed: {error}")
        if where == "cause":
            shown.__cause__ = error
        else:
            vars(shown)["original"] = SECRET
        return shown

    problems = mistranslated(KINDS, talks)
    assert len(problems) == len(KINDS)
    assert all("shows a value" in problem for problem in problems)
