"""Tokens that are added while a purge is looking for what has ended, on PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, NullPool, create_engine, insert, text

from oauthstore_core.testing.samples import grant
from oauthstore_sqla import SqlaBackend, schema

from .filling import token_row
from .servers import Database

NOW = 1_700_000_000
_GATE = """
ALTER TABLE oauthstore_grants RENAME TO grants_behind_the_gate;
CREATE FUNCTION passed() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_lock(1), pg_advisory_unlock(1);
    RETURN true;
END $$;
CREATE VIEW oauthstore_grants AS SELECT * FROM grants_behind_the_gate WHERE passed();
"""


@pytest.fixture
def server_name() -> str:
    return "postgresql"


@pytest.fixture
def other(database: Database) -> Iterator[Connection]:
    engine = create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def test_a_token_that_comes_while_a_purge_looks_for_its_grant_goes_with_it(
    database: Database, other: Connection
) -> None:
    store = SqlaBackend(database.url)
    ended = grant(NOW, keep_until=NOW)
    store.tokens.save_token(ended, [])
    other.exec_driver_sql(_GATE)
    late = {**token_row(1, NOW), "grant_id": ended.grant_id, "expires_at": None}

    with ThreadPoolExecutor(1) as pool:
        # Who looks at a grant waits at the gate, with what it sees already chosen.
        other.execute(text("SELECT pg_advisory_lock(1)"))
        purge = pool.submit(store.tokens.purge_tokens, NOW, 9)
        wait_for_somebody_at_the_gate(other)
        other.execute(insert(schema.tokens), late)
        other.execute(text("SELECT pg_advisory_unlock(1)"))
        purged = purge.result()

    assert purged.count == 1
    assert other.execute(text("SELECT count(*) FROM oauthstore_tokens")).scalar_one() == 0
    store.close()


def wait_for_somebody_at_the_gate(connection: Connection) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not connection.execute(text(waiting)).scalar_one():
        time.sleep(0.01)
