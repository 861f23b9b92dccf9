"""Migrations where several processes start at once, on PostgreSQL and MariaDB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, NullPool, create_engine, event, inspect, text

from oauthstore_core.errors import GrantRevokedError, SchemaError, StoreUnavailableError
from oauthstore_core.testing.samples import client, grant
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.migrations import configuration
from oauthstore_sqla.schema import HEAD, VERSION_TABLE, metadata

from .servers import Database

pytestmark = pytest.mark.servers

NOW = 1_700_000_000


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def server_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(empty_database: Database) -> Engine:
    return create_engine(empty_database.url, poolclass=NullPool)


def migrated(url: str) -> None:
    store = SqlaBackend(url)
    store.migrate()
    store.ping()
    store.close()


def test_the_migrations_lead_to_the_tables_that_the_statements_expect(
    empty_database: Database, engine: Engine
) -> None:
    migrated(empty_database.url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_many_processes_may_migrate_at_once(empty_database: Database) -> None:
    code = "import sys, oauthstore_sqla as s; b = s.SqlaBackend(sys.argv[1]); b.migrate(); b.ping()"
    call = [sys.executable, "-c", code, empty_database.url]

    running = [subprocess.Popen(call, stderr=subprocess.PIPE) for _ in range(4)]  # noqa: S603 - our own

    failures = [process.communicate(timeout=60)[1].decode() for process in running]
    assert failures == [""] * 4


@pytest.mark.parametrize("table", ["oauthstore_grants_family", "oauthstore_nonces", "0002"])
def test_a_migration_that_was_cut_off_is_completed_by_the_next(
    empty_database: Database, engine: Engine, table: str
) -> None:
    store = SqlaBackend(empty_database.url)

    @event.listens_for(store._store._engine, "before_cursor_execute")
    def cut_off(
        connection: object, cursor: object, statement: str, parameters: object, *rest: object
    ) -> None:
        if f"{table}" in f"{statement} {parameters}" and not statement.startswith("SELECT"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.migrate()
    event.remove(store._store._engine, "before_cursor_execute", cut_off)
    with pytest.raises(SchemaError):
        store.ping()
    store.migrate()
    store.ping()
    store.close()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


@pytest.fixture
def older(empty_database: Database) -> Iterator[SqlaBackend]:
    """Return a store with the tables of the first revision."""
    store = SqlaBackend(empty_database.url)
    bring_to_the_first(store)
    yield store
    store.close()


def bring_to_the_first(store: SqlaBackend) -> None:
    store._store.upgrade(lambda connection: command.upgrade(configuration(connection), "0001"))


def raise_old_fences(engine: Engine) -> None:
    """Put fences over a client and a subject, as the first revision kept them."""
    old = "INSERT INTO oauthstore_fences (client_scope, subject_scope, at, keep_until)"
    with engine.begin() as connection:
        connection.execute(text(f"{old} VALUES ('=gone', '', {NOW}, {NOW + 9})"))
        connection.execute(text(f"{old} VALUES ('', '=alice', {NOW}, {NOW + 9})"))


def assert_the_fences_stand(store: SqlaBackend) -> None:
    for fenced in (grant(NOW, client_id="gone"), grant(NOW, subject="alice")):
        with pytest.raises(GrantRevokedError):
            store.tokens.save_token(fenced, [])
    store.tokens.save_token(grant(NOW, client_id="other"), [])


def test_an_older_store_is_brought_up_with_its_fences(older: SqlaBackend, engine: Engine) -> None:
    raise_old_fences(engine)
    with pytest.raises(SchemaError, match=f"needs {HEAD}"):
        older.ping()

    older.migrate()

    assert older.describe()["schema"] == {"current": HEAD, "head": HEAD}
    assert_the_fences_stand(older)


def test_a_migration_may_be_killed_before_any_of_its_statements(
    older: SqlaBackend, engine: Engine
) -> None:
    for place in count(1):
        raise_old_fences(engine)
        whole = migrated_up_to(older, place)
        older.migrate()

        older.ping()
        assert_the_fences_stand(older)
        assert set(inspect(engine).get_table_names()) == {*metadata.tables, VERSION_TABLE}
        if whole:
            break
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE oauthstore_fences"))
            connection.execute(text("ALTER TABLE oauthstore_grants DROP COLUMN saved"))
            connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608 - our name
        bring_to_the_first(older)
    assert place > 7


def migrated_up_to(store: SqlaBackend, place: int) -> bool:
    """Migrate until that statement is to come which may change something; tell if none came."""
    engine, statements = store._store._engine, count(1)

    @event.listens_for(engine, "before_cursor_execute")
    def cut_off(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("SELECT", "SHOW", "PRAGMA")) and next(statements) == place:
            raise KeyboardInterrupt

    try:
        store.migrate()
    except KeyboardInterrupt:
        return False
    finally:
        event.remove(engine, "before_cursor_execute", cut_off)
    return True


def test_a_store_that_is_newer_than_the_code_is_refused(
    empty_database: Database, engine: Engine
) -> None:
    migrated(empty_database.url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    store = SqlaBackend(empty_database.url)

    for verb in (store.migrate, store.ping):
        with pytest.raises(SchemaError, match="'9999', which is newer"):
            verb()
    store.close()


def test_ping_and_verbs_tell_to_migrate_where_there_are_no_tables(
    empty_database: Database, engine: Engine
) -> None:
    store = SqlaBackend(empty_database.url)

    with pytest.raises(SchemaError, match="oauthstore migrate"):
        store.ping()
    with pytest.raises(StoreUnavailableError, match="oauthstore migrate"):
        store.clients.save_client(client())
    assert inspect(engine).get_table_names() == []
    store.close()


def test_the_tables_of_an_application_stay_as_they_are(
    empty_database: Database, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))

    migrated(empty_database.url)

    with engine.connect() as connection:
        theirs = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    assert theirs == ["theirs"]
