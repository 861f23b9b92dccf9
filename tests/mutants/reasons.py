"""Why a mutant that nobody notices is no gap of the kit; one without a reason fails the search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .mutants import Mutant

__all__ = ["REASONS", "Reason", "reason_for", "unused"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Explains mutants by their words, not by their lines."""

    module: str
    #: The function, or the class with all its functions, or the whole module where it is empty.
    function: str
    before: str
    #: Empty: whatever it becomes.
    after: str
    why: str

    def explains(self, mutant: Mutant) -> bool:
        """Tell whether it is about this mutant."""
        return (
            mutant.module == self.module
            and f"{mutant.function}.".startswith(f"{self.function}." if self.function else "")
            and mutant.before == self.before
            and self.after in {"", mutant.after}
        )


_LOCK: Final = "with self._lock:"
_READS: Final = "One look into a dict, or into two that no verb changes apart: whole in CPython."
_ONE_STEP: Final = "Under the lock all of it is one step; the order shows to nobody."
_SURE: Final = "For the type checkers: what is asked about is always there."

_M: Final = "oauthstore_core.memory"


def _of(module: str, *reasons: tuple[str, str, str, str]) -> tuple[Reason, ...]:
    return tuple(Reason(module, *reason) for reason in reasons)


REASONS: Final[tuple[Reason, ...]] = ()


def reason_for(mutant: Mutant, reasons: Iterable[Reason] = REASONS) -> Reason | None:
    """Return the first reason that explains the mutant, if there is one."""
    return next((reason for reason in reasons if reason.explains(mutant)), None)


def unused(reasons: Iterable[Reason], mutants: Iterable[Mutant]) -> list[Reason]:
    """Return the reasons that explain none of the mutants."""
    mutants = list(mutants)
    return [reason for reason in reasons if not any(map(reason.explains, mutants))]
