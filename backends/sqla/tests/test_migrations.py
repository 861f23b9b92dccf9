from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, event, text

from oauthstore_core.errors import SchemaError, StoreUnavailableError
from oauthstore_core.testing.samples import client
from oauthstore_sqla import SqlaBackend, values
from oauthstore_sqla.migrations import configuration
from oauthstore_sqla.schema import HEAD, REVISIONS, VERSION_TABLE, metadata

TABLES = {
    "clients": values.CLIENT,
    "tokens": values.TOKEN,
    "grants": values.GRANT,
    "credentials": values.CREDENTIAL,
    "accounts": values.ACCOUNT,
}


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    yield made
    made.dispose()


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in rows}


def put_revision(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (revision,))  # noqa: S608


def test_migrating_twice_changes_nothing(store: SqlaBackend, path: Path) -> None:
    store.clients.save_client(client(client_id="kept"))
    before = tables(path)

    store.migrate()

    assert tables(path) == before == {*metadata.tables, VERSION_TABLE}
    assert store.clients.query_client("kept") is not None


def test_the_migrations_lead_to_the_tables_that_the_statements_expect(
    store: SqlaBackend, engine: Engine
) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})

        assert compare_metadata(context, metadata) == []


def test_the_revisions_known_to_the_code_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(configuration())

    known = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(known)) == REVISIONS
    assert scripts.get_current_head() == HEAD


@pytest.mark.parametrize("name", TABLES)
def test_a_tables_columns_begin_with_the_fields_of_its_record(name: str) -> None:
    fields = list(TABLES[name].values(None))

    assert list(metadata.tables[f"oauthstore_{name}"].c.keys())[: len(fields)] == fields


def test_a_store_that_is_newer_than_the_code_is_refused(store: SqlaBackend, path: Path) -> None:
    put_revision(path, "9999")

    for verb in (store.migrate, store.ping):
        with pytest.raises(SchemaError, match=r"'9999', which is newer .* pip install") as caught:
            verb()
        assert str(path) in str(caught.value)
    assert store.describe()["schema"] == {"current": "9999", "head": HEAD}


def test_ping_and_verbs_tell_to_migrate_where_there_is_no_file(url: str, path: Path) -> None:
    store = SqlaBackend(url)

    with pytest.raises(SchemaError, match="oauthstore migrate"):
        store.ping()
    with pytest.raises(StoreUnavailableError, match="oauthstore migrate"):
        store.clients.query_client("c")
    assert not path.exists()


def test_ping_and_verbs_tell_to_migrate_where_there_are_no_tables(url: str, path: Path) -> None:
    path.touch()
    store = SqlaBackend(url)

    with pytest.raises(SchemaError, match="oauthstore migrate"):
        store.ping()
    with pytest.raises(StoreUnavailableError, match="oauthstore migrate"):
        store.clients.save_client(client())
    store.close()


def test_many_threads_may_migrate_at_once(url: str) -> None:
    stores = [SqlaBackend(url) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda store: store.migrate(), stores))

    for store in stores:
        store.ping()
        store.close()


def test_many_processes_may_migrate_at_once(url: str) -> None:
    code = "import sys, oauthstore_sqla as s; b = s.SqlaBackend(sys.argv[1]); b.migrate(); b.ping()"
    command = [sys.executable, "-c", code, url]

    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]  # noqa: S603 - our own

    failures = [process.communicate(timeout=30)[1].decode() for process in running]
    assert failures == [""] * 4
    assert [process.returncode for process in running] == [0] * 4


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_a_migration_that_is_cut_off_leaves_nothing(
    url: str, path: Path, kind: type[BaseException]
) -> None:
    store = SqlaBackend(url)

    @event.listens_for(store._store._engine, "before_cursor_execute")
    def cut_off(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "oauthstore_nonces" in statement:
            raise kind

    with pytest.raises(kind):
        store.migrate()
    event.remove(store._store._engine, "before_cursor_execute", cut_off)
    left = tables(path)
    store.migrate()

    assert left == set()
    store.ping()
    store.close()


def test_an_applications_own_tables_and_alembic_are_left_alone(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE clients (id INTEGER)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))

    store = SqlaBackend(url)
    store.migrate()
    store.ping()
    store.close()

    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM alembic_version")).scalar() == "theirs"


def test_what_has_no_family_and_no_subject_is_in_no_index_of_them(
    store: SqlaBackend, path: Path
) -> None:
    wanted = "SELECT sql FROM sqlite_master WHERE name = 'oauthstore_grants_' || ?"

    with closing(sqlite3.connect(path)) as connection:
        made = {c: connection.execute(wanted, [c]).fetchone()[0] for c in ("family", "subject")}

    assert all(sql.endswith(f"WHERE {column} IS NOT NULL") for column, sql in made.items())
