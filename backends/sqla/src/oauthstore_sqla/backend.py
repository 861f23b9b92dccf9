"""The open store: five roles on one database, and what an operator does with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from oauthstore_core._version import __version__
from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import SchemaError

from .accounts import SqlaAccounts
from .clients import SqlaClients
from .credentials import SqlaCredentials
from .database import DIALECTS, open_database
from .engine import Statement
from .errors import MissingSchemaError
from .options import read_options
from .schema import HEAD, REVISIONS, VERSION_TABLE
from .statements import TokenStatements
from .tokens import SqlaTokens

__all__ = ["SqlaBackend", "plugin"]

_REVISION: Final = Statement(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - our name


class SqlaBackend:
    """All five roles in one SQL database."""

    capabilities = Capabilities(
        durable=True, shared=True, atomic="store", redeems=True, blocking=True
    )

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        """Open the store, without connecting; the README has the URLs and options."""
        read = read_options(options or {})
        database = open_database(url, read)
        self._path = database.path
        self._store = store = database.store
        self.clients = SqlaClients(store)
        self.credentials = SqlaCredentials(store)
        writer = database.writer(store, self.credentials, TokenStatements(store))
        self.tokens = SqlaTokens(store, writer, read.access_tokens_per_grant)
        self.nonces = database.nonces(store)
        self.accounts = SqlaAccounts(store)

    def migrate(self) -> None:
        """Create the tables or bring them up to date; any number may do so at once."""
        if self._check(self._revision()) == HEAD:
            return
        # Alembic takes longer to import than all the rest, and servers never need it.
        from .migrations import current_revision, upgrade  # noqa: PLC0415

        def work(connection: Connection) -> None:
            if self._check(current_revision(connection)) != HEAD:
                upgrade(connection)

        self._store.upgrade(work)

    def ping(self) -> None:
        """Return if the database answers and has the schema that this version knows."""
        revision = self._check(self._revision())
        if revision != HEAD:
            raise SchemaError(
                f"The schema of {self._store.where} was asked for: it is at {revision or 'none'}, "
                f"and this version of oauthstore-sqla needs {HEAD}. Run `oauthstore migrate`."
            )

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        current = self._revision()
        return {
            "backend": "sqla",
            "version": __version__,
            "url": self._store.url,
            "path": None if self._path is None else str(self._path),
            "schema": {"current": current, "head": HEAD},
            "durable": self.capabilities.durable,
            "shared": self.capabilities.shared,
            **({} if current is None else self._store.facts()),
        }

    def close(self) -> None:
        """Close the connections; an application's engine stays as it is."""
        self._store.close()

    def _revision(self) -> str | None:
        try:
            rows = self._store.rows(_REVISION, {})
        except MissingSchemaError:
            return None
        return rows[0][0] if rows else None

    def _check(self, revision: str | None) -> str | None:
        if revision is None or revision in REVISIONS:
            return revision
        raise SchemaError(
            f"The schema of {self._store.where} was asked for: it is at {revision!r}, which is "
            f"newer than {HEAD}, the newest that this version of oauthstore-sqla knows. "
            "Install the newer version again: pip install --upgrade oauthstore-sqla."
        )


plugin = BackendPlugin(
    name="sqla",
    roles=("clients", "tokens", "credentials", "nonces", "accounts"),
    capabilities=SqlaBackend.capabilities,
    open=SqlaBackend,
    schemes=tuple(DIALECTS),
)
