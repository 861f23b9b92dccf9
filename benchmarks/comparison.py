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

#: Of one flow: side to rounds to figures.
_Sides = Mapping[str, Sequence[Mapping[str, float]]]
_DISTRIBUTIONS = (
    "authlib",
    "django",
    "django-oauth-toolkit",
    "flask",
    "flask-sqlalchemy",
    "granian",
    "gunicorn",
    "hypercorn",
    "sqlalchemy",
    "uvicorn",
)


class Comparison:
    """What was measured in one set of sides."""

    def __init__(self, title: str, reference: str) -> None:
        """Hold all sides against the one that is called `reference`."""
        self.title = title
        self.reference = reference
        #: Flow to side to rounds.
        self.flows: dict[str, dict[str, list[Mapping[str, float]]]] = {}

    def add(self, flow: str, side: str, measured: Measured, cpu_us: float) -> None:
        """Take one round's figures, and the microseconds that a request cost the server."""
        figures = {**asdict(measured), "cpu_us": cpu_us}
        self.flows.setdefault(flow, {}).setdefault(side, []).append(figures)

    def __str__(self) -> str:
        rows = [
            self._row(flow, sides, side) for flow, sides in self.flows.items() for side in sides
        ]
        return "\n".join(
            [
                f"{self.title}",
                "",
                "| flow | side | 1/s | ratio | CPU, us | ratio | p50, ms | p99, ms |",
                "|---|---|---|---|---|---|---|---|",
                *rows,
                "",
            ]
        )

    def _row(self, flow: str, sides: _Sides, side: str) -> str:
        rates, cpu, middles, tails = (
            [one[name] for one in sides[side]]
            for name in ("per_second", "cpu_us", "p50_ms", "p99_ms")
        )
        reference = sides[self.reference]
        cells = [
            flow,
            side,
            _spread(rates),
            _ratio([one["per_second"] for one in reference], rates),
            f"{median(cpu):,.0f}",
            _ratio(cpu, [one["cpu_us"] for one in reference]),
            f"{median(middles):.1f}",
            f"{median(tails):.1f}",
        ]
        return f"| {' | '.join(cells)} |"


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
