"""Figures of both sides in rounds: medians, their spread, and how they compare."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from statistics import median
from typing import Any

from .load import CONNECTIONS, Measured

__all__ = ["Comparison", "conditions"]

#: The side that all others are compared with.
THEIRS = "handwritten"
#: Of one flow: side to rounds to figures.
_Sides = Mapping[str, Sequence[Mapping[str, float]]]
_DISTRIBUTIONS = ("authlib", "flask", "flask-sqlalchemy", "sqlalchemy", "gunicorn", "granian")


class Comparison:
    """What was measured under one server, at one level of `synchronous`."""

    def __init__(self, server: str, synchronous: str) -> None:
        self.server = server
        self.synchronous = synchronous
        #: Flow to side to rounds.
        self.flows: dict[str, dict[str, list[Mapping[str, float]]]] = {}

    def add(self, flow: str, side: str, measured: Measured, cpu_us: float) -> None:
        """Take one round's figures, and the microseconds that a request cost the server."""
        figures = {**asdict(measured), "cpu_us": cpu_us}
        self.flows.setdefault(flow, {}).setdefault(side, []).append(figures)

    def __str__(self) -> str:
        rows = [
            self._row(flow, sides, ours)
            for flow, sides in self.flows.items()
            for ours in sides
            if ours != THEIRS
        ]
        return "\n".join(
            [
                f"{self.server}, synchronous={self.synchronous}",
                "| flow | by hand, 1/s | ours | ratio | CPU, us | ours | ratio | p99, ms | ours |",
                "|---|---|---|---|---|---|---|---|---|",
                *rows,
                "",
            ]
        )

    def _row(self, flow: str, sides: _Sides, ours: str) -> str:
        names = ("per_second", "cpu_us", "p99_ms")
        rates, cpu, tails = (_columns(sides, ours, name) for name in names)
        cells = [
            flow if ours == "ours_flask" else f"{flow}, with hooks",
            *map(_spread, rates),
            _ratio(*rates),
            *(f"{median(column):,.0f}" for column in cpu),
            _ratio(*reversed(cpu)),
            *(f"{median(column):.1f}" for column in tails),
        ]
        return f"| {' | '.join(cells)} |"


def _columns(sides: _Sides, ours: str, name: str) -> tuple[list[float], list[float]]:
    by_hand, of_ours = ([one[name] for one in sides[side]] for side in (THEIRS, ours))
    return by_hand, of_ours


def _spread(rates: Sequence[float]) -> str:
    return f"{median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"


def _ratio(less: Sequence[float], more: Sequence[float]) -> str:
    ratios = [b / a for a, b in zip(less, more, strict=True)]
    return f"**{median(ratios):.2f}** ({min(ratios):.2f}-{max(ratios):.2f})"


def conditions(rounds: int, seconds: int) -> dict[str, Any]:
    """Return on what was measured, and how."""
    return {
        "rounds": rounds,
        "seconds": seconds,
        "connections": CONNECTIONS,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
    }
