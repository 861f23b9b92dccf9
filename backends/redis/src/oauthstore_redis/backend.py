"""The open store: five roles on one server or cluster, and what an operator does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from oauthstore_core._version import __version__
from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import SchemaError

from .connections import SCHEMES
from .credentials import RedisCredentials
from .nonces import RedisNonces
from .options import read_options
from .registers import RedisAccounts, RedisClients
from .server import facts, is_durable
from .store import Command, Store
from .tokens import RedisTokens

__all__ = ["RedisBackend", "plugin"]

#: The layout of keys that this version writes.
_SCHEMA: Final = 1
_CEILING: Final = Capabilities(durable=True, shared=True, atomic="store", native_ttl=True)


class RedisBackend:
    """All five roles on Redis or Valkey."""

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        """Open the store, without connecting; the README has the URLs and options."""
        self._store = store = Store(url, read_options(options or {}))
        self._durable: bool | None = None
        self.clients = RedisClients(store)
        self.tokens = RedisTokens(store)
        self.credentials = RedisCredentials(store)
        self.nonces = RedisNonces(store)
        self.accounts = RedisAccounts(store)

    @property
    def capabilities(self) -> Capabilities:
        """What the server keeps, as it is set up; asked of it when it is read first."""
        if self._durable is None:
            self._durable = self._store.ask(is_durable)
        return replace(_CEILING, durable=self._durable)

    def migrate(self) -> None:
        """Note the layout of the keys; any number may do so at once."""
        key = self._store.keys.schema
        self._store.run(Command(("SETNX", key, _SCHEMA), key))
        self._check()

    def ping(self) -> None:
        """Return if the server answers and its keys have the layout that this version knows."""
        if self._check() is None:
            raise SchemaError(
                f"{self._store.where} was asked for its schema, but there is none yet. "
                "Run `oauthstore migrate` once before the server starts."
            )

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        current = self._store.get(self._store.keys.schema)
        return {
            "backend": "redis",
            "version": __version__,
            "url": self._store.url,
            "prefix": self._store.keys.prefix,
            "schema": {"current": current, "head": str(_SCHEMA)},
            "durable": self.capabilities.durable,
            "shared": True,
            **self._store.ask(facts),
        }

    def close(self) -> None:
        """Close the connections."""
        self._store.close()

    def _check(self) -> str | None:
        found = self._store.get(self._store.keys.schema)
        if found is None or found == str(_SCHEMA):
            return found
        raise SchemaError(
            f"The schema of {self._store.where} was asked for: it is at {found!r}, which is "
            f"newer than {_SCHEMA}, the newest that this version of oauthstore-redis knows. "
            "Install the newer version again: pip install --upgrade oauthstore-redis."
        )


plugin = BackendPlugin(
    name="redis",
    roles=("clients", "tokens", "credentials", "nonces", "accounts"),
    capabilities=_CEILING,
    open=RedisBackend,
    schemes=tuple(scheme for scheme in SCHEMES if scheme != "redis"),
)
