"""The first schema: clients, grants with their tokens, credentials, nonces, accounts.

Written out, not taken from `schema`: a migration does today what it did then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_clients()
    _create_grants()
    _create_tokens()
    _create_fences()
    _create_credentials()
    _create_nonces()
    _create_accounts()
    _create_attempts()


def _create_clients() -> None:
    op.create_table(
        "oauthstore_clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_index(
        "oauthstore_clients_expires_at",
        "oauthstore_clients",
        ["expires_at"],
    )
    op.create_index(
        "oauthstore_clients_owner",
        "oauthstore_clients",
        ["owner", "client_id"],
    )


def _create_grants() -> None:
    op.create_table(
        "oauthstore_grants",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("family", sa.LargeBinary(32), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("current_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("current_issued_at", sa.BigInteger(), nullable=True),
        sa.Column("current_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("current_generation", sa.BigInteger(), nullable=True),
        sa.Column("current_rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("current_payload", sa.Text(), nullable=True),
        sa.Column("current_state", sa.Text(), nullable=True),
        sa.Column("previous_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("previous_issued_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_generation", sa.BigInteger(), nullable=True),
        sa.Column("previous_rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_payload", sa.Text(), nullable=True),
        sa.Column("sealed_response", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("grant_id"),
    )
    op.create_index(
        "oauthstore_grants_client",
        "oauthstore_grants",
        ["client_id", "grant_id"],
    )
    op.create_index(
        "oauthstore_grants_family",
        "oauthstore_grants",
        ["family"],
        unique=True,
    )
    op.create_index(
        "oauthstore_grants_keep_until",
        "oauthstore_grants",
        ["keep_until", "grant_id"],
    )
    op.create_index(
        "oauthstore_grants_subject",
        "oauthstore_grants",
        ["subject", "client_id", "grant_id"],
    )


def _create_tokens() -> None:
    op.create_table(
        "oauthstore_tokens",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(
        "oauthstore_tokens_expires_at",
        "oauthstore_tokens",
        ["expires_at"],
    )
    op.create_index(
        "oauthstore_tokens_grant",
        "oauthstore_tokens",
        ["grant_id"],
    )


def _create_fences() -> None:
    op.create_table(
        "oauthstore_fences",
        sa.Column("client_scope", sa.Text(), nullable=False),
        sa.Column("subject_scope", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_scope", "subject_scope"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "oauthstore_fences_keep_until",
        "oauthstore_fences",
        ["keep_until"],
    )


def _create_credentials() -> None:
    op.create_table(
        "oauthstore_credentials",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.Column("alias", sa.LargeBinary(32), nullable=True),
        sa.Column("grant_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("interval", sa.BigInteger(), nullable=True),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("hasty", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "digest"),
    )
    op.create_index(
        "oauthstore_credentials_alias",
        "oauthstore_credentials",
        ["kind", "alias"],
        unique=True,
    )
    op.create_index(
        "oauthstore_credentials_keep_until",
        "oauthstore_credentials",
        ["keep_until"],
    )


def _create_nonces() -> None:
    op.create_table(
        "oauthstore_nonces",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "oauthstore_nonces_expires_at",
        "oauthstore_nonces",
        ["expires_at"],
    )


def _create_accounts() -> None:
    op.create_table(
        "oauthstore_accounts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index(
        "oauthstore_accounts_name",
        "oauthstore_accounts",
        ["name"],
        unique=True,
    )


def _create_attempts() -> None:
    op.create_table(
        "oauthstore_attempts",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "oauthstore_attempts_closes_at",
        "oauthstore_attempts",
        ["closes_at"],
    )
