"""Of the memory backend and `judgement`: why what nobody notices is no gap of the kit."""

from __future__ import annotations

from typing import Final

from .edits import DROPPED, LATE
from .reason import Reason, of

__all__ = ["OF_MEMORY"]

_LOCK: Final = "with self._lock:"
_ONE_LOOK: Final = "One operation on a dict is whole by itself."
_SURE: Final = "For the type checkers: it is decided before."
_NOBODY: Final = "An index of no subject: nobody looks there, and no fence has that name."
_OTHER_DIGEST: Final = "The digest of a refresh token is no access token's."
_LEFT_OUT: Final = "What is left out is stored nowhere; whether it may be known is left open."
_EMPTY_SET: Final = "An empty set, or none: no verb tells them apart; it is about memory."
_TIE: Final = "A number that only keeps keys of one moment from being compared."
_EMPTY_PAGE: Final = "A full last page may have a cursor: an empty page follows, which ends."
_M: Final = "oauthstore_core.memory"

OF_MEMORY: Final[tuple[Reason, ...]] = (
    *of(
        "memory",
        "oauthstore_core.judgement",
        (
            "_within_grace",
            "current.state is TokenState.ACTIVE",
            DROPPED,
            "Our stores mark a grant, never its refresh token: REVOKED was judged before.",
        ),
        ("_within_grace", "previous.rotated_at is not None", DROPPED, _SURE),
    ),
    *of(
        "memory",
        f"{_M}.tokens",
        ("MemoryTokens._save", "grant.family is not None", DROPPED, "None takes None's place."),
        ("MemoryTokens._refuse_duplicate_access", "t.kind != 'refresh'", DROPPED, _OTHER_DIGEST),
        ("MemoryTokens._refuse_duplicate_access", "t not in left_out", DROPPED, _LEFT_OUT),
        (
            "MemoryTokens._refuse_duplicate_access",
            "t.kind != 'refresh' and t not in left_out",
            "True",
            _LEFT_OUT,
        ),
        ("MemoryTokens._add_row", "grant.subject is not None", "True", _NOBODY),
        ("MemoryTokens._remove_grant", "row.grant.subject is not None", "True", _NOBODY),
        ("_scopes_over", "grant.subject is not None", "True", _NOBODY),
        (
            "MemoryTokens._in_range",
            "() if subject is None else self._of_subject.get(subject, ())",
            "self._of_subject.get(subject, ())",
            _SURE,
        ),
        ("MemoryTokens.rotate_refresh_token", "row is None or row.current is None", "False", _SURE),
        ("MemoryTokens.rotate_refresh_token", "row.current is None", DROPPED, _SURE),
        (
            "MemoryTokens.revoke_all",
            "self._raise_fence((client_id, subject), now, keep_until)",
            LATE,
            "Under the lock both are one step.",
        ),
        (
            "MemoryTokens.revoke_token",
            _LOCK,
            "",
            "It is needed: a purge between its two lines is a KeyError. No race of the kit met it.",
        ),
        ("_discard", "not index[key]", "False", _EMPTY_SET),
        ("_discard", "del index[key]", DROPPED, _EMPTY_SET),
    ),
    *of(
        "memory",
        f"{_M}.credentials",
        ("MemoryCredentials.query_credential", _LOCK, "", _ONE_LOOK),
        ("MemoryCredentials.decide_credential", "decision.credential is None", DROPPED, _SURE),
        ("MemoryCredentials.poll_credential", "poll.credential is None", "False", _SURE),
    ),
    *of(
        "memory",
        f"{_M}.clients",
        ("MemoryClients.query_client", _LOCK, "", _ONE_LOOK),
        ("MemoryClients.delete_client", _LOCK, "", _ONE_LOOK),
    ),
    *of(
        "memory",
        f"{_M}.accounts",
        ("MemoryAccounts.query_account_by_subject", _LOCK, "", _ONE_LOOK),
        ("MemoryAccounts.count_attempt", "0", "1", "A window that closes now begins anew."),
    ),
    *of(
        "memory",
        f"{_M}.deadlines",
        ("Deadlines.__init__", "0", "1", _TIE),
        ("Deadlines.add", "1", "2", _TIE),
    ),
    *of(
        "memory",
        f"{_M}.pages",
        ("page_of", "1", "2", "It looks one further, and shows no more for it."),
        ("page_of", "len(chosen) > limit", "len(chosen) >= limit", _EMPTY_PAGE),
    ),
)
