"""What a verb costs on SQLite: statements, BEGIN and COMMIT counted as well; and how each looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from costs import calls
from django.db.backends.signals import connection_created

from oauthstore_django.backend import DjangoBackend
from oauthstore_django.connections import OwnConnection

COSTS = {
    "save: new": 4,
    "save: new, with a refresh token": 4,
    "save: without access token": 3,
    "save: another access token": 4,
    "save: that drops": 5,
    "save: refused": 4,
    "query_token": 1,
    "query_refresh_token": 1,
    "list_grants": 1,
    "rotate: won": 4,
    "rotate: grace": 4,
    "rotate: reused": 5,
    "revoke_token": 1,
    "revoke_grant": 1,
    "revoke_all": 2,
    "save_credential": 1,
    "save_credential: alias taken over": 5,
    "query_credential": 1,
    "claim: won": 1,
    "claim: lost": 2,
    "decide": 1,
    "poll: pending": 1,
    "poll: approved": 2,
    "redeem: won": 5,
    "redeem: lost": 4,
    "register": 1,
    "count_attempt": 1,
    "claim_nonce": 1,
    "purge": 1,
    "purge: tokens, nothing due": 5,
    "purge: tokens, grants due": 7,
}


@pytest.fixture
def seen(store: DjangoBackend) -> Iterator[list[str]]:
    """Return the statements that SQLite executes from now on, with their values."""
    statements: list[str] = []

    def trace(sender: object, connection: OwnConnection, **_: object) -> None:
        connection.connection.set_trace_callback(statements.append)

    connection_created.connect(trace)
    store._store._pool._make_anew()
    store.ping()
    yield statements
    connection_created.disconnect(trace)


def test_a_verb_costs_what_the_readme_says(store: DjangoBackend, seen: list[str]) -> None:
    found: dict[str, set[int]] = {}
    for name, call in calls(store):
        seen.clear()
        call()
        found.setdefault(name, set()).add(len(seen))

    assert found == {name: {cost} for name, cost in COSTS.items()}


def test_no_statement_looks_at_every_row(store: DjangoBackend, seen: list[str], path: Path) -> None:
    seen.clear()  # to ask for the schema is no verb
    for _, call in calls(store):
        call()

    with closing(sqlite3.connect(path)) as raw:
        plans = {statement: _plan(raw, statement) for statement in seen}
    scans = {s: plan for s, plan in plans.items() if any(_scans(step) for step in plan)}
    assert len(plans) > 50
    assert scans == {}


def _plan(raw: sqlite3.Connection, statement: str) -> list[str]:
    if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
        return []
    return [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}")]


def _scans(step: str) -> bool:
    """Tell whether a step reads a table to its end; a page or a purge reads an index in order."""
    in_order = " USING " in step or "CONSTANT ROW" in step
    return step.startswith("SCAN ") and not in_order and " due" not in step
