"""A fence is found by the digest of its scope: two long names do not fit a key everywhere."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from oauthstore_sqla.migrations.steps import columns_of, create_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FENCES = sa.table(
    "oauthstore_fences",
    sa.column("scope", sa.LargeBinary(32)),
    sa.column("at", sa.BigInteger()),
    sa.column("keep_until", sa.BigInteger()),
    sa.column("client_scope", sa.Text()),
    sa.column("subject_scope", sa.Text()),
)


def upgrade() -> None:
    """Make the table anew and bring the fences that stand into it."""
    standing = []
    if "client_scope" in columns_of(_FENCES.name):
        old = sa.select(*(_FENCES.c[name] for name in _OLD))
        standing = [dict(zip(_OLD, row, strict=True)) for row in op.get_bind().execute(old)]
        op.drop_table(_FENCES.name)
    create_table(
        _FENCES.name,
        sa.Column(
            "scope",
            sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        key=["scope"],
        indexes={"keep_until": ["keep_until"]},
        sqlite_with_rowid=False,
    )
    for fence in standing:
        scope = _scope(fence.pop("client_scope"), fence.pop("subject_scope"))
        op.execute(_FENCES.insert().values(scope=scope, **fence))


_OLD = ("client_scope", "subject_scope", "at", "keep_until")


def _scope(*names: str | bytes) -> bytes:
    """Return the digest of a client's and a subject's scope, as 0001 kept them ("" or "=name")."""
    # MySQL's identifiers are bytes.
    parts = [(name if isinstance(name, bytes) else name.encode()) or b"-" for name in names]
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
