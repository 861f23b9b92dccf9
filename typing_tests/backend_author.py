"""What the author of a backend writes, judged by mypy and pyright; nothing here is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from oauthstore_core.backends import Backend, BackendPlugin, Capabilities
from oauthstore_core.errors import DuplicateError, StoreError, StoreUnavailableError
from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.judgement import judge_claim, judge_poll
from oauthstore_core.records import (
    Claim,
    ClaimOutcome,
    Client,
    Credential,
    Page,
    Poll,
    Purged,
)


class LmdbNonces(NonceStore):
    """A role object that names its Protocol: a missing hook is an error when it is made."""

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return digest != "" and now < expires_at

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(count=min(now, limit), more=False)


class StructuralNonces:
    """A role object that only has the hooks: enough, too."""

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return digest != "" and now < expires_at

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(count=min(now, limit), more=False)


class LmdbBackend:
    """An open store that serves one role."""

    capabilities = Capabilities(durable=True, shared=True, atomic="store")

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url = url
        self.options = options
        self.nonces = LmdbNonces()

    def migrate(self) -> None: ...

    def ping(self) -> None: ...

    def describe(self) -> Mapping[str, Any]:
        return {"backend": "lmdb"}

    def close(self) -> None: ...


plugin = BackendPlugin(
    name="lmdb",
    schemes=("lmdb",),
    contract=1,
    roles=("nonces",),
    capabilities=LmdbBackend.capabilities,
    open=LmdbBackend,
)

# --- the decorator keeps the signature ---

assert_type(LmdbNonces().claim_nonce("digest", 10, 1), bool)
assert_type(LmdbNonces().purge_nonces(now=10, limit=1), Purged)
named: NonceStore = LmdbNonces()
structural: NonceStore = StructuralNonces()

# --- what is opened is a backend ---

assert_type(plugin.open("lmdb:///tmp/oauth", {}), Backend)
assert_type(plugin.roles, tuple[str, ...])


class NoClaim(NonceStore):
    """Forgets a hook."""

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)


class LaterParameter:
    """Has a parameter that the contract does not know."""

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int, realm: str) -> bool:
        return realm == digest

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)


# Each error is demanded: a comment that suppresses nothing is one itself.
NoClaim()  # type: ignore[abstract]  # claim_nonce
later: NonceStore = LaterParameter()  # type: ignore[assignment]  # realm
Capabilities(atomic="sometimes")  # type: ignore[arg-type]  # neither process nor store


# --- judgements keep their records ---


def judge(credential: Credential | None) -> None:
    claim = judge_claim(credential, "client", now=1)
    assert_type(claim, Claim)
    assert_type(claim.outcome, ClaimOutcome)
    assert_type(claim.credential, Credential | None)
    assert_type(judge_poll(credential, "client", now=1), Poll)


def walk(page: Page[Client]) -> list[str]:
    assert_type(page.cursor, str | None)
    return [assert_type(client, Client).client_id for client in page.items]


# --- one root for what may leave a backend ---

errors: list[type[StoreError]] = [DuplicateError, StoreUnavailableError]
