"""What an introspection endpoint answered, for a time that the owner chooses."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

__all__ = ["AnswerCache"]


class AnswerCache:
    """Answers by a token's digest; the oldest gives way. For any number of threads."""

    def __init__(self, seconds: int, entries: int) -> None:
        """Keep at most so many answers of either kind, each for so many seconds; 0 keeps none."""
        self._seconds = seconds
        self._entries = entries
        self._lock = threading.Lock()
        # Apart: whoever sends invented tokens must not drive out the answers to good ones.
        self._active: OrderedDict[str, tuple[int, Mapping[str, Any]]] = OrderedDict()
        self._inactive: OrderedDict[str, tuple[int, Mapping[str, Any]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._active) + len(self._inactive)

    def query(self, digest: str, now: int) -> Mapping[str, Any] | None:
        """Return the answer to a token that was asked about less than so many seconds ago."""
        with self._lock:
            kept = self._active.get(digest) or self._inactive.get(digest)
        if kept is None or now >= kept[0]:
            return None
        return kept[1]

    def save(self, digest: str, answer: Mapping[str, Any], asked_at: int) -> None:
        """Keep an answer, counted from the time before it was asked for."""
        if self._seconds == 0:
            return
        with self._lock:
            for kept in (self._active, self._inactive):
                kept.pop(digest, None)
            room = self._active if answer["active"] else self._inactive
            room[digest] = (asked_at + self._seconds, answer)
            if len(room) > self._entries:
                room.popitem(last=False)
