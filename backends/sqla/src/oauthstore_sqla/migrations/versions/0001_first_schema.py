"""The first schema: clients, grants with their tokens, credentials, nonces, accounts.

Written out, not taken from `schema`: a migration does today what it did then.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from oauthstore_sqla.migrations.steps import create_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MYSQL = ("mysql", "mariadb")


def _identifier(mysql_bytes: int) -> TypeEngine[str]:
    binary: TypeEngine[Any] = mysql.VARBINARY(mysql_bytes)
    return (
        sa.Text().with_variant(sa.Text(collation="C"), "postgresql").with_variant(binary, *_MYSQL)
    )


_DIGEST = sa.LargeBinary(32).with_variant(mysql.BINARY(32), *_MYSQL)
_IDENTIFIER = _identifier(2560)
_SHORT = _identifier(255)
_STATE = sa.Text().with_variant(mysql.VARCHAR(16, charset="ascii", collation="ascii_bin"), *_MYSQL)
_PAYLOAD = sa.Text().with_variant(
    mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), *_MYSQL
)
_SEALED = sa.LargeBinary().with_variant(mysql.LONGBLOB(), *_MYSQL)


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
    create_table(
        "oauthstore_clients",
        sa.Column("client_id", _IDENTIFIER, nullable=False),
        sa.Column("owner", _IDENTIFIER, nullable=True),
        sa.Column("source", _SHORT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("payload", _PAYLOAD, nullable=False),
        key=["client_id"],
        indexes={"expires_at": ["expires_at"], "owner": ["owner", "client_id"]},
    )


def _create_grants() -> None:
    create_table(
        "oauthstore_grants",
        sa.Column("grant_id", _IDENTIFIER, nullable=False),
        sa.Column("client_id", _IDENTIFIER, nullable=False),
        sa.Column("subject", _IDENTIFIER, nullable=True),
        sa.Column("family", _DIGEST, nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", _PAYLOAD, nullable=False),
        sa.Column("current_digest", _DIGEST, nullable=True),
        sa.Column("current_issued_at", sa.BigInteger(), nullable=True),
        sa.Column("current_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("current_generation", sa.BigInteger(), nullable=True),
        sa.Column("current_rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("current_payload", _PAYLOAD, nullable=True),
        sa.Column("current_state", _STATE, nullable=True),
        sa.Column("previous_digest", _DIGEST, nullable=True),
        sa.Column("previous_issued_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_generation", sa.BigInteger(), nullable=True),
        sa.Column("previous_rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("previous_payload", _PAYLOAD, nullable=True),
        sa.Column("sealed_response", _SEALED, nullable=True),
        key=["grant_id"],
        indexes={
            "client": ["client_id", "grant_id"],
            "family": ["family"],
            "keep_until": ["keep_until", "grant_id"],
            "subject": ["subject", "client_id", "grant_id"],
        },
        unique=["family"],
    )


def _create_tokens() -> None:
    create_table(
        "oauthstore_tokens",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("kind", _SHORT, nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("state", _STATE, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", _PAYLOAD, nullable=False),
        sa.Column("grant_id", _IDENTIFIER, nullable=False),
        key=["digest"],
        indexes={"expires_at": ["expires_at"], "grant": ["grant_id"]},
    )


def _create_fences() -> None:
    create_table(
        "oauthstore_fences",
        sa.Column("client_scope", _SHORT, nullable=False),
        sa.Column("subject_scope", _SHORT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        key=["client_scope", "subject_scope"],
        indexes={"keep_until": ["keep_until"]},
        sqlite_with_rowid=False,
    )


def _create_credentials() -> None:
    create_table(
        "oauthstore_credentials",
        sa.Column("kind", _SHORT, nullable=False),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("client_id", _IDENTIFIER, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.Column("alias", _DIGEST, nullable=True),
        sa.Column("grant_id", _IDENTIFIER, nullable=True),
        sa.Column("subject", _IDENTIFIER, nullable=True),
        sa.Column("state", _STATE, nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=True),
        sa.Column("interval", sa.BigInteger(), nullable=True),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("payload", _PAYLOAD, nullable=False),
        sa.Column("hasty", sa.SmallInteger(), nullable=True),
        key=["kind", "digest"],
        indexes={"alias": ["kind", "alias"], "keep_until": ["keep_until"]},
        unique=["alias"],
    )


def _create_nonces() -> None:
    create_table(
        "oauthstore_nonces",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        key=["digest"],
        indexes={"expires_at": ["expires_at"]},
        sqlite_with_rowid=False,
    )


def _create_accounts() -> None:
    create_table(
        "oauthstore_accounts",
        sa.Column("subject", _IDENTIFIER, nullable=False),
        sa.Column("name", _IDENTIFIER, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("payload", _PAYLOAD, nullable=False),
        key=["subject"],
        indexes={"name": ["name"]},
        unique=["name"],
    )


def _create_attempts() -> None:
    create_table(
        "oauthstore_attempts",
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        key=["digest"],
        indexes={"closes_at": ["closes_at"]},
        sqlite_with_rowid=False,
    )
