from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from oauthstore_core.errors import ConfigurationError, DuplicateError, StoreUnavailableError
from oauthstore_core.testing.samples import access_token, client, grant
from oauthstore_sqla import SqlaBackend, plugin
from oauthstore_sqla.engine import Statement

NOW = 1_700_000_000


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{path}")
    yield made
    made.dispose()


def asked(store: SqlaBackend, pragma: str) -> object:
    return store._store.rows(Statement(f"PRAGMA {pragma}"), {})[0][0]


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("sqlite://", "memory://"),
        ("sqlite:///", "memory://"),
        ("sqlite:///:memory:", "memory://"),
        ("sqlite:///file::memory:?cache=shared", "memory://"),
        ("sqlite:///{tmp}/o.db?timeout=3", "as options"),
        ("sqlite://host/o.db", "three slashes"),
        ("sqlite+aiosqlite:///{tmp}/o.db", "sqlite\\+pysqlite"),
        ("oracle://user:hunter2@host/db", "another backend"),
        ("postgresql+psycopg2://user:hunter2@host/db", r"postgresql\+psycopg://"),
        ("mysql+aiomysql://user:hunter2@host/db", r"mysql\+pymysql://"),
        ("mysql+aiomysql://user@host/db?passwd=hunter2", r"mysql\+pymysql://"),
        ("postgresql+psycopg2://user@host/db?sslpassword=hunter2", r"postgresql\+psycopg://"),
        ("postgresql://user:an@:hunter2@host/db", "Give one such as"),
        ("postgresql://host/db?nonsense=1", "nonsense"),
        ("postgresql://host/db?connect_timeout=soon", "connect_timeout"),
        ("mysql://host/db?nonsense=1", "nonsense"),
        ("mysql://host/db?read_timeout=soon", "read_timeout"),
        ("oauth.db", "sqlite:///oauth.db"),
        ("sqlite:///{tmp}/nowhere/o.db", "Create it"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_with_advice(
    url: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=advice) as caught:
        plugin.open(url.format(tmp=tmp_path), {})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db?sslmode=verify-full&target_session_attrs=read-write",
        "mysql://host/db?ssl_ca=/etc/ca.pem&charset=utf8mb4&read_timeout=9",
        "mariadb+pymysql://host/db?unix_socket=/run/mysqld/mysqld.sock",
    ],
)
def test_a_query_that_the_driver_knows_is_left_to_it(url: str) -> None:
    plugin.open(url, {}).close()


def test_an_engine_for_asyncio_is_refused_with_advice() -> None:
    engine = create_async_engine("postgresql+psycopg_async://host/db").sync_engine

    with pytest.raises(ConfigurationError, match="worker thread"):
        plugin.open("", {"engine": engine})


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"busy_timeuot": 3}, r"does not know \(known: access_tokens_per_grant, busy_timeout"),
        ({"busy_timeout": "3"}, "Give a number of seconds"),
        ({"busy_timeout": -1}, "Give a number of seconds"),
        ({"busy_timeout": float("inf")}, "Give a number of seconds"),
        ({"timeout": float("nan")}, "Give a number of seconds"),
        ({"access_tokens_per_grant": 0}, "Give 1 or more"),
        ({"access_tokens_per_grant": True}, "Give 1 or more"),
        ({"timeout": 3}, "not a server .* 'busy_timeout'"),
        ({"synchronous": "OFF"}, "Give FULL or NORMAL"),
        ({"engine": "sqlite:///x"}, "sqlalchemy.Engine"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_advice(
    url: str, options: dict[str, object], advice: str
) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        plugin.open(url, options)


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_a_relative_path_is_taken_from_where_the_server_was_started(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "with space%").mkdir()
    monkeypatch.chdir(tmp_path)
    store = plugin.open(f"{scheme}:///with space%/o.db", {})
    monkeypatch.chdir("/")

    store.migrate()
    store.ping()
    store.close()

    assert (tmp_path / "with space%" / "o.db").exists()


def test_connections_write_ahead_and_sync_every_commit(store: SqlaBackend) -> None:
    assert asked(store, "journal_mode") == "wal"
    assert asked(store, "synchronous") == 2
    assert asked(store, "busy_timeout") == 5000


def test_the_options_reach_the_connections(url: str) -> None:
    store = SqlaBackend(url, {"synchronous": "NORMAL", "busy_timeout": 0.25})
    store.migrate()

    assert asked(store, "synchronous") == 1
    assert asked(store, "busy_timeout") == 250
    assert store.describe()["synchronous"] == "NORMAL"
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
def test_a_new_database_is_for_its_owner_alone(store: SqlaBackend, path: Path) -> None:
    store.clients.save_client(client())

    modes = {name.name: name.stat().st_mode & 0o777 for name in path.parent.iterdir()}
    assert modes == {"oauth.db": 0o600, "oauth.db-wal": 0o600, "oauth.db-shm": 0o600}


def test_describe_tells_what_an_operator_asks_first(store: SqlaBackend, path: Path) -> None:
    assert store.describe() == {
        "backend": "sqla",
        "version": "0.1.0",
        "url": f"sqlite:///{path}",
        "path": str(path),
        "schema": {"current": "0004", "head": "0004"},
        "durable": True,
        "shared": True,
        "server": "SQLite",
        "server_version": sqlite3.sqlite_version,
        "isolation": "SERIALIZABLE",
        "clock_skew": 0.0,
        "journal_mode": "WAL",
        "synchronous": "FULL",
    }


def test_closing_twice_is_closing_once_and_then_nothing_works(store: SqlaBackend) -> None:
    store.close()
    store.close()

    with pytest.raises(StoreUnavailableError, match="Open it again"):
        store.clients.query_client("c")


def test_an_applications_engine_is_used_and_left_open(engine: Engine) -> None:
    store = plugin.open("sqlite://", {"engine": engine})
    store.migrate()
    store.clients.save_client(client(client_id="c"))
    pool = engine.pool
    store.close()

    assert engine.pool is pool
    with engine.connect() as connection:
        assert connection.execute(text("SELECT client_id FROM oauthstore_clients")).all() == [
            ("c",)
        ]


def test_an_applications_transactions_are_neither_joined_nor_changed(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN")  # type: ignore[attr-defined]

    store = plugin.open("sqlite://", {"engine": engine})
    store.migrate()
    made, token = grant(NOW), access_token(NOW)

    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        store.tokens.save_token(made, [token])
        connection.rollback()

    assert store.tokens.query_token(token.digest) is not None
    with engine.connect() as connection:
        assert connection.connection.isolation_level == ""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs sqlite3's `autocommit`")
@pytest.mark.parametrize("autocommit", [True, False])
def test_an_engine_in_each_of_the_drivers_modes_is_used(path: Path, autocommit: bool) -> None:  # noqa: FBT001 - a parameter of the test
    engine = create_engine(f"sqlite:///{path}", connect_args={"autocommit": autocommit})
    store = plugin.open("sqlite://", {"engine": engine})
    store.migrate()
    made, token = grant(NOW), access_token(NOW)

    store.tokens.save_token(made, [token])
    with pytest.raises(DuplicateError):
        store.tokens.save_token(grant(NOW), [token])

    assert len(store.tokens.list_grants(None, None, None, 9).items) == 1
    with engine.connect() as connection:
        assert connection.connection.autocommit is autocommit
    engine.dispose()


def test_an_engine_and_the_settings_of_its_connections_exclude_each_other(engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="leave out 'synchronous'"):
        plugin.open("sqlite://", {"engine": engine, "synchronous": "NORMAL"})
    with pytest.raises(ConfigurationError, match="memory://"):
        plugin.open("sqlite://", {"engine": create_engine("sqlite://")})
