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

_DISTRIBUTIONS = ("authlib", "flask", "flask-sqlalchemy", "sqlalchemy", "gunicorn", "granian")


class Comparison:
    """What was measured under one server, at one level of `synchronous`."""

    def __init__(self, server: str, synchronous: str) -> None:
        self.server = server
        self.synchronous = synchronous
        #: Flow to side to rounds.
        self.flows: dict[str, dict[str, list[Mapping[str, float]]]] = {}

    def add(self, flow: str, side: str, measured: Measured) -> None:
        """Take one round's figures."""
        self.flows.setdefault(flow, {}).setdefault(side, []).append(asdict(measured))

    def __str__(self) -> str:
        rows = [self._row(flow, sides) for flow, sides in self.flows.items()]
        return "\n".join(
            [
                f"{self.server}, synchronous={self.synchronous}",
                "| flow | by hand/s | ours/s | ratio | p99 by hand, ms | p99 ours, ms |",
                "|---|---|---|---|---|---|",
                *rows,
                "",
            ]
        )

    def _row(self, flow: str, sides: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
        theirs, ours = (
            _column(sides[side], "per_second") for side in ("handwritten", "ours_flask")
        )
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        tails = [_column(sides[side], "p99_ms") for side in ("handwritten", "ours_flask")]
        cells = [
            flow,
            *(
                f"{median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"
                for rates in (theirs, ours)
            ),
            f"**{median(ratios):.2f}** ({min(ratios):.2f}-{max(ratios):.2f})",
            *(f"{median(tail):.1f}" for tail in tails),
        ]
        return f"| {' | '.join(cells)} |"


def _column(rounds: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [measured[name] for measured in rounds]


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
