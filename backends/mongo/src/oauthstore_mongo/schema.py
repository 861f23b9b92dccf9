"""The collections and their indexes, and the version of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import ASCENDING, IndexModel

from oauthstore_core.errors import SchemaError

from .connections import HEAD, SCHEMA, Connections

__all__ = [
    "ACCOUNTS",
    "ATTEMPTS",
    "CLIENTS",
    "CREDENTIALS",
    "GRANTS",
    "INDEXES",
    "NONCES",
    "migrate",
]

CLIENTS: Final = "oauthstore_clients"
#: Grants with their tokens, and the fences of revocations.
GRANTS: Final = "oauthstore_grants"
CREDENTIALS: Final = "oauthstore_credentials"
NONCES: Final = "oauthstore_nonces"
ACCOUNTS: Final = "oauthstore_accounts"
#: Windows of sign-in attempts.
ATTEMPTS: Final = "oauthstore_attempts"


def _index(*fields: str, **options: object) -> IndexModel:
    return IndexModel([(field, ASCENDING) for field in fields], **options)


def _of_those_with(field: str, *others: str, **options: object) -> IndexModel:
    """Return an index of the documents that have the field.

    Without the condition a unique index would hold all that lack it for the same.
    """
    condition = {field: {"$exists": True}}
    return _index(field, *others, partialFilterExpression=condition, **options)


def _ttl() -> IndexModel:
    return _index("remove_at", expireAfterSeconds=0)


#: What finds a record for each verb; `_id` is always there.
INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    CLIENTS: (_index("owner", "_id"), _of_those_with("expires_at")),
    GRANTS: (
        _of_those_with("tokens.digest", unique=True),
        _of_those_with("family", unique=True),
        _index("client_id", "_id"),
        _of_those_with("subject", "_id"),
        _of_those_with("keep_until"),
        _of_those_with("tokens.expires_at"),
        _ttl(),
    ),
    CREDENTIALS: (
        _of_those_with("alias", "kind", unique=True),
        _index("keep_until"),
        _ttl(),
    ),
    NONCES: (_index("expires_at"), _ttl()),
    ACCOUNTS: (_index("name", unique=True),),
    ATTEMPTS: (_index("closes_at"), _ttl()),
}


def migrate(connections: Connections) -> None:
    """Create what is missing; any number of processes may do so at once."""
    version = connections.schema_version()
    if version is not None and version > HEAD:
        raise SchemaError(
            f"The schema of {connections.where} was asked for: it is at {version}, which is newer "
            f"than {HEAD}, the newest that this version of oauthstore-mongo knows. "
            "Install the newer version again: pip install --upgrade oauthstore-mongo."
        )
    if version == HEAD:
        return
    for collection, indexes in INDEXES.items():
        _create(connections, collection, indexes)
    # Last, so that one that was killed is begun anew.
    mark: dict[str, Any] = {"$max": {"version": HEAD}}
    connections.run_unchecked(
        lambda db: db[SCHEMA].update_one({"_id": "schema"}, mark, upsert=True)
    )


def _create(connections: Connections, collection: str, indexes: Sequence[IndexModel]) -> None:
    connections.run_unchecked(lambda db: db[collection].create_indexes(list(indexes)))
