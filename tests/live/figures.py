"""Counting what was answered and how fast, and telling it at the end of the run."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from .wire import Answer

__all__ = ["Report", "Tally", "percentiles", "pytest_terminal_summary", "report"]

Report = Callable[[str], None]
_LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Return what takes a line for the end of the run."""
    return pytestconfig.stash.setdefault(_LINES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the lines; once, however many folders import this."""
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("measured over HTTP")
        for line in lines:
            terminalreporter.write_line(line)
        lines.clear()


def percentiles(seconds: Sequence[float]) -> str:
    """Return median and 99th percentile."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


class Tally:
    """Outcomes and times of the rounds of one race."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rounds = 0
        self.outcomes: Counter[str] = Counter()
        self._seconds: list[float] = []

    def add(self, answers: Sequence[Answer]) -> None:
        """Count a round. A 5xx is a failure of the server, whatever the race."""
        self.rounds += 1
        self.outcomes.update(answer.outcome for answer in answers)
        self._seconds += [answer.seconds for answer in answers]
        broken = [answer.outcome for answer in answers if answer.status >= 500]
        assert not broken, f"{self.name}, round {self.rounds}: {broken}"

    def line(self, remark: str = "") -> str:
        """Return the figures as one line."""
        counted = ", ".join(f"{n} x {outcome}" for outcome, n in self.outcomes.most_common())
        total = sum(self.outcomes.values())
        told = f"{self.name}: {self.rounds} rounds, {total} requests: {counted}; "
        return told + percentiles(self._seconds) + (f"; {remark}" if remark else "")
