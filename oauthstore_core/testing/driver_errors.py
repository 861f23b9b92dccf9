"""A driver's exception classes, all of them, and whether a backend lets any of them out.

Only a backend knows its driver, so this is no case of the suite but a test
that its author writes::

    def test_no_exception_of_the_driver_leaves() -> None:
        assert mistranslated([lmdb.Error], translated) == []
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from ..errors import StoreError

__all__ = ["SECRET", "driver_errors", "mistranslated"]

#: Stands in every exception that is made for what a driver quotes of a statement's values.
SECRET = "a-value-that-was-bound-to-a-statement"


def driver_errors(
    bases: Iterable[type[BaseException]], without: Container[type[BaseException]] = ()
) -> list[type[BaseException]]:
    """Return these classes and all that are derived from them by now, in a stable order.

    Import what defines them first. Nothing below a class in `without` is returned.
    """
    found: dict[type[BaseException], None] = {}
    waiting = list(bases)
    while waiting:
        kind = waiting.pop(0)
        if kind not in found and kind not in without:
            found[kind] = None
            waiting += kind.__subclasses__()
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def mistranslated(
    kinds: Iterable[type[BaseException]],
    translate: Callable[[BaseException], BaseException],
    make: Callable[[type[BaseException]], BaseException] | None = None,
) -> list[str]:
    """Return what is wrong with what the backend makes of exceptions of these classes.

    `translate` returns or raises it. `make` makes an exception, with `SECRET`
    where the driver puts values; without it each gets it as its only argument.
    Each must become a `StoreError` that shows nothing of the secret, neither
    itself nor by an exception that hangs on to it.
    """
    problems: list[str] = []
    for kind in kinds:
        error = _outcome(translate, (make or _made)(kind))
        name = f"{kind.__module__}.{kind.__qualname__}"
        if not isinstance(error, StoreError):
            problems.append(f"{name} leaves as {type(error).__name__}: map it to a StoreError")
        for shown in (error, error.__cause__, error.__context__):
            if SECRET in f"{shown} {shown!r} {getattr(shown, '__dict__', '')}":
                problems.append(f"{name} shows a value that was bound: leave its text out")
                break
    return problems


def _outcome(
    translate: Callable[[BaseException], BaseException], error: BaseException
) -> BaseException:
    try:
        return translate(error)
    except BaseException as raised:  # noqa: BLE001 - what leaves is what is asked for
        return raised


def _made(kind: type[BaseException]) -> BaseException:
    error = kind.__new__(kind)
    error.args = (SECRET,)
    return error
