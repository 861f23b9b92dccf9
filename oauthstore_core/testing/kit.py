"""What a case is given: handles on one empty store, the time, and the raw probe."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NoReturn, cast

import pytest

from ..backends import Backend, Capabilities
from ..hookspecs import (
    AccountStore,
    ClientStore,
    CredentialCache,
    NonceStore,
    RedeemingTokenStore,
    TokenStore,
)
from .address import StoreAddress
from .clock import FakeClock
from .races import rounds

__all__ = ["HANDLES", "NOT_PROVED", "Handle", "Kit", "not_proved"]

#: How many handles a case opens where it looks "through every handle".
HANDLES = 3
#: How the reason of such a skip begins.
NOT_PROVED = "not proved: "


def not_proved(reason: str) -> NoReturn:
    """End the case: it lacks a seam that the backend's author did not give.

    A skip for pytest, and in a summary what it is: neither proved nor failed.
    """
    pytest.skip(f"{NOT_PROVED}{reason}")


_NOTHING: Mapping[str, object] = {}


class Handle:
    """An open backend; a role that its plugin does not declare skips the case."""

    def __init__(self, backend: Backend, roles: Sequence[str]) -> None:
        self.backend = backend
        self._roles = roles

    def role(self, name: str) -> object:
        """Return the role's object."""
        if name not in self._roles:
            pytest.skip(f"does not serve role {name}")
        return getattr(self.backend, name)

    @property
    def clients(self) -> ClientStore:
        """The role `clients`."""
        return cast("ClientStore", self.role("clients"))

    @property
    def tokens(self) -> TokenStore:
        """The role `tokens`."""
        return cast("TokenStore", self.role("tokens"))

    @property
    def redeeming(self) -> RedeemingTokenStore:
        """The role `tokens` of a backend with the capability `redeems`."""
        if not self.backend.capabilities.redeems:
            pytest.skip("does not declare the capability redeems")
        return cast("RedeemingTokenStore", self.role("tokens"))

    @property
    def credentials(self) -> CredentialCache:
        """The role `credentials`."""
        return cast("CredentialCache", self.role("credentials"))

    @property
    def nonces(self) -> NonceStore:
        """The role `nonces`."""
        return cast("NonceStore", self.role("nonces"))

    @property
    def accounts(self) -> AccountStore:
        """The role `accounts`."""
        return cast("AccountStore", self.role("accounts"))


class Kit:
    """One empty store for one case.

    A case takes nothing but this, so that it runs under pytest and from
    `runner.run_case` alike.
    """

    def __init__(self, address: StoreAddress) -> None:
        """Open the store and bring its schema up."""
        self.address = address
        #: Stands near the real time: a store that removes by its own clock must not be misled.
        self.clock = FakeClock(int(time.time()))
        self._dump: Callable[[], bytes] | None = None
        self._find: Callable[[str], object] = _NOTHING.__getitem__
        self._roles = address.descriptor().roles
        self._opened = [self._open()]
        #: Those that are not to be handed out by `handles`.
        self._others: list[Handle] = []
        #: What ends with the case besides its handles: those in other processes, say.
        self.ending = ExitStack()
        self._opened[0].backend.migrate()

    def _open(self) -> Handle:
        return Handle(self.address.open(), self._roles)

    @property
    def now(self) -> int:
        """The time, in seconds since the epoch."""
        return self.clock.now()

    @property
    def capabilities(self) -> Capabilities:
        """What the open store says of itself."""
        return self.first.backend.capabilities

    @property
    def first(self) -> Handle:
        """The handle that most cases write through."""
        return self._opened[0]

    @property
    def handles(self) -> Sequence[Handle]:
        """Several handles; one and the same where the store is not shared."""
        while len(self._opened) < HANDLES:
            self._opened.append(self._open() if self.capabilities.shared else self.first)
        return tuple(self._opened[:HANDLES])

    def handle(self, index: int) -> Handle:
        """Return the handle for the index-th of any number of callers."""
        return self.handles[index % HANDLES]

    def serves(self, *roles: str) -> bool:
        """Tell whether the plugin declares all these roles."""
        return set(roles) <= set(self._roles)

    def require(self, *roles: str) -> None:
        """Skip the case unless the plugin declares all these roles."""
        for role in roles:
            self.first.role(role)

    def require_redeeming(self) -> None:
        """Skip the case unless the store can claim and save in one step."""
        self.require("tokens", "credentials")
        assert self.first.redeeming is not None

    @property
    def rounds(self) -> range:
        """The rounds of a race; see `races.rounds`."""
        return range(rounds())

    def assert_gone(self, record: object) -> None:
        """Check that a purged record is gone, unless the store removes at a time of its own."""
        assert record is None or self.capabilities.native_ttl

    def reopen(self) -> Handle:
        """Close every handle and return a new one; skip the case where the data goes with them."""
        if not self.capabilities.shared:
            pytest.skip("does not declare the capability shared: nothing outlives its handle")
        self.close()
        self._opened, self._others = [self._open()], []
        return self.first

    def another_backend(self) -> Backend:
        """Open one more handle, closed with the others; the same one where nothing is shared."""
        if not self.capabilities.shared:
            return self.first.backend
        self._others.append(self._open())
        return self._others[-1].backend

    def dump_with(self, dump: Callable[[], bytes]) -> None:
        """Take the raw probe."""
        self._dump = dump

    def raw_dump(self) -> bytes:
        """Return everything that the store holds, read behind its back."""
        if self._dump is None:
            pytest.fail(
                "SEC-01 needs a raw probe, but none was given. Give one that returns the bytes "
                "of everything that the store holds."
            )
        return self._dump()

    def open_with(self, on_io: Callable[[str], None]) -> Handle:
        """Open a handle whose every I/O passes `on_io`; closed with the others."""
        self.require_seam()
        self._others.append(Handle(self.address.open(on_io), self._roles))
        return self._others[-1]

    def require_seam(self) -> None:
        """Skip the case unless the store has a seam at its I/Os."""
        if not self.address.on_io:
            if not self.capabilities.blocking:
                pytest.skip("does not block: there is no I/O between which it could be cut off")
            not_proved("`StoreAddress.on_io` is not set: the store has no seam at its I/Os")

    @contextmanager
    def new_handle(self) -> Generator[Handle, None, None]:
        """Open a handle for a while."""
        handle = self._open()
        try:
            yield handle
        finally:
            handle.backend.close()

    def find_with(self, find: Callable[[str], object]) -> None:
        """Take what finds an author's optional fixture by name, or raises `LookupError`."""
        self._find = find

    def find(self, name: str, what: str) -> object:
        """Return the author's optional fixture of that name, or end the case as not proved."""
        if not self.capabilities.blocking:
            pytest.skip("does not block: there is no server behind it")
        try:
            return self._find(name)
        except LookupError:
            not_proved(f"there is no fixture `{name}`: {what}")

    def close(self) -> None:
        """Close every handle that was opened, here and elsewhere."""
        self.ending.close()
        handles = [*self._opened, *self._others]
        for backend in {id(handle.backend): handle.backend for handle in handles}.values():
            backend.close()
