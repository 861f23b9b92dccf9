"""What two runs of the same tests differ in, and which of it is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, parse

__all__ = ["Outcomes", "complaints", "read_outcomes", "summary"]

#: Test to passed, failed, error or skipped.
Outcomes = Mapping[str, str]


def read_outcomes(report: Path) -> Outcomes:
    """Return the outcome of each test of a JUnit report, which pytest wrote."""
    cases = parse(report).iter("testcase")  # noqa: S314 - our own pytest's
    return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: Element) -> str:
    names = {child.tag for child in case}
    return next((n for n in ("error", "failure", "skipped") if n in names), "passed")


def complaints(stock: Outcomes, ours: Outcomes, meant: Mapping[str, str]) -> Iterable[str]:
    """Yield each difference that no reason is given for, and each reason that explains none."""
    for test in sorted({*stock, *ours}):
        on_stock, on_ours = stock.get(test, "missing"), ours.get(test, "missing")
        if on_stock != on_ours and test not in meant:
            yield f"{test}: {on_stock} on Authlib, {on_ours} on ours, and no reason is given"
    for test in sorted(meant):
        if test not in stock:
            yield f"{test}: a reason is given, but there is no such test"
        elif stock[test] == ours.get(test):
            yield f"{test}: a reason is given, but it is {stock[test]} on both"


def summary(outcomes: Outcomes) -> str:
    """Return how many of each outcome there are."""
    return ", ".join(f"{n} {outcome}" for outcome, n in Counter(outcomes.values()).most_common())
