"""The tables, in SQLAlchemy Core; the same for every dialect.

Digests are 32 bytes, times whole seconds. Identifiers are equal where their bytes
are, and sort by them: collations know languages, and a client's name has none.
Names carry a prefix, because the database may be one that the application fills
with tables of its own.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    column,
)
from sqlalchemy.dialects import mysql
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
REVISIONS: Final = ("0001", "0002", "0003", "0004")
HEAD: Final = REVISIONS[-1]
#: Where the revision stands: apart from that of an application that uses Alembic itself.
VERSION_TABLE: Final = "oauthstore_version"

#: InnoDB's index keys have 3,072 bytes at most; its texts compare as if padded with spaces.
LONGEST_IDENTIFIER: Final = 2560
_PREFIX: Final = 255
_MYSQL: Final = ("mysql", "mariadb")


def _identifier(mysql_bytes: int) -> TypeEngine[str]:
    binary: TypeEngine[Any] = mysql.VARBINARY(mysql_bytes)
    return Text().with_variant(Text(collation="C"), "postgresql").with_variant(binary, *_MYSQL)


DIGEST: Final = LargeBinary(32).with_variant(mysql.BINARY(32), *_MYSQL)
IDENTIFIER: Final = _identifier(LONGEST_IDENTIFIER)
#: A word of the contract that stays open, and stands in keys.
KIND: Final = _identifier(_PREFIX)
#: One of the contract's own words.
STATE: Final = Text().with_variant(
    mysql.VARCHAR(16, charset="ascii", collation="ascii_bin"), *_MYSQL
)
PAYLOAD: Final = Text().with_variant(
    mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), *_MYSQL
)
SEALED: Final = LargeBinary().with_variant(mysql.LONGBLOB(), *_MYSQL)
SECONDS: Final = BigInteger()

metadata = MetaData()


def _index(name: str, *columns: str, unique: bool = False, given: str | None = None) -> Index:
    """Return an index; MySQL's holds of identifiers but the beginning, the last one apart.

    SQLite's leaves out the rows in which the column `given` is NULL.
    """
    shortened = {c: _PREFIX for c in columns[:-1] if c in {"client_id", "owner", "subject"}}
    partial: dict[str, Any] = {} if given is None else {"sqlite_where": column(given).is_not(None)}
    return Index(
        name, *columns, unique=unique, mysql_length=shortened, mariadb_length=shortened, **partial
    )


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
    _required("source", KIND),
    _required("created_at", SECONDS),
    _optional("expires_at", SECONDS),
    _required("version", SECONDS),
    _required("payload", PAYLOAD),
    _index("oauthstore_clients_owner", "owner", "client_id"),
    _index("oauthstore_clients_expires_at", "expires_at"),
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
    _required("payload", PAYLOAD),
    _optional("current_digest", DIGEST),
    _optional("current_issued_at", SECONDS),
    _optional("current_expires_at", SECONDS),
    _optional("current_generation", SECONDS),
    _optional("current_rotated_at", SECONDS),
    _optional("current_payload", PAYLOAD),
    _optional("current_state", STATE),
    _optional("previous_digest", DIGEST),
    _optional("previous_issued_at", SECONDS),
    _optional("previous_expires_at", SECONDS),
    _optional("previous_generation", SECONDS),
    _optional("previous_rotated_at", SECONDS),
    _optional("previous_payload", PAYLOAD),
    _optional("sealed_response", SEALED),
    #: 1 once a save has been through: a grant without tokens is else like one announced in vain.
    _optional("saved", SmallInteger()),
    _index("oauthstore_grants_family", "family", unique=True, given="family"),
    _index("oauthstore_grants_client", "client_id", "grant_id"),
    _index("oauthstore_grants_subject", "subject", "client_id", "grant_id", given="subject"),
    _index("oauthstore_grants_keep_until", "keep_until", "grant_id"),
)

#: Access tokens and OAuth 1 token credentials.
tokens = Table(
    "oauthstore_tokens",
    metadata,
    _key("digest", DIGEST),
    _required("kind", KIND),
    _required("issued_at", SECONDS),
    _optional("expires_at", SECONDS),
    _required("state", STATE),
    _required("generation", SECONDS),
    _optional("rotated_at", SECONDS),
    _required("payload", PAYLOAD),
    _required("grant_id", IDENTIFIER),
    _index("oauthstore_tokens_grant", "grant_id"),
    _index("oauthstore_tokens_expires_at", "expires_at"),
)

#: What `revoke_all` raises; the scope is the digest of a client, a subject, or both.
fences = Table(
    "oauthstore_fences",
    metadata,
    _key("scope", DIGEST),
    _required("at", SECONDS),
    _required("keep_until", SECONDS),
    _index("oauthstore_fences_keep_until", "keep_until"),
    sqlite_with_rowid=False,
)

credentials = Table(
    "oauthstore_credentials",
    metadata,
    _key("kind", KIND),
    _key("digest", DIGEST),
    _required("client_id", IDENTIFIER),
    _required("expires_at", SECONDS),
    _required("keep_until", SECONDS),
    _optional("alias", DIGEST),
    _optional("grant_id", IDENTIFIER),
    _optional("subject", IDENTIFIER),
    _required("state", STATE),
    _optional("granted_at", SECONDS),
    _optional("interval", SECONDS),
    _optional("polled_at", SECONDS),
    _required("payload", PAYLOAD),
    #: Whether the last poll came too soon: its own UPDATE tells its caller by this.
    _optional("hasty", SmallInteger()),
    _index("oauthstore_credentials_alias", "kind", "alias", unique=True),
    _index("oauthstore_credentials_keep_until", "keep_until"),
)

nonces = Table(
    "oauthstore_nonces",
    metadata,
    _key("digest", DIGEST),
    _required("expires_at", SECONDS),
    _index("oauthstore_nonces_expires_at", "expires_at"),
    sqlite_with_rowid=False,
)

accounts = Table(
    "oauthstore_accounts",
    metadata,
    _key("subject", IDENTIFIER),
    _required("name", IDENTIFIER),
    _required("created_at", SECONDS),
    _required("version", SECONDS),
    _required("payload", PAYLOAD),
    _index("oauthstore_accounts_name", "name", unique=True),
)

attempts = Table(
    "oauthstore_attempts",
    metadata,
    _key("digest", DIGEST),
    _required("closes_at", SECONDS),
    _required("count", SECONDS),
    _index("oauthstore_attempts_closes_at", "closes_at"),
    sqlite_with_rowid=False,
)
