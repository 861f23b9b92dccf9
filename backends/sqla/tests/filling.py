"""Many rows in every table, written at once and past the verbs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Engine, Table, create_engine, insert

from oauthstore_sqla import schema

__all__ = [
    "account_row",
    "attempt_row",
    "client_row",
    "credential_row",
    "digest",
    "fence_row",
    "fill",
    "fill_table",
    "grant_row",
    "nonce_row",
    "token_row",
]

DAY = 86_400
_BATCH = 5_000

Row = Callable[[int, int], dict[str, Any]]


def digest(what: str, number: int) -> bytes:
    """Return the digest of the n-th of something."""
    return hashlib.sha256(f"{what} {number}".encode()).digest()


def fill(url: str, now: int, rows: int) -> None:
    """Put so many rows into every table; of each, one in a hundred is due at `now`."""
    engine = create_engine(url)
    for table, row in _ROWS.items():
        fill_table(engine, table, rows, lambda n, row=row: row(n, now - rows // 100 + n))
    engine.dispose()


def fill_table(
    engine: Engine, table: Table, rows: int, row: Callable[[int], dict[str, Any]]
) -> None:
    """Put rows into one table, in few large statements and one transaction."""
    binary = {c.name for c in table.c if c.type.dialect_impl(engine.dialect).python_type is bytes}
    with engine.begin() as connection:
        for start in range(0, rows, _BATCH):
            batch = [_stored(row(n), binary) for n in range(start, min(rows, start + _BATCH))]
            connection.execute(insert(table), batch)


def _stored(row: dict[str, Any], binary: Collection[str]) -> dict[str, Any]:
    """Return the row with bytes for texts, where a database has them so."""
    texts = {name: row[name].encode() for name in binary if isinstance(row.get(name), str)}
    return row | texts


def client_row(n: int, due: int) -> dict[str, Any]:
    return {
        "client_id": f"client-{n}",
        "owner": f"owner-{n % 1000}",
        "source": "dcr",
        "created_at": due - DAY,
        "expires_at": due,
        "version": 1,
        "payload": "{}",
    }


def grant_row(n: int, due: int) -> dict[str, Any]:
    return {
        "grant_id": f"grant-{n:06}",
        "client_id": f"client-{n % 1000}",
        "subject": f"subject-{n % 20_000}",
        "family": digest("family", n),
        "granted_at": due - DAY,
        "keep_until": due,
        "revoked_at": None,
        "payload": '{"scope":"profile"}',
        "current_digest": digest("current", n),
        "current_issued_at": due - DAY,
        "current_expires_at": due,
        "current_generation": 1,
        "current_rotated_at": None,
        "current_payload": '{"scope":"profile"}',
        "current_state": "active",
        "previous_digest": digest("previous", n),
        "previous_issued_at": due - DAY,
        "previous_expires_at": due,
        "previous_generation": 0,
        "previous_rotated_at": due - DAY,
        "previous_payload": '{"scope":"profile"}',
        "sealed_response": b"sealed",
    }


def token_row(n: int, due: int) -> dict[str, Any]:
    return {
        "digest": digest("token", n),
        "kind": "access",
        "issued_at": due - DAY,
        "expires_at": due,
        "state": "active",
        "generation": 0,
        "rotated_at": None,
        "payload": '{"scope":"profile"}',
        "grant_id": f"grant-{n:06}",
    }


def fence_row(n: int, due: int) -> dict[str, Any]:
    return {
        "scope": digest("scope", n),
        "at": due - 90 * DAY,
        "keep_until": due,
    }


def credential_row(n: int, due: int) -> dict[str, Any]:
    return {
        "kind": "device_code",
        "digest": digest("credential", n),
        "client_id": f"client-{n % 1000}",
        "expires_at": due,
        "keep_until": due,
        "alias": digest("alias", n),
        "grant_id": f"grant-{n:06}",
        "subject": None,
        "state": "pending",
        "granted_at": None,
        "interval": 5,
        "polled_at": None,
        "payload": "{}",
        "hasty": None,
    }


def nonce_row(n: int, due: int) -> dict[str, Any]:
    return {"digest": digest("nonce", n), "expires_at": due}


def account_row(n: int, due: int) -> dict[str, Any]:
    return {
        "subject": f"subject-{n}",
        "name": f"name-{n}",
        "created_at": due - DAY,
        "version": 1,
        "payload": "{}",
    }


def attempt_row(n: int, due: int) -> dict[str, Any]:
    return {"digest": digest("attempt", n), "closes_at": due, "count": 1}


_ROWS: dict[Table, Row] = {
    schema.clients: client_row,
    schema.grants: grant_row,
    schema.tokens: token_row,
    schema.fences: fence_row,
    schema.credentials: credential_row,
    schema.nonces: nonce_row,
    schema.accounts: account_row,
    schema.attempts: attempt_row,
}
