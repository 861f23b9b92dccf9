"""A decorator that remembers clients for a few seconds: the plugin ``client_cache``.

Options: `seconds` (5), for how long; `size` (1024), of how many clients. A
client that another process changes or deletes is seen as it was for up to
`seconds`, unless it is read within `stores.read_anew`; the fence of a revocation
stands that much further ahead, so that nothing issued on a stale answer outlives
it. So whatever deletes or revokes, the command line too, must run with the same
`plugins` and options as the servers.
"""

# The hooks' documentation is the hookspecs'.
# ruff: noqa: D102

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from .errors import SettingsError
from .hookspecs import ClientStore, hookimpl
from .plugins.descriptors import Plugin, PluginContext
from .records import Client, Purged
from .stores.forwarding import ForwardingClientStore
from .stores.reading import is_read_anew

__all__ = ["CachingClientStore", "plugin"]

DEFAULT_SECONDS: Final = 5
DEFAULT_SIZE: Final = 1024


class CachingClientStore(ForwardingClientStore):
    """Answers `query_client` from memory; what is not found is asked for every time."""

    def __init__(
        self,
        store: ClientStore,
        *,
        seconds: int = DEFAULT_SECONDS,
        size: int = DEFAULT_SIZE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store)
        self._seconds = seconds
        self._size = size
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, tuple[float, Client]] = OrderedDict()
        self._writes = 0

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        # Counted from before the read: what it returns may be as old as that.
        now = self._monotonic()
        with self._lock:
            fresh_until, client = self._clients.get(client_id, (now, None))
            if client is not None and now < fresh_until and not is_read_anew():
                self._clients.move_to_end(client_id)
                return client
            writes = self._writes
        client = self.store.query_client(client_id)
        if client is not None:
            self._remember(client, now + self._seconds, writes)
        return client

    def _remember(self, client: Client, fresh_until: float, writes: int) -> None:
        with self._lock:
            # A write went by meanwhile: this may be what the client was before it.
            if writes != self._writes:
                return
            self._clients[client.client_id] = (fresh_until, client)
            self._clients.move_to_end(client.client_id)
            if len(self._clients) > self._size:
                self._clients.popitem(last=False)

    @hookimpl
    def save_client(self, client: Client) -> Client:
        try:
            return self.store.save_client(client)
        finally:
            self._forget(client.client_id)

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        try:
            return self.store.delete_client(client_id)
        finally:
            self._forget(client_id)

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        try:
            return self.store.purge_clients(now, limit)
        finally:
            self._forget(None)

    def _forget(self, client_id: str | None) -> None:
        """Forget the client, or all of them; also when the outcome of the write is unknown."""
        with self._lock:
            self._writes += 1
            if client_id is None:
                self._clients.clear()
            else:
                self._clients.pop(client_id, None)


def _seconds(options: Mapping[str, Any]) -> int:
    return _at_least_one(options, "seconds", DEFAULT_SECONDS)


def _at_least_one(options: Mapping[str, Any], option: str, default: int) -> int:
    value: int = options.get(option, default)
    if value < 1:
        problem = (
            f"`plugin_options.client_cache.{option}` is {value}, but must be at least 1. "
            "Take `client_cache` out of `plugins` to do without it."
        )
        raise SettingsError([problem])
    return value


def _decorate(
    role: str, store: ClientStore, options: Mapping[str, Any], _context: PluginContext
) -> CachingClientStore | None:
    if role != "clients":
        return None
    size = _at_least_one(options, "size", DEFAULT_SIZE)
    return CachingClientStore(store, seconds=_seconds(options), size=size)


plugin = Plugin(
    name="client_cache",
    decorate=_decorate,
    cache_seconds=_seconds,
    options={"seconds": int, "size": int},
)
