"""The tables, in SQLAlchemy Core; the same for every dialect.

Digests are 32 bytes, times whole seconds. Names carry a prefix, because the
database may be one that the application fills with tables of its own.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.types import TypeEngine

__all__ = [
    "HEAD",
    "REVISIONS",
    "VERSION_TABLE",
    "accounts",
    "attempts",
    "clients",
    "credentials",
    "fences",
    "grants",
    "metadata",
    "nonces",
    "tokens",
]

#: Every revision that this version knows, the newest last; as in `migrations/versions`.
REVISIONS: Final = ("0001",)
HEAD: Final = REVISIONS[-1]
#: Where the revision stands: apart from that of an application that uses Alembic itself.
VERSION_TABLE: Final = "oauthstore_version"

DIGEST: Final = LargeBinary(32)
IDENTIFIER: Final = Text()
SECONDS: Final = BigInteger()

metadata = MetaData()


def _required(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _optional(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _key(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, primary_key=True, nullable=False)


clients = Table(
    "oauthstore_clients",
    metadata,
    _key("client_id", IDENTIFIER),
    _optional("owner", IDENTIFIER),
    _required("source", IDENTIFIER),
    _required("created_at", SECONDS),
    _optional("expires_at", SECONDS),
    _required("version", SECONDS),
    _required("payload", Text()),
    Index("oauthstore_clients_owner", "owner", "client_id"),
    Index("oauthstore_clients_expires_at", "expires_at"),
)

#: A row is a grant's lock, fence and announcement. It holds the refresh family as
#: well, current token and predecessor, so that a rotation is one conditional UPDATE.
grants = Table(
    "oauthstore_grants",
    metadata,
    _key("grant_id", IDENTIFIER),
    _required("client_id", IDENTIFIER),
    _optional("subject", IDENTIFIER),
    _optional("family", DIGEST),
    _required("granted_at", SECONDS),
    _optional("keep_until", SECONDS),
    _optional("revoked_at", SECONDS),
    _required("payload", Text()),
    _optional("current_digest", DIGEST),
    _optional("current_issued_at", SECONDS),
    _optional("current_expires_at", SECONDS),
    _optional("current_generation", SECONDS),
    _optional("current_rotated_at", SECONDS),
    _optional("current_payload", Text()),
    _optional("current_state", IDENTIFIER),
    _optional("previous_digest", DIGEST),
    _optional("previous_issued_at", SECONDS),
    _optional("previous_expires_at", SECONDS),
    _optional("previous_generation", SECONDS),
    _optional("previous_rotated_at", SECONDS),
    _optional("previous_payload", Text()),
    _optional("sealed_response", LargeBinary()),
    Index("oauthstore_grants_family", "family", unique=True),
    Index("oauthstore_grants_client", "client_id", "grant_id"),
    Index("oauthstore_grants_subject", "subject", "client_id", "grant_id"),
    Index("oauthstore_grants_keep_until", "keep_until", "grant_id"),
)

#: Access tokens and OAuth 1 token credentials.
tokens = Table(
    "oauthstore_tokens",
    metadata,
    _key("digest", DIGEST),
    _required("kind", IDENTIFIER),
    _required("issued_at", SECONDS),
    _optional("expires_at", SECONDS),
    _required("state", IDENTIFIER),
    _required("generation", SECONDS),
    _optional("rotated_at", SECONDS),
    _required("payload", Text()),
    _required("grant_id", IDENTIFIER),
    Index("oauthstore_tokens_grant", "grant_id"),
    Index("oauthstore_tokens_expires_at", "expires_at"),
)

#: What `revoke_all` raises. A scope is empty where it means any, else "=" and the name:
#: no name can look like another, or like none.
fences = Table(
    "oauthstore_fences",
    metadata,
    _key("client_scope", IDENTIFIER),
    _key("subject_scope", IDENTIFIER),
    _required("at", SECONDS),
    _required("keep_until", SECONDS),
    Index("oauthstore_fences_keep_until", "keep_until"),
    sqlite_with_rowid=False,
)

credentials = Table(
    "oauthstore_credentials",
    metadata,
    _key("kind", IDENTIFIER),
    _key("digest", DIGEST),
    _required("client_id", IDENTIFIER),
    _required("expires_at", SECONDS),
    _required("keep_until", SECONDS),
    _optional("alias", DIGEST),
    _optional("grant_id", IDENTIFIER),
    _optional("subject", IDENTIFIER),
    _required("state", IDENTIFIER),
    _optional("granted_at", SECONDS),
    _optional("interval", SECONDS),
    _optional("polled_at", SECONDS),
    _required("payload", Text()),
    #: Whether the last poll came too soon: its own UPDATE tells its caller by this.
    _optional("hasty", SmallInteger()),
    Index("oauthstore_credentials_alias", "kind", "alias", unique=True),
    Index("oauthstore_credentials_keep_until", "keep_until"),
)

nonces = Table(
    "oauthstore_nonces",
    metadata,
    _key("digest", DIGEST),
    _required("expires_at", SECONDS),
    Index("oauthstore_nonces_expires_at", "expires_at"),
    sqlite_with_rowid=False,
)

accounts = Table(
    "oauthstore_accounts",
    metadata,
    _key("subject", IDENTIFIER),
    _required("name", IDENTIFIER),
    _required("created_at", SECONDS),
    _required("version", SECONDS),
    _required("payload", Text()),
    Index("oauthstore_accounts_name", "name", unique=True),
)

attempts = Table(
    "oauthstore_attempts",
    metadata,
    _key("digest", DIGEST),
    _required("closes_at", SECONDS),
    _required("count", SECONDS),
    Index("oauthstore_attempts_closes_at", "closes_at"),
    sqlite_with_rowid=False,
)
