"""How often a name, and an address, may try to sign in: soon slowed, then locked for a while."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from ..clock import Clock
from ..hookspecs import AccountStore
from ..oauth2.redirect_uris import is_loopback_host
from ..sealing import KeyRing

__all__ = ["LOCKED", "SLOWED", "Throttle"]

#: For how many seconds an address or a name waits, at most, that tried too often at once.
SLOWED: Final = 60
#: The same for one that went on trying.
LOCKED: Final = 15 * 60


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many attempts are looked at within `SLOWED`, and within `LOCKED` seconds."""

    slowed: int
    locked: int


_PER_NAME: Final = _Limits(slowed=10, locked=30)
#: Many people may share an address: an office, or a proxy before this server.
_PER_ADDRESS: Final = _Limits(slowed=100, locked=300)


class Throttle:
    """Counts attempts in the account store, under keyed digests: no names or addresses.

    Each is counted before the password is looked at, so that it holds for
    concurrent ones and over all workers. One that is refused for an address is
    not counted for the name, which nobody locks from one place so.
    """

    def __init__(self, accounts: AccountStore, key_ring: KeyRing, clock: Clock) -> None:
        self._accounts = accounts
        self._key_ring = key_ring
        self._clock = clock

    def admit(self, name: str, address: str | None) -> int:
        """Count an attempt, whether the name exists or not; return how many seconds it waits.

        0: it goes on.
        """
        # A loopback address is that of a proxy which nobody named: it is everybody's.
        if address is not None and not is_loopback_host(address):
            wait = self._judge("sign-in address", _network(address), _PER_ADDRESS)
            if wait:
                return wait
        return self._judge("sign-in name", name, _PER_NAME)

    def _judge(self, purpose: str, value: str, limits: _Limits) -> int:
        if self._count(purpose, value, SLOWED) > limits.slowed:
            return SLOWED
        if self._count(f"{purpose} locked", value, LOCKED) > limits.locked:
            return LOCKED
        return 0

    def _count(self, purpose: str, value: str, window: int) -> int:
        digest = self._key_ring.keyed_digests(purpose, value)[0]
        return self._accounts.count_attempt(digest, window, self._clock.now())


def _network(address: str) -> str:
    """Return what one customer has of addresses: a whole /64 of IPv6."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ip_network((found, 64), strict=False))
    return address
