"""The search for mutants that nobody notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from .judge import Timed, Verdict, judge, limit_rounds, measure
from .mutants import Mutant
from .processes import Call, Died, Overdue, run_all
from .reasons import reason_for
from .targets import Target

__all__ = ["FULL", "QUICK", "Effort", "Search"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a mutant has to stand."""

    #: How often a race is run.
    rounds: int
    #: How often the long family is rotated.
    generations: int
    #: Cases that take longer are left out where a reason says that none notices; in seconds.
    longest: float


#: For all mutants, and for those that are expected to survive.
QUICK: Final = Effort(2, 40, 0.15)
#: For those that survive it and should not: every case, in as many rounds as every day.
FULL: Final = Effort(20, 200, float("inf"))

#: What a judgement may take on a slow machine besides ten times what the cases took.
_PATIENCE: Final = 30.0


class Search:
    """The mutants of some targets, judged by the cases that are quickest to notice."""

    def __init__(self, targets: Sequence[Target], places: Mapping[str, Sequence[str]]) -> None:
        """Take as many places for each store as mutants are to be judged at a time."""
        self._free = {store: list(of_store) for store, of_store in places.items()}
        self._jobs = min(map(len, places.values()))
        self.found = [(mutant, target) for target in targets for mutant in target.mutants()]
        self._timed: dict[str, list[Timed]] = {}
        #: Which cases noticed the mutants of a function, the latest first.
        self._known: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def measure(self) -> list[str]:
        """Run the cases on what is not mutated; return what fails, which would prove nothing."""
        limit_rounds(QUICK.rounds, QUICK.generations)
        targets = {target.store: target for _, target in self.found}
        calls = [
            Call(partial(measure, target, self._free[store][0]), store, 600)
            for store, target in targets.items()
        ]
        problems: list[str] = []
        for call, timed in run_all(iter(calls), 1):
            if isinstance(timed, Died | Overdue):
                problems.append(f"{call.name}: {timed}")
                continue
            self._timed[str(call.name)] = timed
            problems += [
                f"{call.name} {each.case_id} {each.ending}" for each in timed if each.failed
            ]
        return problems

    def run(self, effort: Effort, chosen: Sequence[Mutant]) -> Iterator[tuple[Mutant, Verdict]]:
        """Judge the chosen mutants; yields each with its verdict as it comes."""
        limit_rounds(effort.rounds, effort.generations)
        wanted = set(map(id, chosen))
        work = ((m, t) for m, t in self.found if id(m) in wanted)
        calls = (self._call(mutant, target, effort) for mutant, target in work)
        for call, answer in run_all(calls, self._jobs):
            mutant, target, place = call.name
            self._free[target.store].append(place)
            verdict = _verdict(answer)
            self._learn(mutant, verdict.noticed_by)
            yield mutant, verdict

    def _call(self, mutant: Mutant, target: Target, effort: Effort) -> Call[Verdict]:
        cases = self._in_order(mutant, target, effort)
        place = self._free[target.store].pop()
        patience = _PATIENCE + 10 * sum(each.seconds for each in self._timed[target.store])
        work = partial(judge, mutant, target, cases, place)
        return Call(work, (mutant, target, place), patience)

    def _in_order(self, mutant: Mutant, target: Target, effort: Effort) -> list[str]:
        """Return the cases: those that know the function, those of the role, the rest."""
        longest = effort.longest if reason_for(mutant) else float("inf")
        known = self._known[mutant.module, mutant.function]
        timed = [
            each
            for each in self._timed[target.store]
            if each.ending == "passed" and each.case_id not in known
        ]
        timed.sort(key=lambda each: (each.role != target.role, each.seconds))
        return [*known, *(each.case_id for each in timed if each.seconds <= longest)]

    def _learn(self, mutant: Mutant, case_id: str) -> None:
        if "-" in case_id:
            known = self._known[mutant.module, mutant.function]
            known[:] = [case_id, *(other for other in known if other != case_id)]


def _verdict(answer: Verdict | Died | Overdue) -> Verdict:
    if isinstance(answer, Overdue):
        return Verdict("hangs")
    if isinstance(answer, Died):
        return Verdict("breaks", f"the process ended with {answer.code}")
    return answer
