"""The in-process backend: a lock and dicts. For tests, for trying out, and as the model.

Nothing survives the process and no other process sees it: `shared=False,
durable=False`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .._version import __version__
from ..backends import BackendPlugin, Capabilities
from ..judgement import ACCESS_TOKENS_PER_GRANT
from .accounts import MemoryAccounts
from .clients import MemoryClients
from .credentials import MemoryCredentials
from .nonces import MemoryNonces
from .tokens import MemoryTokens

__all__ = ["MemoryBackend", "plugin"]


class MemoryBackend:
    """All five roles under one lock."""

    capabilities = Capabilities(redeems=True, blocking=False)

    def __init__(self, url: str = "memory://", options: Mapping[str, Any] | None = None) -> None:
        """Open an empty store; option `access_tokens_per_grant` as law 9 of the contract."""
        limit = int((options or {}).get("access_tokens_per_grant", ACCESS_TOKENS_PER_GRANT))
        lock = threading.Lock()
        self.clients = MemoryClients(lock)
        self.credentials = MemoryCredentials(lock)
        self.tokens = MemoryTokens(lock, self.credentials, limit)
        self.nonces = MemoryNonces(lock)
        self.accounts = MemoryAccounts(lock)

    def migrate(self) -> None:
        """Do nothing: there is no schema."""

    def ping(self) -> None:
        """Return: memory always answers."""

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        return {
            "backend": "memory",
            "version": __version__,
            "durable": False,
            "shared": False,
            "advice": "data ends with the process; use a database in production",
        }

    def close(self) -> None:
        """Do nothing: the data goes with the object."""


plugin = BackendPlugin(
    name="memory",
    roles=("clients", "tokens", "credentials", "nonces", "accounts"),
    capabilities=MemoryBackend.capabilities,
    open=MemoryBackend,
)
