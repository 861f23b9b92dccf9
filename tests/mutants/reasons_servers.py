"""On PostgreSQL and on MySQL: why what nobody notices there is no gap of the kit."""

from __future__ import annotations

from typing import Final

from .edits import DROPPED
from .reason import Reason, of, of_races

__all__ = ["OF_MYSQL", "OF_POSTGRESQL"]

_NEEDLESSLY: Final = "It looks once more, and finds nothing: it is about time."
_FURTHER: Final = "It looks one further, and shows no more for it."
_WHETHER: Final = "Only whether it is nothing is asked."
_UNUSED: Final = "What is taken back is an announcement that nobody has used: there is none."
_STRONGER: Final = "A lock that keeps out more than it must: it is about time."
_LONGER: Final = "What serves every save serves this one as well: it is about time."
_WAITS: Final = "Runners would wait for each other, and for writers: it is about time."
_ONCE: Final = "Nothing comes in between eight times: it is saved, decided and used once."
_SURE: Final = "For the type checkers: it is decided before."
_MICROSECONDS: Final = (
    "A save is one statement, which no schedule can cut: what comes between its look and its write "
    "is a race of microseconds, which RT-06l meets in some runs."
)
_TWICE: Final = (
    "The first time it saves a statement. The second is for a nonce that is purged between two "
    "statements: a race of microseconds."
)
_SO_IT_IS: Final = "So it is on this database anyway."
_CACHED: Final = "How many statements are kept compiled: it is about time."

_S: Final = "oauthstore_sqla"
_CHANGED: Final = "its_row.with_for_update(key_share=True)"

OF_POSTGRESQL: Final[tuple[Reason, ...]] = (
    *of("postgresql", f"{_S}.statements", ("completion", "1", "2", _WHETHER)),
    *of(
        "postgresql",
        f"{_S}.announcing",
        ("_Announcement.in_vain", "False", "True", _UNUSED),
        ("AnnouncingWriter._announcing", "announcement.in_vain", DROPPED, _UNUSED),
        ("AnnouncingWriter.__init__", "where(its_grant)", DROPPED, _STRONGER),
        ("AnnouncingWriter.__init__", "True", "False", _WAITS),
        ("AnnouncingWriter.purge_grants", "count >= limit", DROPPED, _NEEDLESSLY),
        ("AnnouncingWriter.purge_grants", "1", "2", _FURTHER),
        ("AnnouncingWriter.purge_grants.purge", "ended", "True", "Nothing is in an empty list."),
        ("_until_it_stays", "raise overtaken('save under a grant')", DROPPED, _ONCE),
    ),
    *of(
        "postgresql",
        f"{_S}.writing",
        (
            "TokenWriter.refusal",
            "values['current_digest'] is not None",
            DROPPED,
            "What brings no refresh token is refused for a revocation only.",
        ),
    ),
    *of_races(
        "postgresql",
        f"{_S}.postgresql.tokens",
        (
            "_locked",
            f"{_CHANGED} if completes else its_row.with_for_update(read=True)",
            "its_row.with_for_update(read=True)",
            "Two that complete a row would wait for each other, and one be tried again.",
        ),
        ("_locked", "with_for_update(key_share=True)", DROPPED, _MICROSECONDS),
        ("_locked", "with_for_update(read=True)", DROPPED, _MICROSECONDS),
    ),
    *of_races(
        "postgresql",
        f"{_S}.announcing",
        ("AnnouncingWriter.__init__", "with_for_update()", DROPPED, _MICROSECONDS),
        (
            "AnnouncingWriter._take_back.work",
            "session.rows(self._lock, write.values)",
            DROPPED,
            _MICROSECONDS,
        ),
        (
            "AnnouncingWriter._take_back",
            "self.store.transact(work)",
            "self.store.run(work, writes=True)",
            _MICROSECONDS,
        ),
    ),
    *of(
        "postgresql",
        f"{_S}.postgresql.tokens",
        ("_Shape.of", "write.looks", DROPPED, _NEEDLESSLY),
        ("_Shape.of", "not fresh", DROPPED, _NEEDLESSLY),
        (
            "PostgresqlTokenWriter.rotate",
            "raise overtaken('rotation of a refresh token')",
            DROPPED,
            _ONCE,
        ),
        (
            "PostgresqlTokenWriter.rotate",
            "judged is not None",
            "True",
            "A refresh token that comes to be amid its own rotation: nobody has it before.",
        ),
        ("_save", "shape.completes", "True", _LONGER),
        ("_save", "False", "True", _STRONGER),
        ("_redeem", "shape.completes", "True", _LONGER),
        ("_rotate", "True", "False", "The UPDATE of the rotation completes the row by itself."),
        (
            "_locked",
            f"{_CHANGED} if completes else its_row.with_for_update(read=True)",
            _CHANGED,
            _STRONGER,
        ),
        ("_locked", "True", "False", _STRONGER),
        ("_open", "completes", "True", "Where no refresh token is brought, it holds."),
        ("_with_tokens", "shape.drops", "True", _NEEDLESSLY),
    ),
    *of(
        "postgresql",
        f"{_S}.postgresql.store",
        ("PostgresqlStore.purge", "with_for_update(skip_locked=True)", DROPPED, _WAITS),
        ("PostgresqlStore.purge", "True", "False", _WAITS),
    ),
)

OF_MYSQL: Final[tuple[Reason, ...]] = (
    *of(
        "mysql",
        f"{_S}.mysql.tokens",
        ("MysqlTokenWriter.__init__", "True", "False", _STRONGER),
        ("MysqlTokenWriter.__init__", "8", "9", _CACHED),
        (
            "MysqlTokenWriter.written",
            "fresh and (not write.completes) and (len(write.access) == 1)",
            "False",
            _LONGER,
        ),
        ("MysqlTokenWriter._opened", "write.completes", "True", _LONGER),
        ("MysqlTokenWriter._add_access", "drops and write.looks", "True", _NEEDLESSLY),
        ("MysqlTokenWriter._add_access", "drops", DROPPED, _NEEDLESSLY),
        ("MysqlTokenWriter._add_access", "write.looks", DROPPED, _NEEDLESSLY),
        (
            "MysqlTokenWriter.redeemed",
            "claim.outcome is not ClaimOutcome.WON",
            "False",
            "The transaction would lose, and `lost` answer the same: it is about time.",
        ),
        ("MysqlTokenWriter.rotate", "row is None", DROPPED, _SURE),
        ("MysqlTokenWriter.rotate", "Rotation(RotationOutcome.MISSING)", DROPPED, _SURE),
        ("MysqlTokenWriter.rotate", "RotationOutcome.MISSING", "", _SURE),
        (
            "MysqlTokenWriter.rotate",
            "raise overtaken('rotation of a refresh token')",
            DROPPED,
            _ONCE,
        ),
        ("_add_open", "True", "False", _STRONGER),
    ),
    *of_races(
        "mysql",
        f"{_S}.mysql.tokens",
        ("_add_open", "with_for_update(read=True)", DROPPED, _MICROSECONDS),
    ),
    *of_races(
        "mysql",
        f"{_S}.mysql.nonces",
        (
            "MysqlNonces.claim",
            "self._added(values)",
            DROPPED,
            _TWICE,
        ),
    ),
    *of_races(
        "mysql",
        f"{_S}.credentials",
        (
            "SqlaCredentials.decide_credential",
            "state=state",
            DROPPED,
            "A credential that is used between two statements: a race of microseconds.",
        ),
    ),
    *of(
        "mysql",
        f"{_S}.credentials",
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
        ("SqlaCredentials._polled", "self._poll.in_one", "False", _SO_IT_IS),
        ("_polling", "1", "2", _WHETHER),
    ),
    *of(
        "mysql",
        f"{_S}.accounts",
        ("_Counting.__init__", "store.returns", "False", _SO_IT_IS),
        (
            "_Counting.__init__",
            "store.returns",
            "True",
            "MariaDB's INSERT returns rows. MySQL's does not.",
        ),
        ("_Counting.__call__", "self._read is None", "False", _SO_IT_IS),
    ),
    *of("mysql", f"{_S}.store", ("Changed.on", "self._found is None", "False", _SO_IT_IS)),
)
