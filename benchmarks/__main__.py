"""``python -m benchmarks``: load both sides in turn, and print how they compare."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from .comparison import Comparison, conditions
from .load import FLOWS, Flow, Measured, flows_of, measure
from .servers import SERVERS, Server, serving
from .setting import Setting

SIDES = ("handwritten", "ours_flask", "ours_with_hooks")
#: A view of the application's own is Flask's to call, on any side.
SAME_AS_BEFORE = ("ours_with_hooks", "bearer")
LEVELS = ("FULL", "NORMAL")


def main() -> None:
    """Measure what the arguments choose: all of it, where they choose nothing."""
    chosen = _arguments()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("wrk") is None:  # noqa: PLR2004 - one loads, one serves
        sys.exit(
            "The benchmarks need wrk on the path and two cores, one for the server and one for "
            f"the load; there are {len(cores)}, and wrk is {shutil.which('wrk') or 'missing'}. "
            "Debian: apt install wrk."
        )
    comparisons = [
        _compare(server, level, chosen, cores[0], cores[1])
        for server in chosen.server
        for level in chosen.synchronous
    ]
    if chosen.json is not None:
        report = {**conditions(chosen.rounds, chosen.seconds), "runs": [*map(vars, comparisons)]}
        chosen.json.write_text(json.dumps(report, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--server", nargs="+", choices=SERVERS, default=[*SERVERS])
    parser.add_argument("--synchronous", nargs="+", choices=LEVELS, default=[*LEVELS])
    parser.add_argument("--flow", nargs="+", choices=FLOWS, default=[*FLOWS])
    parser.add_argument("--rounds", type=int, default=5, help="alternating ones (5)")
    parser.add_argument("--seconds", type=int, default=4, help="for each load (4)")
    parser.add_argument("--json", type=Path, help="write the figures of every round there")
    return parser.parse_args()


def _compare(
    server: str, level: str, chosen: argparse.Namespace, core: int, other: int
) -> Comparison:
    comparison = Comparison(server, level)
    for number in range(chosen.rounds):
        # Who is first changes, so that a machine that slows down favours nobody.
        for side in SIDES if number % 2 == 0 else SIDES[::-1]:
            with tempfile.TemporaryDirectory(prefix="oauthstore-benchmark-") as folder:
                setting = Setting(Path(folder, "oauth.db"), level)
                with serving(server, side, setting, core) as running:
                    for name, flow in flows_of(running.address).items():
                        if name in chosen.flow and (side, name) != SAME_AS_BEFORE:
                            comparison.add(name, side, *_load(running, flow, other, chosen))
    print(comparison, flush=True)  # noqa: T201 - it is what was asked for
    return comparison


def _load(
    running: Server, flow: Flow, core: int, chosen: argparse.Namespace
) -> tuple[Measured, float]:
    """Return what one load found, and the microseconds that the server computed for a request."""
    measure(running.address, flow, core, 1)  # what is made once is made
    before = running.cpu_seconds()
    found = measure(running.address, flow, core, chosen.seconds)
    return found, (running.cpu_seconds() - before) / found.requests * 1e6


if __name__ == "__main__":
    main()
