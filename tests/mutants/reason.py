"""A written reason, and which mutants it is about."""

from __future__ import annotations

from dataclasses import dataclass

from .mutants import Mutant

__all__ = ["Reason", "of", "of_races"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Explains mutants by their words, not by their lines."""

    #: On what store it holds: what one never runs, another may need.
    store: str
    module: str
    #: The function, or the class with all its functions, or the whole module where it is empty.
    function: str
    before: str
    #: Empty: whatever it becomes.
    after: str
    why: str
    #: A race that the kit meets in some runs: then it explains nothing, and stays all the same.
    now_and_then: bool = False

    def explains(self, mutant: Mutant) -> bool:
        """Tell whether it is about this mutant."""
        return (
            (mutant.store, mutant.module) == (self.store, self.module)
            and f"{mutant.function}.".startswith(f"{self.function}." if self.function else "")
            and mutant.before == self.before
            and self.after in {"", mutant.after}
        )


def of_races(store: str, module: str, *reasons: tuple[str, str, str, str]) -> tuple[Reason, ...]:
    """Return reasons as `of` does, for what is noticed in some runs."""
    return tuple(Reason(store, module, *reason, now_and_then=True) for reason in reasons)


def of(store: str, module: str, *reasons: tuple[str, str, str, str]) -> tuple[Reason, ...]:
    """Return reasons for one module on one store; each: function, before, after, why."""
    return tuple(Reason(store, module, *reason) for reason in reasons)
