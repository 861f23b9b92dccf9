"""Why a mutant that nobody notices is no gap of the kit; one without a reason fails the search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .mutants import Mutant
from .reason import Reason
from .reasons_memory import OF_MEMORY
from .reasons_servers import OF_MYSQL, OF_POSTGRESQL
from .reasons_sqlite import OF_SQLITE

__all__ = ["REASONS", "reason_for", "unused"]

REASONS: Final[tuple[Reason, ...]] = (*OF_MEMORY, *OF_SQLITE, *OF_POSTGRESQL, *OF_MYSQL)


def reason_for(mutant: Mutant, reasons: Iterable[Reason] = REASONS) -> Reason | None:
    """Return the first reason that explains the mutant, if there is one."""
    return next((reason for reason in reasons if reason.explains(mutant)), None)


def unused(reasons: Iterable[Reason], mutants: Iterable[Mutant]) -> list[Reason]:
    """Return the reasons that explain none of the mutants, and should."""
    mutants = list(mutants)
    due = (reason for reason in reasons if not reason.now_and_then)
    return [reason for reason in due if not any(map(reason.explains, mutants))]
