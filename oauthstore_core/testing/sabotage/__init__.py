"""Broken backends: the kit must tell each of them from a good one, by the case that it names.

Each is the memory backend, or memory kept in a file, with one mistake that was
made somewhere, and has `caught_by`, the id of the case that fails on it. They
are the kit's own test, and show what a case is there for. Where a mistake
needs a race, the broken store itself lets the others go first, so that it is
made every time.
"""

from __future__ import annotations

from .broken import SabotagedBackend
from .credentials import CREDENTIAL_SABOTAGE
from .families import FAMILY_SABOTAGE
from .files import FileBackend
from .grants import GRANT_SABOTAGE
from .interruptions import INTERRUPTION_SABOTAGE
from .operations import OPERATION_SABOTAGE
from .registers import REGISTER_SABOTAGE

__all__ = ["SABOTAGE", "FileBackend", "SabotagedBackend"]

#: All of them.
SABOTAGE: tuple[type[SabotagedBackend | FileBackend], ...] = (
    *CREDENTIAL_SABOTAGE,
    *FAMILY_SABOTAGE,
    *GRANT_SABOTAGE,
    *REGISTER_SABOTAGE,
    *OPERATION_SABOTAGE,
    *INTERRUPTION_SABOTAGE,
)
