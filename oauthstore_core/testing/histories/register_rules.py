"""Rules of the roles `clients`, `nonces` and `accounts`."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from ...records import Account, Client
from .rules import BEGINNING, HANDLE, LIMIT, PAYLOAD, Rules

__all__ = ["AccountRules", "ClientRules", "NonceRules"]

#: A store that folds case or Unicode forms takes some of them for one another.
NAMES: Final = ("a", "A", "\u00e9", "e\u0301", "a'; -- {$ne}\x00")
NAME: Final = st.sampled_from(NAMES)
OWNER: Final = st.sampled_from(("owner", "Owner", "", None))
#: Added to the stored version; 0 is what a writer who read it last would send.
STALE: Final = st.sampled_from((0, 0, 0, 1, -1, None))
DIGEST: Final = st.integers(0, 3)


def _version(stored: int, stale: int | None) -> int:
    """Return the version of a save; None is that of a new record."""
    return 0 if stale is None else max(0, stored + stale)


class ClientRules(Rules):
    """Five clients of few owners."""

    @initialize(count=BEGINNING, life=st.sampled_from((None, 30)))
    def begin_clients(self, count: int, life: int | None) -> None:
        """Create some clients, for else most calls would find nothing."""
        for number in range(count):
            self.save_client(number, NAMES[number], "owner", life, None, "{}")

    def owned(self, owner: str | None) -> str | None:
        """Return the owner as he is called in this history; none and nobody are everybody's."""
        return self.history.name(owner) if owner else owner

    @rule(
        handle=HANDLE,
        name=NAME,
        owner=OWNER,
        life=st.sampled_from((None, 30, 400)),
        stale=STALE,
        payload=PAYLOAD,
    )
    def save_client(
        self,
        handle: int,
        name: str,
        owner: str | None,
        life: int | None,
        stale: int | None,
        payload: str,
    ) -> None:
        """Create or replace a client, at times with a version that is not the stored one."""
        client_id = self.history.name(name)
        stored = self.history.model.clients.query_client(client_id)
        client = Client(
            client_id,
            owner=self.owned(owner),
            source="dcr",
            created_at=self.now,
            expires_at=None if life is None else self.end(life),
            version=_version(stored.version if stored else 0, stale),
            payload=payload,
        )
        self.history.ask(handle, "clients", "save_client", client=client)

    @rule(handle=HANDLE, name=NAME)
    def query_client(self, handle: int, name: str) -> None:
        """Look at a client."""
        self.history.ask(handle, "clients", "query_client", client_id=self.history.name(name))

    @rule(handle=HANDLE, name=NAME)
    def delete_client(self, handle: int, name: str) -> None:
        """Delete a client, there or not."""
        self.history.ask(handle, "clients", "delete_client", client_id=self.history.name(name))

    @rule(handle=HANDLE, owner=OWNER, limit=LIMIT)
    def list_clients(self, handle: int, owner: str | None, limit: int) -> None:
        """List an owner's clients, or all."""
        self.history.ask_pages(
            handle, "clients", "list_clients", limit=limit, owner=self.owned(owner)
        )

    @rule(handle=HANDLE, limit=LIMIT)
    def purge_clients(self, handle: int, limit: int) -> None:
        """Purge the clients that have expired."""
        self.history.ask_purge(handle, "clients", "purge_clients", limit=limit)

    # Rules are drawn with equal weight; most there is to go wrong in these.
    save_again = save_client
    purge_again = purge_clients

    def look_at_everything(self) -> None:
        """Look at every client."""
        super().look_at_everything()
        for handle, name in enumerate(NAMES):
            self.query_client(handle, name)

    def clean(self) -> None:
        """Delete all clients."""
        super().clean()
        for name in NAMES:
            self.history.remove("clients", "delete_client", client_id=self.history.name(name))


class NonceRules(Rules):
    """Four nonces, of digests that differ in their last character."""

    @initialize(count=BEGINNING, life=st.sampled_from((30, 5)))
    def begin_nonces(self, count: int, life: int) -> None:
        """Use some nonces."""
        for number in range(count):
            self.claim_nonce(number, number, life)

    @rule(handle=HANDLE, number=DIGEST, life=st.sampled_from((30, 5, 1)))
    def claim_nonce(self, handle: int, number: int, life: int) -> None:
        """Use a nonce."""
        digest = f"{self.history.digest('nonce')[:-1]}{number}"
        values = {"digest": digest, "expires_at": self.noted(self.now + life), "now": self.now}
        self.history.ask(handle, "nonces", "claim_nonce", **values)

    @rule(handle=HANDLE, limit=LIMIT)
    def purge_nonces(self, handle: int, limit: int) -> None:
        """Purge the nonces whose time is over."""
        self.history.ask_purge(handle, "nonces", "purge_nonces", limit=limit)

    def clean(self) -> None:
        """Purge all nonces."""
        super().clean()
        self.history.empty("nonces", "purge_nonces")


class AccountRules(Rules):
    """Five subjects that want five names, and four counts of attempts."""

    @initialize(count=BEGINNING)
    def begin_accounts(self, count: int) -> None:
        """Create some accounts, each of which bears its subject as name."""
        for number in range(count):
            self.save_account(number, NAMES[number], NAMES[number], None, "{}")

    @rule(handle=HANDLE, subject=NAME, name=NAME, stale=STALE, payload=PAYLOAD)
    def save_account(
        self, handle: int, subject: str, name: str, stale: int | None, payload: str
    ) -> None:
        """Create or replace an account; the contract leaves open which of two errors comes."""
        subject, name = self.history.name(subject), self.history.name(name)
        stored = self.history.model.accounts.query_account_by_subject(subject)
        sent = _version(stored.version if stored else 0, stale)
        holder = self.history.model.accounts.query_account(name)
        taken = holder is not None and holder.subject != subject
        if taken and sent != (stored.version if stored else 0):
            return
        account = Account(subject, name, created_at=self.now, version=sent, payload=payload)
        self.history.ask(handle, "accounts", "save_account", account=account)

    @rule(handle=HANDLE, name=NAME)
    def query_account(self, handle: int, name: str) -> None:
        """Look at an account by its name."""
        self.history.ask(handle, "accounts", "query_account", name=self.history.name(name))

    @rule(handle=HANDLE, subject=NAME)
    def query_account_by_subject(self, handle: int, subject: str) -> None:
        """Look at an account by its subject."""
        subject = self.history.name(subject)
        self.history.ask(handle, "accounts", "query_account_by_subject", subject=subject)

    @rule(handle=HANDLE, subject=NAME)
    def delete_account(self, handle: int, subject: str) -> None:
        """Delete an account, there or not."""
        subject = self.history.name(subject)
        self.history.ask(handle, "accounts", "delete_account", subject=subject)

    @rule(handle=HANDLE, limit=LIMIT)
    def list_accounts(self, handle: int, limit: int) -> None:
        """List all accounts."""
        self.history.ask_pages(handle, "accounts", "list_accounts", limit=limit)

    @rule(
        handle=HANDLE,
        number=st.sampled_from((0, 0, 0, 1, 2, 3)),
        pause=st.sampled_from((0, 0, 1, 4)),
    )
    def count_attempt(self, handle: int, number: int, pause: int) -> None:
        """Count an attempt after a pause; each digest has a window of its own length."""
        self.history.now += pause
        digest, window = self.history.digest("attempt", number), (5, 30, 1, 60)[number]
        self.noted(self.now + window)
        values = {"digest": digest, "window": window, "now": self.now}
        self.history.ask(handle, "accounts", "count_attempt", **values)

    @rule(handle=HANDLE, limit=LIMIT)
    def purge_attempts(self, handle: int, limit: int) -> None:
        """Purge the counts whose window has closed."""
        self.history.ask_purge(handle, "accounts", "purge_attempts", limit=limit)

    count_again = count_attempt
    count_once_more = count_attempt

    def look_at_everything(self) -> None:
        """Look at every account, both ways."""
        super().look_at_everything()
        for handle, name in enumerate(NAMES):
            self.query_account(handle, name)
            self.query_account_by_subject(handle, name)

    def clean(self) -> None:
        """Delete all accounts and counts."""
        super().clean()
        for name in NAMES:
            self.history.remove("accounts", "delete_account", subject=self.history.name(name))
        self.history.empty("accounts", "purge_attempts")
