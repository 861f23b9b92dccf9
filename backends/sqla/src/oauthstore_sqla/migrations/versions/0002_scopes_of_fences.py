"""A fence is found by the digest of its scope: two long names do not fit a key everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from oauthstore_sqla.migrations.steps import columns_of, create_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FENCES = "oauthstore_fences"
#: Where the table is made anew. It is whole before the old one goes, and once that is gone.
_NEW = f"{_FENCES}_0002"
_OLD = ("client_scope", "subject_scope", "at", "keep_until")


def upgrade() -> None:
    """Make the table anew with the fences that stand, and put it in the old one's place.

    It may be killed at any point, and is then run again, although MySQL commits each
    statement: at no moment is there a table `oauthstore_fences` that lacks a fence.
    """
    if "client_scope" in columns_of(_FENCES):
        _fill_new()
        op.drop_table(_FENCES)
    if columns_of(_NEW):
        op.rename_table(_NEW, _FENCES)
    # Where it was killed before there was an index.
    _create(_FENCES, {"keep_until": ["keep_until"]})


def _fill_new() -> None:
    if columns_of(_NEW):
        op.drop_table(_NEW)
    _create(_NEW, {})
    connection = op.get_bind()
    old = sa.table(_FENCES, *map(sa.column, _OLD))
    new = sa.table(_NEW, *map(sa.column, ("scope", "at", "keep_until")))
    for fence in connection.execute(sa.select(*old.c)).mappings().all():
        scope = _scope(fence["client_scope"], fence["subject_scope"])
        kept = {"scope": scope, "at": fence["at"], "keep_until": fence["keep_until"]}
        connection.execute(new.insert().values(kept))


def _create(name: str, indexes: Mapping[str, Sequence[str]]) -> None:
    create_table(name, *_columns(), key=["scope"], indexes=indexes, sqlite_with_rowid=False)


def _columns() -> tuple[sa.Column[Any], ...]:
    scope = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
    return (
        sa.Column("scope", scope, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
    )


def _scope(*names: str | bytes) -> bytes:
    """Return the digest of a client's and a subject's scope, as 0001 kept them ("" or "=name")."""
    # MySQL's identifiers are bytes.
    parts = [(name if isinstance(name, bytes) else name.encode()) or b"-" for name in names]
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
