"""On SQLite, which judges what all databases share: why what nobody notices is no gap."""

from __future__ import annotations

from typing import Final

from .edits import DROPPED, LATE
from .reason import Reason, of

__all__ = ["OF_SQLITE"]

_SURE: Final = "For the type checkers: it is decided before."
_EMPTY_PAGE: Final = "A full last page may have a cursor: an empty page follows, which ends."
_ZIPPED: Final = "What a row has beyond a record's fields is passed over."
_JUDGED: Final = "REUSED is judged of a grant that is not revoked, in the same transaction."
_NEEDLESSLY: Final = "It looks once more, and finds nothing: it is about time."
_CUT: Final = "What is read too much is cut off: it is about time, which the plans' tests watch."
_START: Final = "A cursor is followed by a character with which no stored text ends."
_FURTHER: Final = "It looks one further, and shows no more for it."
_AGAIN: Final = "It is tried once more, and refused for the same digest."
_ITSELF: Final = "The key is set to itself."
_IN_ORDER: Final = "SQLite walks the key's own index, which is in that order."
_RETURNS: Final = "For databases whose UPDATE returns no row: SQLite's does."
_MANY_SERVERS: Final = "For PostgreSQL, which asks it before a transaction: SQLite's do not ask."
_NO_SCOPE: Final = "A fence over no client and no subject is never raised; else it is there twice."
_ONCE: Final = "Nothing comes in between eight times: it is saved, decided and used once."
_ALONE: Final = "Between BEGIN IMMEDIATE and COMMIT nothing changes what the UPDATE has seen."
_CACHED: Final = "How many statements are kept compiled: it is about time."
_QUEUE: Final = "Threads would queue at the file rather than at the handle: it is about time."
_S: Final = "oauthstore_sqla"

OF_SQLITE: Final[tuple[Reason, ...]] = (
    *of(
        "sqlite",
        f"{_S}.statements",
        ("_list", "order_by(grants.c.grant_id)", DROPPED, _IN_ORDER),
        ("surplus", "0", "1", "SQLite always says how many it has added."),
        (
            "surplus",
            "[tokens.c.digest.not_in(new)] if new else []",
            "[tokens.c.digest.not_in(new)]",
            "Nothing is in an empty list.",
        ),
        (
            "surplus",
            "desc()",
            DROPPED,
            "Of access tokens of one second it is left open which is the oldest.",
        ),
        ("OF_GRANT", "8", "9", _ZIPPED),
        ("OF_CURRENT", "15", "16", _ZIPPED),
        ("TokenStatements.__init__", "grants.c.revoked_at.is_(None)", DROPPED, _JUDGED),
        ("_access_with_expiry", "tokens.c.expires_at.is_not(None)", DROPPED, _NEEDLESSLY),
        (
            "droppable",
            "case((some_expired, bindparam('keep')), else_=0)",
            "bindparam('keep')",
            _NEEDLESSLY,
        ),
        ("droppable", "0", "1", _NEEDLESSLY),
        ("droppable", "where(_access_with_expiry(grant_id))", DROPPED, _NEEDLESSLY),
        (
            "rotation",
            "grants.c.family == bindparam('family')",
            DROPPED,
            "The digest tells the row; the family finds it by its index.",
        ),
        (
            "rotation",
            "c is not grants.c.previous_rotated_at",
            "True",
            "The assignment after it stands.",
        ),
        (
            "_revoke_grant",
            "0",
            "1",
            "A tombstone's `granted_at` is asked by nobody: it is revoked.",
        ),
        (
            "_raise_fence.higher",
            "fences.c[name] < added[name]",
            "fences.c[name] <= added[name]",
            "Equal is equal.",
        ),
        ("_list", "limit(bindparam('limit'))", DROPPED, _CUT),
        (
            "_list",
            "grants.c.grant_id >= bindparam('start')",
            "grants.c.grant_id > bindparam('start')",
            _START,
        ),
    ),
    *of(
        "sqlite",
        f"{_S}.writing",
        ("Write.__init__", "self.refresh is not None", "self.refresh is None", _MANY_SERVERS),
        ("Write.__init__", "0", "1", "Without tokens nothing is looked for that is to be dropped."),
        (
            "Write.under",
            "None if subject is None else scope(None, subject)",
            "scope(None, subject)",
            _NO_SCOPE,
        ),
        (
            "Write.under",
            "None if subject is None else scope(client_id, subject)",
            "scope(client_id, subject)",
            _NO_SCOPE,
        ),
        (
            "TokenWriter.refusal",
            "values['current_digest'] is not None",
            DROPPED,
            "What brings no refresh token is refused for a revocation only.",
        ),
        ("TokenWriter.refusal", "False", "True", "What is not there is refused as revoked anyway."),
        (
            "TokenWriter.refusal",
            "fenced",
            DROPPED,
            "Between a fence and its sweep it is open why a save is refused: a test of ours asks.",
        ),
        (
            "TokenWriter.judged",
            "rotation.outcome is RotationOutcome.WON and found.current.digest == call.digest",
            "False",
            _ALONE,
        ),
        (
            "Write.__init__",
            "max(0, keep - len(counted))",
            "keep - len(counted)",
            "More than `keep` are left out before.",
        ),
        ("Write.__init__", "len(tokens) > 0", "len(tokens) >= 0", _NEEDLESSLY),
        ("Write.drops", "self.looks", DROPPED, _NEEDLESSLY),
        ("Write.drops", "droppable + self._adds > self._keep", "", _NEEDLESSLY),
        ("TokenWriter.judged", "found is None", "False", _SURE),
    ),
    *of(
        "sqlite",
        f"{_S}.tokens",
        ("SqlaTokens.list_grants", "1", "2", _FURTHER),
        ("SqlaTokens.list_grants", "len(found) > limit", "len(found) >= limit", _EMPTY_PAGE),
    ),
    *of(
        "sqlite",
        f"{_S}.sqlite.tokens",
        ("SqliteTokenWriter.rotate.rotate", "judged is None", "False", _ALONE),
        (
            "SqliteTokenWriter.rotate.rotate",
            "raise overtaken('rotation of a refresh token')",
            DROPPED,
            _ALONE,
        ),
        ("SqliteTokenWriter.__init__", "8", "9", _CACHED),
        ("SqliteTokenWriter._add_access", "write.drops(held)", "True", _NEEDLESSLY),
        (
            "SqliteTokenWriter._rotated",
            "self._add_access(session, write, held)",
            LATE,
            "In one transaction.",
        ),
        ("SqliteTokenWriter.purge_grants.purge", "1", "2", _FURTHER),
        ("SqliteTokenWriter.purge_grants.purge", "count >= limit", DROPPED, _NEEDLESSLY),
    ),
    *of(
        "sqlite",
        f"{_S}.credentials",
        ("SqlaCredentials.decide_credential", "state=state", DROPPED, _RETURNS),
        (
            "SqlaCredentials.decide_credential",
            "raise overtaken('decision on a credential')",
            DROPPED,
            _ONCE,
        ),
        ("SqlaCredentials.claim", "raise overtaken('claim of a credential')", DROPPED, _ONCE),
        (
            "SqlaCredentials.poll_credential",
            "raise overtaken('poll of a credential')",
            DROPPED,
            _ONCE,
        ),
        ("SqlaCredentials._polled", "self._poll.in_one", "", _RETURNS),
        (
            "SqlaCredentials._polled",
            "self._store.transact(lambda session: self._poll.on(session, values))",
            "",
            _RETURNS,
        ),
        ("SqlaCredentials.save_credential", "credential.alias is None", "False", _AGAIN),
        ("SqlaCredentials.save_credential", "raise", DROPPED, _AGAIN),
        ("_polling", "1", "2", "Only whether it is nothing is asked."),
    ),
    *of(
        "sqlite",
        f"{_S}.clients",
        ("SqlaClients.__init__", "order_by(clients.c.client_id)", DROPPED, _IN_ORDER),
        ("SqlaClients.__init__", "limit(bindparam('limit'))", DROPPED, _CUT),
        (
            "SqlaClients.__init__",
            "clients.c.client_id >= bindparam('start')",
            "clients.c.client_id > bindparam('start')",
            _START,
        ),
        ("SqlaClients.__init__", "c.name != 'client_id'", "True", _ITSELF),
        ("SqlaClients.list_clients", "1", "2", _FURTHER),
        ("SqlaClients.list_clients", "len(found) > limit", "len(found) >= limit", _EMPTY_PAGE),
    ),
    *of(
        "sqlite",
        f"{_S}.accounts",
        ("SqlaAccounts.__init__", "order_by(accounts.c.name)", DROPPED, _IN_ORDER),
        ("_Counting.__init__", "where(attempts.c.digest == bindparam('digest'))", "", _RETURNS),
        ("_Counting.__init__", "attempts.c.digest == bindparam('digest')", "", _RETURNS),
        ("_Counting.__init__", "store.returns", "", _RETURNS),
        ("_Counting.__call__", "self._read is None", "True", _RETURNS),
        ("_Counting.__call__.work", "session.count(self._add, values)", "", _RETURNS),
        ("_Counting.__call__", "self._store.transact(work)", "", _RETURNS),
        ("SqlaAccounts.__init__", "limit(bindparam('limit'))", DROPPED, _CUT),
        (
            "SqlaAccounts.__init__",
            "accounts.c.name >= bindparam('start')",
            "accounts.c.name > bindparam('start')",
            _START,
        ),
        ("SqlaAccounts.__init__", "c.name != 'subject'", "True", _ITSELF),
        ("SqlaAccounts.list_accounts", "1", "2", _FURTHER),
        ("SqlaAccounts.list_accounts", "len(found) > limit", "len(found) >= limit", _EMPTY_PAGE),
    ),
    *of(
        "sqlite",
        f"{_S}.purging",
        ("Purge.on", "count >= limit", DROPPED, _NEEDLESSLY),
        ("Purge.on", "1", "2", _FURTHER),
    ),
    *of(
        "sqlite",
        f"{_S}.store",
        ("due", "order_by(deadline)", DROPPED, "Which of those that are due go first is open."),
        ("Store.transact", "True", "False", _QUEUE),
        ("Changed.in_one", "self._found is None", "", _RETURNS),
        ("Changed.on", "self._found is None", "True", _RETURNS),
        ("Changed.on", "runner.count(self._change, values)", "", _RETURNS),
    ),
    *of(
        "sqlite",
        f"{_S}.sqlite.store",
        (
            "SqliteStore.begin",
            "'BEGIN IMMEDIATE'",
            "'BEGIN'",
            "The first statement of each transaction writes, and takes the lock as well.",
        ),
    ),
)
