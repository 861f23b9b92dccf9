"""Every lookup, revocation and purge finds its rows by an index (`EXPLAIN QUERY PLAN`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.engine import Statement
from oauthstore_sqla.schema import metadata

#: Which statement an index was made for.
USES = [
    ("tokens._sql.query_family", "oauthstore_grants_family"),
    ("tokens._writer._rotate", "oauthstore_grants_family"),
    ("tokens._sql._sweep.(True, False)", "oauthstore_grants_client"),
    ("tokens._sql._sweep.(False, True)", "oauthstore_grants_subject"),
    ("tokens._sql._sweep.(True, True)", "oauthstore_grants_subject (subject=? AND client_id=?"),
    ("tokens._sql._list.(True, False)", "oauthstore_grants_client (client_id=? AND grant_id>?"),
    ("tokens._writer._dropping(1)", "oauthstore_tokens_grant"),
    ("tokens._writer._purge_grants", "oauthstore_grants_keep_until"),
    ("tokens._purge_expired._delete", "oauthstore_tokens_expires_at"),
    ("tokens._purge_fences._delete", "oauthstore_fences_keep_until"),
    ("credentials._query_alias", "oauthstore_credentials_alias"),
    ("credentials._purge._delete", "oauthstore_credentials_keep_until"),
    ("clients._list_owned", "oauthstore_clients_owner"),
    ("clients._purge._delete", "oauthstore_clients_expires_at"),
    ("nonces._purge._delete", "oauthstore_nonces_expires_at"),
    ("accounts._query", "oauthstore_accounts_name"),
    ("accounts._purge._delete", "oauthstore_attempts_closes_at"),
]
INDEXES = sorted(str(index.name) for table in metadata.tables.values() for index in table.indexes)


def statements(store: SqlaBackend) -> Iterator[tuple[str, Statement]]:
    """Yield every statement of every role, by name."""
    waiting: list[tuple[str, object]] = [
        (role, getattr(store, role))
        for role in ("clients", "tokens", "credentials", "nonces", "accounts")
    ]
    yield "tokens._writer._dropping(1)", store.tokens._writer._dropping(1)  # type: ignore[attr-defined]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Statement):
            yield name, value
        elif isinstance(value, dict):
            waiting += [(f"{name}.{key}", item) for key, item in value.items()]
        elif type(value).__module__.startswith("oauthstore_sqla"):
            slots = getattr(value, "__slots__", ())
            parts = getattr(value, "__dict__", None) or {s: getattr(value, s) for s in slots}
            waiting += [
                (f"{name}.{key}", item)
                for key, item in parts.items()
                if key not in {"_store", "store", "credentials", "sql"}
            ]


def plan(store: SqlaBackend, statement: Statement) -> list[str]:
    explain = Statement(f"EXPLAIN QUERY PLAN {statement.sql}", statement.names)
    values: dict[str, object] = dict.fromkeys(statement.names, 1)
    return [row[3] for row in store._store.rows(explain, values)]


def scanning(store: SqlaBackend) -> list[str]:
    """Return the names of statements that read a whole table."""
    steps = {name: plan(store, statement) for name, statement in statements(store)}
    return [name for name, plan_ in steps.items() if any("SCAN oauth" in step for step in plan_)]


def test_no_statement_reads_a_table_without_an_index(store: SqlaBackend) -> None:
    assert len(dict(statements(store))) > 45
    assert scanning(store) == []


@pytest.mark.parametrize(("name", "index"), USES)
def test_a_statement_uses_the_index_made_for_it(store: SqlaBackend, name: str, index: str) -> None:
    assert uses(store, name, index)


@pytest.mark.parametrize("index", INDEXES)
def test_an_index_that_is_not_there_is_noticed(store: SqlaBackend, index: str) -> None:
    # On the store's own connection: EXPLAIN does not look whether another has changed the schema.
    store._store.rows(Statement(f"DROP INDEX {index}"), {})

    assert scanning(store) or not all(uses(store, *use) for use in USES)


def uses(store: SqlaBackend, name: str, index: str) -> bool:
    """Tell whether the statement of that name finds its rows by the index."""
    return any(index in step for step in plan(store, dict(statements(store))[name]))


def test_a_page_is_read_in_the_order_of_its_index(store: SqlaBackend) -> None:
    paged = {n: s for n, s in statements(store) if "._list" in n and "(False, True)" not in n}

    assert len(paged) >= 5
    for name, statement in paged.items():
        assert not any("TEMP B-TREE" in step for step in plan(store, statement)), name
