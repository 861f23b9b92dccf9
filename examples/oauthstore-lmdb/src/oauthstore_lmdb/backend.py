"""The open store, and what an operator does with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import lmdb

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import ConfigurationError, SchemaError

from .nonces import LmdbNonces
from .store import Store

__all__ = ["LmdbBackend", "plugin"]

_SCHEMA_KEY: Final = b"schema"
#: The schema that this version writes; what a later one writes, it leaves alone.
_SCHEMA: Final = 1
_SMALLEST_MAP: Final = 1 << 20


class LmdbBackend:
    """The role `nonces` in one LMDB file."""

    capabilities = Capabilities(durable=True, shared=True, atomic="store")

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        """Open the store, without touching the file; the README has the URL and options."""
        chosen = _read_options(options or {})
        self._map_size = chosen.map_size
        self._store = Store(_path_of(url), chosen.map_size, chosen.on_io)
        self.nonces = LmdbNonces(self._store)

    def migrate(self) -> None:
        """Create the file; any number of processes may do so at once."""
        self._store.create()
        with self._store.transaction(write=True) as transaction:
            if self._check(transaction.get(_SCHEMA_KEY)) is None:
                transaction.put(_SCHEMA_KEY, b"%d" % _SCHEMA)

    def ping(self) -> None:
        """Return if the file can be read and has the schema that this version knows."""
        if self._check(self._schema()) is None:
            raise SchemaError(
                f"{self._store.where} was asked for its schema, but there is none yet. "
                "Run `oauthstore migrate` once before the server starts."
            )

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        schema = self._schema()
        facts = {
            "backend": plugin.name,
            "version": version("oauthstore-lmdb"),
            "server": "LMDB",
            "server_version": ".".join(map(str, lmdb.version())),
            "path": str(self._store.path),
            "schema": {"current": schema and schema.decode(), "head": str(_SCHEMA)},
            "durable": self.capabilities.durable,
            "shared": self.capabilities.shared,
            "map_size": self._map_size,
        }
        if schema is not None:
            with self._store.transaction() as transaction:
                # Two for each nonce, and one for the schema.
                facts["nonces"] = transaction.stat()["entries"] // 2
        return facts

    def close(self) -> None:
        """Close the file, unless another handle of this process uses it."""
        self._store.close()

    def _schema(self) -> bytes | None:
        if not self._store.path.exists():
            return None
        with self._store.transaction() as transaction:
            return transaction.get(_SCHEMA_KEY)

    def _check(self, found: bytes | None) -> bytes | None:
        if found is not None and int(found) > _SCHEMA:
            raise SchemaError(
                f"{self._store.where} was asked for its schema: it is at {found.decode()}, which "
                f"is newer than {_SCHEMA}, the newest that this version of oauthstore-lmdb knows. "
                "Install the newer version again: pip install --upgrade oauthstore-lmdb."
            )
        return found


@dataclass(frozen=True, slots=True)
class _Options:
    map_size: int = 1 << 30
    #: A seam for tests: called with "before" and "after" each I/O. It may wait, or raise an
    #: `OSError`, which counts as the file's.
    on_io: Callable[[str], None] = lambda _: None


def _read_options(given: Mapping[str, Any]) -> _Options:
    unknown = sorted(set(given) - {"map_size", "on_io"})
    if unknown:
        raise ConfigurationError(
            f"The store was opened with the option {unknown[0]!r}, which oauthstore-lmdb does not "
            "know (known: map_size). Take it out or correct its name."
        )
    options = _Options(**given)
    if type(options.map_size) is not int or options.map_size < _SMALLEST_MAP:
        raise ConfigurationError(
            f"The store was opened with the option 'map_size', but its value is "
            f"{options.map_size!r}. Give a number of bytes, {_SMALLEST_MAP} or more."
        )
    return options


def _path_of(url: str) -> Path:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or not path.name or not path.is_absolute():
        raise ConfigurationError(
            f"The store {url} was to be opened, but its URL does not name one file by its absolute "
            "path. Give one such as lmdb:///var/lib/oauthstore/nonces.lmdb."
        )
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"The store {url} was to be opened, but there is no directory {path.parent}. "
            "Create it, writable for the server's user, or correct the URL."
        )
    return path


plugin = BackendPlugin(
    name="lmdb",
    roles=("nonces",),
    capabilities=LmdbBackend.capabilities,
    open=LmdbBackend,
)
