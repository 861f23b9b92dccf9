"""How often a name, and an address, may try to sign in: soon slowed, then locked for a while."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from ..clock import Clock
from ..errors import ConflictError
from ..hookspecs import AccountStore
from ..oauth2.redirect_uris import is_loopback_host
from ..records import Account
from ..sealing import KeyRing

__all__ = ["LOCKED", "SLOWED", "Admission", "Throttle"]

#: For how many seconds an address or a name waits, at most, that tried too often at once.
SLOWED: Final = 60
#: The same for one that went on trying.
LOCKED: Final = 15 * 60

_ROUND: Final = "attempts_round"


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many attempts are looked at within `SLOWED`, and within `LOCKED` seconds."""

    slowed: int
    locked: int


_PER_NAME: Final = _Limits(slowed=10, locked=30)
#: Many people may share an address: an office, or a proxy before this server.
_PER_ADDRESS: Final = _Limits(slowed=100, locked=300)


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether an attempt is looked at."""

    #: For how many seconds not; 0: it is.
    wait: int
    #: There were many of the kind: if this one has the right password, they are forgiven.
    to_forgive: bool = False


def _round_of(account: Account | None) -> int:
    """Return which round of attempts an account is in; 0 where there is none."""
    attempts_round: int = 0 if account is None else json.loads(account.payload).get(_ROUND, 0)
    return attempts_round


def _with_next_round(account: Account) -> Account:
    fields: dict[str, Any] = json.loads(account.payload)
    fields[_ROUND] = fields.get(_ROUND, 0) + 1
    return replace(account, payload=json.dumps(fields))


class Throttle:
    """Counts attempts in the account store, under keyed digests: no names or addresses.

    Each is counted before the password is looked at, so that it holds for
    concurrent ones and over all workers. One that is refused for an address is
    not counted for the name, which nobody locks from one place so. A password
    that was right begins another round, in which the name's count begins anew.
    """

    def __init__(self, accounts: AccountStore, key_ring: KeyRing, clock: Clock) -> None:
        self._accounts = accounts
        self._key_ring = key_ring
        self._clock = clock

    def admit(self, name: str, address: str | None, account: Account | None) -> Admission:
        """Count an attempt on a name, with its account where there is one, and judge it."""
        # A loopback address is that of a proxy which nobody named: it is everybody's.
        if address is not None and not is_loopback_host(address):
            judged = self._judge("sign-in address", _network(address), _PER_ADDRESS)
            if judged.wait:
                return judged
        return self._judge("sign-in name", f"{_round_of(account)} {name}", _PER_NAME)

    def forgive(self, account: Account) -> Account:
        """Begin another round for the account, whose password was given; its sessions go on.

        Where the account was changed meanwhile, it is returned as it was: the next
        sign-in does it.
        """
        try:
            return self._accounts.save_account(_with_next_round(account))
        except ConflictError:
            return account

    def _judge(self, purpose: str, value: str, limits: _Limits) -> Admission:
        if self._count(purpose, value, SLOWED) > limits.slowed:
            return Admission(SLOWED)
        count = self._count(f"{purpose} locked", value, LOCKED)
        wait = LOCKED if count > limits.locked else 0
        return Admission(wait, to_forgive=2 * count > limits.slowed)

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
