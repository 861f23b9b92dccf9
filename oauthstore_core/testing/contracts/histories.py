"""Random histories of all verbs, compared with the memory model."""

from __future__ import annotations

from ..histories import histories, play
from ..kit import Kit
from .contract import Contract

__all__ = ["HistoryContract"]


class HistoryContract(Contract):
    """What no case thought of: calls in any order, through several handles in turn."""

    def test_random_histories_are_answered_as_memory_answers_them(self, kit: Kit) -> None:
        """HIS-01: every answer in random histories is that of the memory backend."""
        play(kit, histories())
