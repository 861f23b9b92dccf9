"""A grant that was saved without tokens is told from one that was announced in vain."""

from __future__ import annotations

import sqlalchemy as sa

from oauthstore_sqla.migrations.steps import add_column

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; whoever announces a grant from now on finds it."""
    add_column("oauthstore_grants", sa.Column("saved", sa.SmallInteger(), nullable=True))
