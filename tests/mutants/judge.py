"""The conformance kit as the judge of a mutant, in a process that ends with it."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from .mutants import Mutant
from .targets import Target

__all__ = ["Timed", "Verdict", "judge", "limit_rounds", "measure"]

#: Cases about what is not judged here: `stores` keeps handles open that a case has closed.
_LEFT_OUT = {"OPS-04e"}
#: What ends a case: an assert, an error that it expected, one that it did not, `pytest.fail`.
_NOTICED = (Exception, pytest.fail.Exception)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who noticed a mutant: a case, "breaks" before any, "hangs"; empty if nobody did."""

    noticed_by: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Timed:
    """A case as it ends with the module as it is."""

    case_id: str
    role: str
    seconds: float
    ending: str

    @property
    def failed(self) -> bool:
        """Whether it fails on its own, so that it can prove nothing."""
        return self.ending.startswith("failed")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._mutant.code(), vars(module))  # noqa: S102 - that is what a loader does


def judge(mutant: Mutant, target: Target, cases: Sequence[str], place: str) -> Verdict:
    """Return the first of the cases that notices the mutant. Never in the parent's process."""
    sys.meta_path.insert(0, _Finder(mutant))
    _forget(target.anew)
    try:
        importlib.import_module(mutant.module)
        run_case = _runner(target, place)
    except Exception as error:  # noqa: BLE001 - whatever a mutant raises
        return Verdict("breaks", repr(error))
    for case_id in cases:
        try:
            run_case(case_id)
        except pytest.skip.Exception:
            continue
        except _NOTICED as noticed:
            return Verdict(case_id, f"{type(noticed).__name__}: {noticed}".partition("\n")[0][:200])
    return Verdict()


def measure(target: Target, place: str) -> list[Timed]:
    """Run every case with the modules as they are, and tell how and how fast each ended."""
    from oauthstore_core.testing.cases import all_cases  # noqa: PLC0415 - what is mutated

    run_case = _runner(target, place)
    timed: list[Timed] = []
    for case in (each for each in all_cases() if each.id not in _LEFT_OUT):
        start = time.perf_counter()
        ending = "passed"
        try:
            run_case(case.id)
        except pytest.skip.Exception as skipped:
            ending = f"skipped: {skipped}"
        except _NOTICED as failure:
            ending = f"failed: {failure!r}"
        role = getattr(case.contract, "role", "")
        timed.append(Timed(case.id, role, time.perf_counter() - start, ending))
    return timed


def _runner(target: Target, place: str) -> Callable[[str], None]:
    # Imported anew, for it holds on to modules of the core that may be.
    sys.modules.pop(f"{__package__}.stores", None)
    stores_of = importlib.import_module(f"{__package__}.stores").stores_of
    run_case = importlib.import_module("oauthstore_core.testing.runner").run_case
    if target.store == "memory":
        # No I/O lets others run in the midst of its verbs: a lock that lacks would not show.
        os.environ["OAUTHSTORE_TEST_YIELD"] = "1"
    empty_store = stores_of(target.store, place)

    def run(case_id: str) -> None:
        with empty_store() as store:
            run_case(case_id, store.address, store.dump)

    return run


def _forget(package: str) -> None:
    for name in list(sys.modules):
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]


def limit_rounds(rounds: int, generations: int) -> None:
    """Let races and the long family of the kit be run that often in this process."""
    os.environ["OAUTHSTORE_TEST_ROUNDS"] = str(rounds)
    os.environ["OAUTHSTORE_TEST_GENERATIONS"] = str(generations)
