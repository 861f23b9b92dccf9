"""Which modules are mutated, and on what store their mutants are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


def _memory(module: str, role: str) -> Target:
    return Target(f"oauthstore_core.memory.{module}", role, "oauthstore_core.memory", "memory")


def _sqla(store: str, module: str, role: str, *only: str) -> Target:
    return Target(f"oauthstore_sqla.{module}", role, "oauthstore_sqla", store, only)


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
    _sqla("sqlite", "statements", "tokens"),
    _sqla("sqlite", "writing", "tokens"),
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
    _sqla("postgresql", "announcing", "tokens"),
    _sqla("postgresql", "postgresql.tokens", "tokens"),
    _sqla("mysql", "mysql.tokens", "tokens"),
    _sqla("mysql", "mysql.nonces", "nonces"),
)
