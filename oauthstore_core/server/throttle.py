"""How often a name, and an address, may try to sign in."""

from __future__ import annotations

from typing import Final

from ..clock import Clock
from ..hookspecs import AccountStore
from ..oauth2.redirect_uris import is_loopback_host
from ..sealing import KeyRing

__all__ = ["WINDOW", "Throttle"]

#: Seconds.
WINDOW: Final = 300
ATTEMPTS_PER_NAME: Final = 10
#: Many people may share an address: an office, or a proxy before this server.
ATTEMPTS_PER_ADDRESS: Final = 100


class Throttle:
    """Counts attempts in the account store, under keyed digests: no names or addresses."""

    def __init__(self, accounts: AccountStore, key_ring: KeyRing, clock: Clock) -> None:
        self._accounts = accounts
        self._key_ring = key_ring
        self._clock = clock

    def admit(self, name: str, address: str | None) -> bool:
        """Count an attempt, whether the name exists or not, and tell whether it may go on."""
        # A loopback address is that of a proxy which nobody named: it is everybody's.
        shared = address is None or is_loopback_host(address)
        by_address = 0 if shared else self._count("sign-in address", str(address))
        by_name = self._count("sign-in name", name)
        return by_name <= ATTEMPTS_PER_NAME and by_address <= ATTEMPTS_PER_ADDRESS

    def _count(self, purpose: str, value: str) -> int:
        digest = self._key_ring.keyed_digests(purpose, value)[0]
        return self._accounts.count_attempt(digest, WINDOW, self._clock.now())
