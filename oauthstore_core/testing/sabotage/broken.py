"""How a broken backend is made: the memory backend with one role replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from ...backends import BackendPlugin
from ...memory import MemoryBackend
from ...memory.accounts import MemoryAccounts
from ...memory.clients import MemoryClients
from ...memory.credentials import MemoryCredentials
from ...memory.nonces import MemoryNonces
from ...memory.tokens import MemoryTokens
from ..address import StoreAddress

__all__ = ["SabotagedBackend", "let_others_go_first"]

#: Long enough for sixteen threads that started together.
_A_WHILE = 0.003


class SabotagedBackend(MemoryBackend):
    """A memory backend with one mistake, which the docstring of each subclass tells.

    `caught_by` is the case that must fail on it.
    """

    caught_by: ClassVar[str]
    Clients: ClassVar[type[MemoryClients]] = MemoryClients
    Tokens: ClassVar[type[MemoryTokens]] = MemoryTokens
    Credentials: ClassVar[type[MemoryCredentials]] = MemoryCredentials
    Nonces: ClassVar[type[MemoryNonces]] = MemoryNonces
    Accounts: ClassVar[type[MemoryAccounts]] = MemoryAccounts
    tokens_per_grant: ClassVar[int] = 32

    def __init__(self, url: str = "memory://", options: Mapping[str, Any] | None = None) -> None:
        super().__init__(url, options)
        lock = self.make_lock()
        self.clients = self.Clients(lock)
        self.credentials = self.Credentials(lock)
        self.tokens = self.Tokens(lock, self.credentials, self.tokens_per_grant)
        self.nonces = self.Nonces(lock)
        self.accounts = self.Accounts(lock)

    def make_lock(self) -> threading.Lock:
        """Return the lock that the roles share."""
        return threading.Lock()

    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Give the address of an empty broken store, for as long as the mistake is in place."""
        yield StoreAddress(BackendPlugin(cls.__name__, _ROLES, cls.capabilities, open=cls), "")


_ROLES = ("clients", "tokens", "credentials", "nonces", "accounts")


def let_others_go_first() -> None:
    """Stand for the I/O between a look and a write: other threads get in."""
    time.sleep(_A_WHILE)
