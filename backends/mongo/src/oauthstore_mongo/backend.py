"""The open store: five roles in one database, and what an operator does with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from oauthstore_core._version import __version__
from oauthstore_core.backends import BackendPlugin, Capabilities

from .accounts import MongoAccounts
from .clients import MongoClients
from .connections import HEAD, Connections
from .credentials import MongoCredentials
from .nonces import MongoNonces
from .options import read_options
from .schema import INDEXES, migrate
from .tokens import MongoTokens

__all__ = ["MongoBackend", "plugin"]


class MongoBackend:
    """All five roles in one database of a standalone server or a replica set."""

    #: Not `redeems`: a claim and a save are two documents, and a standalone server has no
    #: transactions. Not `native_ttl`: expired tokens of a live grant wait for a purge.
    capabilities = Capabilities(durable=True, shared=True, atomic="store", blocking=True)

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        """Open the store, without connecting; the README has the URLs and options."""
        read = read_options(options or {})
        self._connections = connections = Connections(url, read)
        self.clients = MongoClients(connections)
        self.credentials = MongoCredentials(connections)
        self.tokens = MongoTokens(connections, read.access_tokens_per_grant)
        self.nonces = MongoNonces(connections)
        self.accounts = MongoAccounts(connections)

    def migrate(self) -> None:
        """Create collections and indexes, or bring them up to date; any number may at once."""
        migrate(self._connections)

    def ping(self) -> None:
        """Return if the server answers and the store has the schema that this version knows."""
        self._connections.check_schema()

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        current = self._connections.schema_version()
        return {
            "backend": "mongodb",
            "version": __version__,
            "url": self._connections.url,
            "schema": {"current": current, "head": HEAD},
            "durable": self.capabilities.durable,
            "shared": self.capabilities.shared,
            **self._server(),
            "indexes": {name: self._indexes(name) for name in INDEXES} if current else {},
        }

    def _server(self) -> dict[str, Any]:
        before = time.time()
        hello = self._connections.run_unchecked(lambda db: db.command("hello"))
        midway = (before + time.time()) / 2
        build = self._connections.run_unchecked(lambda db: db.command("buildInfo"))
        local = hello["localTime"].replace(tzinfo=UTC).timestamp()
        gateway = build.get("ferretdb", {}).get("version")
        return {
            "server": f"FerretDB {gateway}" if gateway else "MongoDB",
            "server_version": build["version"],
            "topology": _topology(hello),
            "read_preference": "primary",
            "write_concern": {"w": "majority", "j": True},
            "clock_skew": round(local - midway, 3),
        }

    def _indexes(self, collection: str) -> list[str]:
        found = self._connections.run_unchecked(lambda db: db[collection].index_information())
        return sorted(found)

    def close(self) -> None:
        """Close the connections; an application's client stays as it is."""
        self._connections.close()


def _topology(hello: Mapping[str, Any]) -> str:
    if hello.get("msg") == "isdbgrid":
        return "sharded cluster"
    name = hello.get("setName")
    return f"replica set {name}" if name else "standalone"


plugin = BackendPlugin(
    name="mongodb",
    roles=("clients", "tokens", "credentials", "nonces", "accounts"),
    capabilities=MongoBackend.capabilities,
    open=MongoBackend,
    schemes=("mongodb", "mongodb+srv"),
)
