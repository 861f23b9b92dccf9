"""Which sessions have ended before their time: noted in the account, which every request reads.

A session is a sealed cookie, so that a copy of it is as good as the original.
What ends one is in the account's payload: an epoch, by which all sessions that
began in an earlier one have ended, and the digests of the few that were signed
out and whose time is not over. No more of these are kept than `MOST_ENDED`:
one more begins another epoch instead, which signs out everywhere.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from ..digests import digest
from ..records import Account

__all__ = ["MOST_ENDED", "begin_epoch", "epoch_of", "has_ended", "with_session_ended"]

MOST_ENDED: Final = 32

_EPOCH: Final = "session_epoch"
_ENDED: Final = "ended_sessions"


def epoch_of(account: Account) -> int:
    """Return the epoch that a session of the account must have begun in."""
    epoch: int = json.loads(account.payload).get(_EPOCH, 0)
    return epoch


def has_ended(account: Account, session_id: str) -> bool:
    """Tell whether a session of the present epoch was signed out."""
    return digest(session_id) in json.loads(account.payload).get(_ENDED, {})


def begin_epoch(fields: dict[str, Any]) -> dict[str, Any]:
    """Return an account's decoded payload in another epoch: every session has ended."""
    kept = {name: value for name, value in fields.items() if name != _ENDED}
    return kept | {_EPOCH: fields.get(_EPOCH, 0) + 1}


def with_session_ended(account: Account, session_id: str, expires_at: int, now: int) -> Account:
    """Return the account, to be saved, with one session ended that would live to `expires_at`.

    Both times are seconds since the epoch.
    """
    fields: dict[str, Any] = json.loads(account.payload)
    known = fields.get(_ENDED, {}).items()
    ended = {name: end for name, end in known if end > now} | {digest(session_id): expires_at}
    fields = begin_epoch(fields) if len(ended) > MOST_ENDED else fields | {_ENDED: ended}
    return replace(account, payload=json.dumps(fields))
