"""Connections to a server: an application's own, stale ones, and what is said of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy import Engine, NullPool, create_engine, event, make_url, text

from oauthstore_core.errors import (
    ConfigurationError,
    ConflictError,
    StoreError,
    StoreUnavailableError,
)
from oauthstore_core.records import ClaimOutcome
from oauthstore_core.testing.samples import (
    access_token,
    client,
    credential,
    fresh,
    grant,
    refresh_token,
)
from oauthstore_sqla import SqlaBackend, network, plugin
from oauthstore_sqla.engine import Session, Statement

from .servers import Database

NOW = 1_700_000_000


@pytest.fixture(params=["postgresql", "mysql"])
def server_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(database: Database) -> Iterator[SqlaBackend]:
    backend = SqlaBackend(database.url, {"connections": 3})
    yield backend
    backend.close()


@pytest.fixture(params=["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def engine(request: pytest.FixtureRequest, database: Database) -> Iterator[Engine]:
    made = create_engine(database.url, isolation_level=request.param, pool_size=4)
    yield made
    made.dispose()


def redeemed(store: SqlaBackend) -> list[ClaimOutcome]:
    """Return how eight threads fared that redeem one code."""
    code, kept = credential(NOW), grant(NOW, family=fresh())
    store.credentials.save_credential(code, NOW)

    def redeem(_: int) -> ClaimOutcome:
        tokens = [access_token(NOW), refresh_token(NOW)]
        return store.tokens.redeem_credential(
            code.kind, code.digest, code.client_id, kept, tokens, NOW
        ).outcome

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(redeem, range(8)))


def test_an_applications_engine_serves_at_every_isolation_level(engine: Engine) -> None:
    store = plugin.open("", {"engine": engine})
    store.migrate()

    for _ in range(10):
        outcomes = redeemed(store)
        assert outcomes.count(ClaimOutcome.WON) == 1
        assert outcomes.count(ClaimOutcome.ALREADY_USED) == 7
    store.close()


def test_an_applications_transaction_is_neither_joined_nor_ended(engine: Engine) -> None:
    store = plugin.open("", {"engine": engine})
    made = client()
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE theirs (number INTEGER PRIMARY KEY)"))
        connection.commit()
        connection.execute(text("INSERT INTO theirs VALUES (1)"))
        store.clients.save_client(made)
        connection.rollback()
        rows = connection.execute(text("SELECT count(*) FROM theirs")).scalar_one()

    assert rows == 0
    assert store.clients.query_client(made.client_id) is not None
    store.close()
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO theirs VALUES (2)"))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM theirs")).scalar_one() == 0


def kill_connections(store: SqlaBackend, url: str) -> None:
    """End every connection of the store at the server, as a restart does."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        ours = "datname = current_database() AND pid <> pg_backend_pid()"
        plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as link:
            link.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")  # noqa: S608
        return
    with create_engine(url, poolclass=NullPool).connect() as connection:
        found = connection.execute(
            text(
                "SELECT id FROM information_schema.processlist"
                " WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            )
        )
        for (number,) in found.all():
            connection.execute(text(f"KILL {number}"))


def use_three(store: SqlaBackend) -> None:
    """Have three connections open."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: store._store.run(_slowly, writes=False), range(3)))


def _slowly(session: Any) -> None:  # noqa: ANN401 - the store's
    time.sleep(0.2)
    session.rows(Statement("SELECT 1"), {})


def test_one_lost_connection_tells_of_the_others(store: SqlaBackend, database: Database) -> None:
    use_three(store)
    kill_connections(store, database.url)

    with pytest.raises(StoreUnavailableError):
        store.clients.query_client("c")
    for _ in range(4):
        use_three(store)
        assert store.clients.query_client("c") is None


def test_a_connection_that_was_idle_is_tried_before_it_is_used(
    store: SqlaBackend, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_three(store)
    kill_connections(store, database.url)

    monkeypatch.setattr(network, "_IDLE", 0.0)
    use_three(store)
    assert store.clients.query_client("c") is None


def test_a_transaction_of_a_hook_of_the_applications_is_not_in_the_way(
    database: Database,
) -> None:
    engine = create_engine(database.url)

    @event.listens_for(engine, "connect")
    def _(driver: Any, _: object) -> None:  # noqa: ANN401 - the driver's
        driver.cursor().execute("SELECT 1")

    store = SqlaBackend("sqlite://", {"engine": engine})
    store.ping()
    engine.dispose()


@pytest.mark.parametrize("server_name", ["mysql"])
def test_an_engine_that_counts_only_changes_is_refused(database: Database) -> None:
    plain = make_url(database.url)
    engine = create_engine(
        "mysql+pymysql://",
        creator=lambda: pymysql.connect(
            host=plain.host,
            port=plain.port or 3306,
            user=plain.username,
            password=plain.password or "",
            database=plain.database,
        ),
    )
    store = SqlaBackend("sqlite://", {"engine": engine})

    with pytest.raises(StoreUnavailableError, match="FOUND_ROWS"):
        store.tokens.save_token(grant(NOW), [access_token(NOW)])
    engine.dispose()


def test_a_transaction_that_cannot_be_rolled_back_fails_with_what_was_the_matter(
    database: Database, engine: Engine
) -> None:
    def fail(session: Session) -> None:
        session._connection.close()
        raise TimeoutError("timed out")

    for options in ({}, {"engine": engine}):
        store = SqlaBackend(database.url, options)
        with pytest.raises(TimeoutError):
            store._store.on_connection(lambda session: session.within(fail))
        assert store.clients.query_client("c") is None
        store.close()


def test_a_save_that_the_database_refuses_leaves_no_announcement(store: SqlaBackend) -> None:
    code = credential(NOW)
    store.credentials.save_credential(code, NOW)
    refused = replace(access_token(NOW), generation=2**63)

    with pytest.raises(StoreError, match="nothing was written"):
        store.tokens.save_token(grant(NOW), [refused])
    with pytest.raises(StoreError, match="nothing was written"):
        store.tokens.redeem_credential(
            code.kind, code.digest, code.client_id, grant(NOW), [refused], NOW
        )

    assert store.tokens.list_grants(None, None, None, 9).items == ()
    assert store.credentials.query_credential(code.kind, code.digest) == code


def test_a_server_that_is_away_is_unavailable_and_its_password_unsaid(server_name: str) -> None:
    driver = {"postgresql": "postgresql", "mysql": "mariadb"}[server_name]
    store = SqlaBackend(f"{driver}://someone:hunter2@127.0.0.1:1/db?password=hunter2")

    for call in (store.ping, store.migrate, lambda: store.clients.query_client("c")):
        with pytest.raises(StoreUnavailableError, match="server runs") as caught:
            call()
        assert "hunter2" not in f"{caught.value}{store._store.url}"
    with pytest.raises(StoreUnavailableError):
        store.describe()
    store.close()


def test_describe_tells_what_an_operator_asks_first(
    store: SqlaBackend, database: Database, server_name: str
) -> None:
    told = store.describe()

    assert told["server"] == {"postgresql": "PostgreSQL", "mysql": "MariaDB"}[server_name]
    assert told["isolation"] == "READ COMMITTED"
    assert told["synchronous"] == {"postgresql": "on", "mysql": 1}[server_name]
    assert abs(told["clock_skew"]) < 5
    assert told["server_version"][0].isdigit()


@pytest.mark.parametrize("option", ["synchronous", "timeout"])
def test_an_option_that_means_nothing_here_is_refused(
    option: str, engine: Engine, database: Database
) -> None:
    value = {"synchronous": "FULL", "timeout": 3}[option]

    with pytest.raises(ConfigurationError, match=option):
        SqlaBackend(database.url, {"engine": engine, option: value})
    with pytest.raises(ConfigurationError, match="SQLite's"):
        SqlaBackend(database.url, {"synchronous": "FULL"})


def test_a_writer_that_is_kept_waiting_is_told_that_nothing_was_done(
    database: Database,
) -> None:
    store = SqlaBackend(database.url, {"busy_timeout": 1})
    code = credential(NOW)
    store.credentials.save_credential(code, NOW)
    with create_engine(database.url, poolclass=NullPool).connect() as connection:
        connection.execute(text("SELECT * FROM oauthstore_credentials FOR UPDATE")).all()

        with pytest.raises(ConflictError, match="busy_timeout"):
            store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)
        connection.rollback()

    claim = store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)
    assert claim.outcome is ClaimOutcome.WON
    store.close()
