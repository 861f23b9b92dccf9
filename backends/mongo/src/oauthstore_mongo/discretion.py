"""Keeping payloads out of PyMongo's own log.

At level DEBUG, which one line of an application turns on for everything, the
logger `pymongo.command` writes each command and reply whole.
"""

from __future__ import annotations

import json
import logging
from typing import Final

__all__ = ["keep_out_of_logs"]

#: What a record tells of a command besides its name and how it went.
_BODIES: Final = frozenset({"command", "reply", "failure"})


class _Discretion(logging.Filter):
    """Takes commands and replies out of what is logged of some databases."""

    def __init__(self) -> None:
        super().__init__()
        self.databases: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        told = json.loads(str(record.msg))
        if told.get("databaseName") in self.databases:
            kept = {name: value for name, value in told.items() if name not in _BODIES}
            record.msg = json.dumps(kept)
        return True


_DISCRETION: Final = _Discretion()


def keep_out_of_logs(database: str) -> None:
    """Let PyMongo log of commands on this database their names and nothing of their values."""
    _DISCRETION.databases.add(database)
    logging.getLogger("pymongo.command").addFilter(_DISCRETION)
