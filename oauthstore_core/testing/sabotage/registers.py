"""Mistakes in clients, accounts and nonces, and in what the core hands to a store."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import cast
from unittest.mock import patch

from ...memory.accounts import MemoryAccounts
from ...memory.clients import MemoryClients
from ...memory.nonces import MemoryNonces
from ...records import Account, Client, Purged
from ..address import StoreAddress
from .broken import SabotagedBackend, let_others_go_first

__all__ = ["REGISTER_SABOTAGE"]


class VersionIgnored(SabotagedBackend):
    """Replaces the client whatever version the writer had read."""

    caught_by = "CLI-01a"

    class Clients(MemoryClients):
        def save_client(self, client: Client) -> Client:
            stored = self._clients.get(client.client_id)
            return super().save_client(replace(client, version=stored.version if stored else 0))


class VersionComparedBefore(SabotagedBackend):
    """Compares the version, then writes: both of two writers are told that they succeeded."""

    caught_by = "CON-01a"

    class Clients(MemoryClients):
        def save_client(self, client: Client) -> Client:
            stored = self._clients.get(client.client_id)
            let_others_go_first()
            if stored is None or stored.version != client.version:
                return super().save_client(client)
            saved = self._clients[client.client_id] = replace(client, version=client.version + 1)
            return saved


class ClientsFoldCase(SabotagedBackend):
    """Compares client ids as its database collates text."""

    caught_by = "SEC-03a"

    class Clients(MemoryClients):
        def query_client(self, client_id: str) -> Client | None:
            wanted = client_id.casefold()
            found = (c for key, c in self._clients.items() if key.casefold() == wanted)
            return next(found, None)


class ExpiryNeverCleared(SabotagedBackend):
    """Leaves the old TTL on a client that was saved without one."""

    caught_by = "IDX-03"

    class Clients(MemoryClients):
        def __init__(self, lock: threading.Lock) -> None:
            super().__init__(lock)
            self._ends: dict[str, int] = {}

        def save_client(self, client: Client) -> Client:
            if client.expires_at is not None:
                self._ends[client.client_id] = client.expires_at
            return super().save_client(client)

        def _end(self, client_id: str) -> int | None:
            return self._ends.get(client_id) if client_id in self._clients else None


class AttemptsLost(SabotagedBackend):
    """Reads the count, adds one, and writes it."""

    caught_by = "ACC-04a"

    class Accounts(MemoryAccounts):
        def count_attempt(self, digest: str, window: int, now: int) -> int:
            closes_at, count = self._attempts.get(digest, (now + window, 0))
            let_others_go_first()
            self._attempts[digest] = (closes_at, count + 1)
            return count + 1


class WindowSlides(SabotagedBackend):
    """Begins the window anew with each attempt."""

    caught_by = "ACC-03"

    class Accounts(MemoryAccounts):
        def count_attempt(self, digest: str, window: int, now: int) -> int:
            count = super().count_attempt(digest, window, now)
            self._attempts[digest] = (now + window, count)
            return count


class NameTakenOver(SabotagedBackend):
    """Asks only whether the subject is taken."""

    caught_by = "RT-02c"

    class Accounts(MemoryAccounts):
        def save_account(self, account: Account) -> Account:
            self._subjects.pop(account.name, None)
            return super().save_account(account)


class _NoLock:
    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return


class _SlowDict(dict[str, int]):
    def get(self, key: str, default: int = 0) -> int:  # type: ignore[override]  # one of its forms
        found = super().get(key, default)
        let_others_go_first()
        return found


class LockThatLocksNothing(SabotagedBackend):
    """Has a lock for each process, or for each call: it keeps nobody out."""

    caught_by = "RPL-01a"

    class Nonces(MemoryNonces):
        def __init__(self, lock: threading.Lock) -> None:
            super().__init__(lock)
            self._expiry = _SlowDict()

    def make_lock(self) -> threading.Lock:
        """Return what looks like a lock."""
        return cast("threading.Lock", _NoLock())


class NonceKeyCut(SabotagedBackend):
    """Keeps the first half of a digest, to save space."""

    caught_by = "RPL-02"

    class Nonces(MemoryNonces):
        def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            return super().claim_nonce(digest[:32], expires_at, now)


class NonceForgottenEarly(SabotagedBackend):
    """Forgets a nonce a second too early."""

    caught_by = "RPL-04a"

    class Nonces(MemoryNonces):
        def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            return super().claim_nonce(digest, expires_at - 1, now)


class NonceProlonged(SabotagedBackend):
    """Lets each replay prolong the memory of the first use."""

    caught_by = "RPL-04b"

    class Nonces(MemoryNonces):
        def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            first = super().claim_nonce(digest, expires_at, now)
            self._expiry[digest] = max(self._expiry[digest], expires_at)
            return first


class PurgeGoesByTheFirstEnd(SabotagedBackend):
    """Leaves the first end in its index when an expired nonce is taken anew."""

    caught_by = "RPL-04c"

    class Nonces(MemoryNonces):
        def purge_nonces(self, now: int, limit: int) -> Purged:
            end = dict.fromkeys(self._expiry, now).get
            return self._deadlines.purge(now, limit, end, self._expiry.__delitem__)


class PurgeWithoutLimit(SabotagedBackend):
    """Removes all at once, however many there are."""

    caught_by = "EXP-05b"

    class Nonces(MemoryNonces):
        def purge_nonces(self, now: int, limit: int) -> Purged:
            return super().purge_nonces(now, 10**9)


class PurgeSaysNothingIsLeft(SabotagedBackend):
    """Stops at the limit and never says that more is left."""

    caught_by = "EXP-05b"

    class Nonces(MemoryNonces):
        def purge_nonces(self, now: int, limit: int) -> Purged:
            return Purged(super().purge_nonces(now, limit).count, more=False)


class JoinedByDash(SabotagedBackend):
    """The core joins a nonce's parts by a dash before it digests them."""

    caught_by = "RPL-03"

    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Put the mistake into the core."""

        def joined(*parts: str) -> str:
            return hashlib.sha256("-".join(parts).encode()).hexdigest()

        with patch("oauthstore_core.digests.nonce_digest", joined), super().installed() as address:
            yield address


class _PlainHandles(SabotagedBackend):
    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Put the mistake into the core."""
        with patch("oauthstore_core.digests.digest", str), super().installed() as address:
            yield address


class PlainTokens(_PlainHandles):
    """The core hands tokens over as they are."""

    caught_by = "SEC-01a"


class PlainCodes(_PlainHandles):
    """The core hands codes over as they are."""

    caught_by = "SEC-01b"


REGISTER_SABOTAGE: tuple[type[SabotagedBackend], ...] = (
    VersionIgnored,
    VersionComparedBefore,
    ClientsFoldCase,
    ExpiryNeverCleared,
    AttemptsLost,
    WindowSlides,
    NameTakenOver,
    LockThatLocksNothing,
    NonceKeyCut,
    NonceForgottenEarly,
    NonceProlonged,
    PurgeGoesByTheFirstEnd,
    PurgeWithoutLimit,
    PurgeSaysNothingIsLeft,
    JoinedByDash,
    PlainTokens,
    PlainCodes,
)
