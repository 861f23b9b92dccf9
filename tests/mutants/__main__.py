# ruff: noqa: T201 - it talks to a person
"""Change the atomic verbs, one condition at a time, and see who notices.

::

    python -m tests.mutants [STORE|MODULE...] [--only TEXT] [--all]

Stores are memory, sqlite, postgresql and mysql; without any, all that there are
are searched. It ends with 1 where a mutant survives without a reason, or a
reason (in `reasons.py`) explains none that survives.

No mutation tool of others does this. mutmut leaves decorated methods alone, and
every verb has a `@hookimpl`; cosmic-ray writes each mutant into the source file
and starts a program for each; none takes single conditions out of a
``.where(a, b)``, an entry out of an upsert, or a lock off a block. These
mutants live in memory only, and each is judged by the kit in a forked process.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from backends.sqla.tests.servers import Servers

from .judge import Verdict
from .mutants import Mutant
from .reasons import REASONS, reason_for, unused
from .search import FULL, QUICK, Search
from .stores import give_back, places_of
from .targets import TARGETS, Target


def main() -> int:
    """Search, report, and return the exit code."""
    arguments = _arguments()
    chosen = set(arguments.names)
    targets = [t for t in TARGETS if not chosen or {t.store, t.module} & chosen]
    fast = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    servers = Servers()
    try:
        with tempfile.TemporaryDirectory(dir=fast if fast.is_dir() else None) as name:
            places = _places(targets, Path(name), servers, arguments.jobs)
            targets = [target for target in targets if target.store in places]
            try:
                return _search(Search(targets, places), targets, arguments)
            finally:
                give_back(places, servers)
    finally:
        servers.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", help="stores or modules")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="mutants in whose line this stands")
    parser.add_argument("--all", action="store_true", help="tell who noticed each mutant")
    return parser.parse_args()


def _places(
    targets: Sequence[Target], folder: Path, servers: Servers, jobs: int
) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for store in dict.fromkeys(target.store for target in targets):
        try:
            places[store] = places_of(store, folder, servers, jobs)
        except pytest.skip.Exception as skipped:
            print(f"left out: {store}: {skipped}")
    return places


def _search(search: Search, targets: Sequence[Target], arguments: argparse.Namespace) -> int:
    start = time.monotonic()
    if problems := search.measure():
        print("The kit fails on what is not mutated:", *problems, sep="\n  ")
        return 1
    chosen = [mutant for mutant, _ in search.found if arguments.only in str(mutant)]
    verdicts: dict[int, Verdict] = {}
    for mutant, verdict in search.run(QUICK, chosen):
        verdicts[id(mutant)] = verdict
        _tell(mutant, verdict, always=arguments.all)
    suspects = [m for m in chosen if not verdicts[id(m)].noticed_by and not reason_for(m)]
    for mutant, verdict in search.run(FULL, suspects):
        verdicts[id(mutant)] = verdict
        _tell(mutant, verdict, always=True)
    survivors = [mutant for mutant in chosen if not verdicts[id(mutant)].noticed_by]
    seconds = time.monotonic() - start
    return _report(chosen, survivors, targets, seconds, whole=not arguments.only)


def _tell(mutant: Mutant, verdict: Verdict, *, always: bool) -> None:
    if always or verdict.noticed_by in {"breaks", "hangs"}:
        words = verdict.words if verdict.noticed_by == "breaks" else ""
        print(f"{verdict.noticed_by or 'nobody':8} {mutant} {words}", flush=True)


def _report(
    chosen: Sequence[Mutant],
    survivors: Sequence[Mutant],
    targets: Sequence[Target],
    seconds: float,
    *,
    whole: bool,
) -> int:
    unexplained = [mutant for mutant in survivors if reason_for(mutant) is None]
    for mutant in unexplained:
        print(f"survived without a reason: {mutant}")
    searched = {(target.store, target.module) for target in targets}
    about = [r for r in REASONS if (r.store, r.module) in searched]
    stale = unused(about, survivors) if whole else []
    for reason in stale:
        print(f"explains no survivor: {reason}")
    noticed = len(chosen) - len(survivors)
    print(
        f"{len(chosen)} mutants in {seconds / 60:.1f} minutes: {noticed} noticed, "
        f"{len(survivors) - len(unexplained)} explained, {len(unexplained)} unexplained"
    )
    return int(bool(unexplained or stale))


if __name__ == "__main__":
    sys.exit(main())
