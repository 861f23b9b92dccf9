"""What a backend distribution hands over: a descriptor, and the backend that it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .hookspecs import CONTRACT_VERSION

__all__ = ["Backend", "BackendPlugin", "Capabilities"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend promises beyond the base of the contract; the kit proves it.

    A descriptor declares the ceiling, an open backend the truth.
    """

    #: What was acknowledged survives the end of every process.
    durable: bool = False
    #: Other processes that open the same URL see the same data.
    shared: bool = False
    #: How far "one winner" reaches: the threads of a process, or all users of the store.
    atomic: Literal["process", "store"] = "process"
    #: The token store has `redeem_credential`.
    redeems: bool = False
    #: The store itself removes what has expired; a purge may find nothing to do.
    native_ttl: bool = False
    #: Calls wait for I/O: an async edge makes them in a worker thread.
    blocking: bool = True


class Backend(Protocol):
    """An open store; it has, besides, one attribute for each role that it serves.

    `backend.clients`, `.tokens`, `.credentials`, `.nonces`, `.accounts`: each
    an object of its own. Safe to use from several threads.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this very store keeps, which may be less than its plugin declares."""
        ...

    def migrate(self) -> None:
        """Bring the store's schema up to this version's; does nothing where it is.

        `SchemaError`: the store is newer than the code.
        """
        ...

    def ping(self) -> None:
        """Return if the store answers and its schema fits.

        `StoreUnavailableError` or `SchemaError` otherwise.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return facts for an operator: server, version, schema, durability ..., no secrets."""
        ...

    def close(self) -> None:
        """Release everything; a second call does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class BackendPlugin:
    """The object behind an entry point of the group ``oauthstore.backends``."""

    #: The entry point's name.
    name: str
    #: The roles that its backends serve: keys of `hookspecs.ROLES`.
    roles: tuple[str, ...]
    #: The most that a store of this kind can promise.
    capabilities: Capabilities
    #: Opens the store at a URL with options; connecting may wait until first use.
    open: Callable[[str, Mapping[str, Any]], Backend] = field(repr=False)
    #: URL schemes for which the same object is registered as an entry point.
    schemes: tuple[str, ...] = ()
    #: The version of the storage contract that it was written for.
    contract: int = CONTRACT_VERSION
