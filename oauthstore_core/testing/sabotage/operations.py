"""Mistakes in what a store says of itself, tells, and does for an operator."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from ...backends import BackendPlugin, Capabilities
from ...errors import ConflictError, DuplicateError, StoreError, StoreUnavailableError
from ...hookspecs import hookimpl
from ...memory.accounts import MemoryAccounts
from ...memory.clients import MemoryClients
from ...memory.credentials import MemoryCredentials
from ...memory.nonces import MemoryNonces
from ...memory.tokens import MemoryTokens
from ...records import Claim, Client, Credential, Grant, IssuedToken, Purged, Token
from ..address import StoreAddress
from .broken import SabotagedBackend, let_others_go_first

__all__ = ["OPERATION_SABOTAGE"]


class MoreThanDeclared(SabotagedBackend):
    """Is opened as durable, though its plugin knows of no such thing."""

    caught_by = "CAP-01a"
    capabilities = Capabilities(durable=True, redeems=True, blocking=False)

    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Declare less than the open store promises."""
        with super().installed() as address:
            declared = replace(cls.capabilities, durable=False)
            yield replace(address, plugin=replace(address.descriptor(), capabilities=declared))


class SharedInNameOnly(SabotagedBackend):
    """Says that other handles see its data, which it keeps to itself."""

    caught_by = "CAP-01b"
    capabilities = Capabilities(shared=True, redeems=True, blocking=False)


class DurableInNameOnly(SabotagedBackend):
    """Acknowledges what ends with the handle."""

    caught_by = "CAP-01d"
    capabilities = Capabilities(durable=True, redeems=True, blocking=False)


class RedeemsInNameOnly(SabotagedBackend):
    """Claims, and leaves the saving to somebody else."""

    caught_by = "CAP-01e"

    class Tokens(MemoryTokens):
        def redeem_credential(
            self,
            kind: str,
            digest: str,
            client_id: str,
            grant: Grant,
            tokens: Sequence[Token],
            now: int,
        ) -> Claim:
            return self._credentials.claim_credential(kind, digest, client_id, now)


class WaitsUnannounced(SabotagedBackend):
    """Waits in an event loop, having said that it does not block."""

    caught_by = "CAP-01f"

    class Nonces(MemoryNonces):
        def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
            time.sleep(0)
            return super().claim_nonce(digest, expires_at, now)


class RemovesUnannounced(SabotagedBackend):
    """Has a TTL, and does not say so."""

    caught_by = "CAP-01g"

    class Tokens(MemoryTokens):
        def query_token(self, digest: str) -> IssuedToken | None:
            found = super().query_token(digest)
            ended = found and found.token.expires_at and found.token.expires_at < time.time()
            return None if ended else found


class ParameterDropped(SabotagedBackend):
    """Has a hook of its own that knows nothing of the time, which pluggy lets pass."""

    caught_by = "CAP-04"

    class Nonces(MemoryNonces):
        @hookimpl
        def claim_nonce(self, digest: str, expires_at: int) -> bool:  # type: ignore[override]  # the mistake
            return super().claim_nonce(digest, expires_at, int(time.time()))


class PasswordDescribed(SabotagedBackend):
    """Shows an operator, and whoever reads the operator's tickets, the whole URL."""

    caught_by = "OPS-04c"

    def __init__(self, url: str = "memory://", options: Mapping[str, Any] | None = None) -> None:
        super().__init__(url, options)
        self._url = url

    def describe(self) -> Mapping[str, Any]:
        """Return too much."""
        return {**super().describe(), "url": self._url}

    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Give an address with a password."""
        with super().installed() as address:
            yield replace(address, url="memory://operator:hunter2@store.example/")


class DescriptionLies(SabotagedBackend):
    """Describes what its kind could be, not what it is."""

    caught_by = "OPS-04b"

    def describe(self) -> Mapping[str, Any]:
        """Return what is not so."""
        return {**super().describe(), "backend": type(self).__name__, "durable": True}


class MigrationStartsAnew(SabotagedBackend):
    """Creates its tables, and first drops those that are in the way."""

    caught_by = "OPS-03a"

    def migrate(self) -> None:
        """Lose everything."""
        SabotagedBackend.__init__(self)


class _WithAnother(SabotagedBackend):
    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Give the address of a second store, too."""
        with super().installed() as address:
            yield replace(address, another=address)


class MigrationOnce(_WithAnother):
    """Creates its tables without asking whether somebody else is about to."""

    caught_by = "OPS-03b"
    migrated = 0

    def migrate(self) -> None:
        """Look, then create."""
        before = self.migrated
        let_others_go_first()
        if self.migrated > before:
            raise StoreError("A table exists already.")
        self.migrated += 1


class PingThrows(_WithAnother):
    """Takes a table that is missing for a database that is away."""

    caught_by = "OPS-04a"
    migrated = False

    def migrate(self) -> None:
        """Create the tables."""
        self.migrated = True

    def ping(self) -> None:
        """Ask a table that may not be there."""
        if not self.migrated:
            raise StoreUnavailableError("No such table: version.")


class NeighboursInOneTable(_WithAnother):
    """Keeps the clients of all stores of a server in one place."""

    caught_by = "SEC-06"

    class Clients(MemoryClients):
        everybodys: ClassVar[dict[str, Client]] = {}

        def __init__(self, lock: threading.Lock) -> None:
            super().__init__(lock)
            self._clients = self.everybodys


class ClosedOnce(SabotagedBackend):
    """Fails when it is closed again."""

    caught_by = "OPS-04d"
    closed = False

    def close(self) -> None:
        """Close what is open."""
        if self.closed:
            raise StoreUnavailableError("There is no connection to close.")
        self.closed = True


class AliveWhenClosed(SabotagedBackend):
    """Connects anew when it is used after its end, and is never closed again."""

    caught_by = "OPS-04e"
    capabilities = Capabilities(redeems=True, blocking=True)


class BatchTakenForAll(SabotagedBackend):
    """Purges one batch of attempts and says that this was all."""

    caught_by = "OPS-02"

    class Accounts(MemoryAccounts):
        def purge_attempts(self, now: int, limit: int) -> Purged:
            return replace(super().purge_attempts(now, limit), more=False)


class PayloadInError(SabotagedBackend):
    """Shows the record that it refuses."""

    caught_by = "SEC-04a"

    class Clients(MemoryClients):
        def save_client(self, client: Client) -> Client:
            try:
                return super().save_client(client)
            except DuplicateError:
                raise DuplicateError(f"{client.client_id} exists: {client.payload}") from None


class PayloadLogged(SabotagedBackend):
    """Logs statements with their parameters."""

    caught_by = "SEC-04b"

    class Tokens(MemoryTokens):
        def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
            logging.getLogger("oauthstore.sabotage").debug("INSERT %s", (grant.payload,))
            super().save_token(grant, tokens)


class QuotesDoubled(SabotagedBackend):
    """Escapes what goes into a statement, and a driver that binds it escapes nothing."""

    caught_by = "SEC-05"

    class Credentials(MemoryCredentials):
        def save_credential(self, credential: Credential, now: int) -> None:
            escaped = credential.payload.replace("'", "''")
            super().save_credential(replace(credential, payload=escaped), now)


class WriterTurnedAway(SabotagedBackend):
    """Does not wait for the writer before it."""

    caught_by = "CON-04"

    class Credentials(MemoryCredentials):
        busy = False

        def save_credential(self, credential: Credential, now: int) -> None:
            if self.busy:
                raise ConflictError("The database is locked.")
            self.busy = True
            let_others_go_first()
            self.busy = False
            super().save_credential(credential, now)


class DeadlockThrown(SabotagedBackend):
    """Takes a deadlock for a database that is away, and tries nothing again."""

    caught_by = "CON-03"

    class Tokens(MemoryTokens):
        sweeping = 0

        def revoke_all(
            self, client_id: str | None, subject: str | None, now: int, keep_until: int
        ) -> int:
            self.sweeping += 1
            let_others_go_first()
            if self.sweeping > 1:
                raise StoreUnavailableError("A deadlock was detected.")
            self.sweeping -= 1
            return super().revoke_all(client_id, subject, now, keep_until)


class FirstFewPurged(SabotagedBackend):
    """Counts what is due, then removes as many from the top, whatever others did meanwhile."""

    caught_by = "CON-08b"

    class Credentials(MemoryCredentials):
        def purge_credentials(self, now: int, limit: int) -> Purged:
            due = sum(now >= each.keep_until for each in list(self._credentials.values()))
            let_others_go_first()
            with self._lock:
                doomed = list(self._credentials)[: min(due, limit)]
                for key in doomed:
                    del self._credentials[key]
            return Purged(len(doomed), more=due > limit)


class _Handle(SabotagedBackend):
    """One of several handles on the same store."""

    capabilities = Capabilities(shared=True, redeems=True, blocking=False)

    class Clients(MemoryClients):
        def __init__(self, lock: threading.Lock) -> None:
            super().__init__(lock)
            self._seen: dict[str, Client] = {}

        def query_client(self, client_id: str) -> Client | None:
            found = self._seen.get(client_id) or super().query_client(client_id)
            if found is not None:
                self._seen[client_id] = found
            return found


class StaleOnOtherHandles(_Handle):
    """Reads from a replica, or a cache, that hears late of what another handle wrote."""

    caught_by = "CON-05d"

    @classmethod
    @contextmanager
    def installed(cls) -> Generator[StoreAddress, None, None]:
        """Let all handles have the same data, and each a cache of its own."""
        store = cls()

        def opened(url: str, options: Mapping[str, Any]) -> StaleOnOtherHandles:
            handle = cls(url, options)
            handle.tokens, handle.credentials = store.tokens, store.credentials
            handle.nonces, handle.accounts = store.nonces, store.accounts
            handle.clients._clients = store.clients._clients
            return handle

        with super().installed() as address:
            plugin: BackendPlugin = replace(address.descriptor(), open=opened)
            yield replace(address, plugin=plugin)


OPERATION_SABOTAGE: tuple[type[SabotagedBackend], ...] = (
    MoreThanDeclared,
    SharedInNameOnly,
    DurableInNameOnly,
    RedeemsInNameOnly,
    WaitsUnannounced,
    RemovesUnannounced,
    ParameterDropped,
    PasswordDescribed,
    DescriptionLies,
    MigrationStartsAnew,
    MigrationOnce,
    PingThrows,
    NeighboursInOneTable,
    ClosedOnce,
    AliveWhenClosed,
    BatchTakenForAll,
    PayloadInError,
    PayloadLogged,
    QuotesDoubled,
    WriterTurnedAway,
    DeadlockThrown,
    FirstFewPurged,
    StaleOnOtherHandles,
)
