"""Which modules are mutated, and on what store their mutants are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .mutants import Mutant, mutants_of, source_of

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A module that holds conditions of atomic verbs."""

    module: str
    #: Whose cases are tried first; empty for what all roles share.
    role: str
    #: Modules that are imported anew for each mutant: this one, and all below it.
    anew: str
    #: The store on which its mutants are judged; also what the command line calls it.
    store: str
    #: The beginnings of the names of the functions that are mutated; empty: all of them.
    only: tuple[str, ...] = ()

    def mutants(self) -> list[Mutant]:
        """Return its mutants."""
        return mutants_of(self.module, source_of(self.module), self.only, self.store)


def _memory(module: str, role: str) -> Target:
    return Target(f"oauthstore_core.memory.{module}", role, "oauthstore_core.memory", "memory")


def _sqla(store: str, module: str, role: str, *only: str) -> Target:
    return Target(f"oauthstore_sqla.{module}", role, "oauthstore_sqla", store, only)


#: What all databases share, and SQLite judges.
SHARED_STATEMENTS: Final = (
    *("CURRENT", "GRANT", "PREVIOUS", "OF_", "its_grant", "TokenStatements", "family", "fenced"),
    *("_access_with_expiry", "droppable", "surplus", "rotation", "_current_beside"),
    *("_revoke_grant", "_raise_fence", "_in_range", "_sweep", "_list", "_SCOPES"),
)
SHARED_WRITING: Final = (
    *("Write.__init__", "Write.under", "Write.belongs_to", "Write.drops", "Write.numbered"),
    *("TokenWriter", "family_of", "predecessor"),
)
#: What changes a credential, and then reads it.
IN_TWO_STEPS: Final = (
    *("SqlaCredentials.decide_credential", "SqlaCredentials.claim"),
    *("SqlaCredentials.poll_credential", "SqlaCredentials._polled", "_polling"),
)

TARGETS: Final = (
    # The kit asks it, too: so all that imports it is imported anew.
    Target("oauthstore_core.judgement", "", "oauthstore_core", "memory"),
    _memory("tokens", "tokens"),
    _memory("credentials", "credentials"),
    _memory("clients", "clients"),
    _memory("nonces", "nonces"),
    _memory("accounts", "accounts"),
    _memory("deadlines", ""),
    _memory("pages", ""),
    _sqla("sqlite", "statements", "tokens", *SHARED_STATEMENTS),
    _sqla("sqlite", "writing", "tokens", *SHARED_WRITING),
    _sqla("sqlite", "tokens", "tokens"),
    _sqla("sqlite", "sqlite.tokens", "tokens"),
    _sqla("sqlite", "credentials", "credentials"),
    _sqla("sqlite", "clients", "clients"),
    _sqla("sqlite", "nonces", "nonces"),
    _sqla("sqlite", "accounts", "accounts"),
    _sqla("sqlite", "purging", ""),
    # How often a step is tried, and what a connection is, no case of the kit decides: the
    # backend's own tests do.
    _sqla("sqlite", "store", "", "due", "Changed", "Store.purge", "Store.upsert", "Store.transact"),
    _sqla("sqlite", "engine", "", "Session.within"),
    _sqla("sqlite", "sqlite.store", "", "SqliteStore.begin"),
    # What SQLite has no use for.
    _sqla("postgresql", "statements", "tokens", "brings_refresh", "completion"),
    _sqla("postgresql", "writing", "tokens", "Write.completes", "TokenWriter.refusal"),
    _sqla("postgresql", "announcing", "tokens"),
    _sqla("postgresql", "postgresql.tokens", "tokens"),
    _sqla("postgresql", "postgresql.store", "", "PostgresqlStore.purge"),
    _sqla("mysql", "mysql.tokens", "tokens"),
    _sqla("mysql", "mysql.nonces", "nonces"),
    # What only a database takes whose UPDATE returns no row.
    _sqla("mysql", "credentials", "credentials", *IN_TWO_STEPS),
    _sqla("mysql", "accounts", "accounts", "_Counting"),
    _sqla("mysql", "store", "", "Changed"),
)
