"""``python -m benchmarks``: load all sides of a set in turn, and print how they compare.

``layers`` and ``picture`` as the first argument do what the modules of these names tell.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import layers, picture
from .comparison import Comparison, conditions
from .load import FLOWS, Flow, Measured, flow_of, measure
from .servers import OIDC_PROVIDER, Server, serving
from .sets import SETS, Set, sets_of
from .setting import Setting
from .signed import SignedFlow

#: A view of the application's own is Flask's to call, on any side.
SAME_AS_BEFORE = ("ours, with hooks", "bearer")


def main() -> None:
    """Measure what the arguments choose: all of it, where they choose nothing."""
    if sys.argv[1:2] == ["layers"]:
        layers.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["picture"]:
        picture.main()
        return
    chosen = _arguments()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("wrk") is None:  # noqa: PLR2004 - one loads, one serves
        sys.exit(
            "The benchmarks need wrk on the path and two cores, one for the server and one for "
            f"the load; there are {len(cores)}, and wrk is {shutil.which('wrk') or 'missing'}. "
            "Debian: apt install wrk."
        )
    if "memory" in chosen.sets and not (OIDC_PROVIDER / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=OIDC_PROVIDER, check=True)
    comparisons = [
        _compare(one, chosen, cores[0], cores[1]) for one in sets_of(chosen.sets, chosen.only)
    ]
    if chosen.json is not None:
        report = {**conditions(chosen.rounds, chosen.seconds), "runs": [*map(vars, comparisons)]}
        chosen.json.write_text(json.dumps(report, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--only", default="", help="sets in whose title this stands")
    parser.add_argument("--flow", nargs="+", choices=FLOWS, default=[*FLOWS])
    parser.add_argument("--rounds", type=int, default=5, help="alternating ones (5)")
    parser.add_argument("--seconds", type=int, default=4, help="for each load (4)")
    parser.add_argument("--json", type=Path, help="write the figures of every round there")
    return parser.parse_args()


def _compare(one: Set, chosen: argparse.Namespace, core: int, other: int) -> Comparison:
    comparison = Comparison(one.title, one.sides[0].name)
    flows = [name for name in one.flows if name in chosen.flow]
    for number in range(chosen.rounds):
        # Who is first changes, so that a machine that slows down favours nobody.
        for side in one.sides if number % 2 == 0 else one.sides[::-1]:
            with tempfile.TemporaryDirectory(prefix="oauthstore-benchmark-") as folder:
                setting = Setting(Path(folder, "oauth.db"), one.synchronous)
                with serving(side, setting, core) as running:
                    for name in flows:
                        if (side.name, name) != SAME_AS_BEFORE:
                            # Anew for each: a store in memory may forget the oldest tokens.
                            flow = flow_of(running.address, name)
                            comparison.add(name, side.name, *_load(running, flow, other, chosen))
    print(comparison, flush=True)  # noqa: T201 - it is what was asked for
    return comparison


def _load(
    running: Server, flow: Flow | SignedFlow, core: int, chosen: argparse.Namespace
) -> tuple[Measured, float]:
    """Return what one load found, and the microseconds that the server computed for a request."""
    measure(running.address, flow, core, 1)  # what is made once is made
    before = running.cpu_seconds()
    found = measure(running.address, flow, core, chosen.seconds)
    return found, (running.cpu_seconds() - before) / found.requests * 1e6


if __name__ == "__main__":
    main()
