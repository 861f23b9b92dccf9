"""Who is signed in: a sealed cookie with the subject, the time and the account's version."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..clock import Clock
from ..digests import generate_handle
from ..hookspecs import AccountStore
from ..http import HttpRequest
from ..pages.sealed import SealedValues
from ..records import Account
from ..sealing import KeyRing
from .cookies import Cookies

__all__ = ["Session", "Sessions"]

#: Since the sign-in, in seconds; using the session does not extend it.
LIFETIME = 8 * 60 * 60

_SESSION = "oauthstore"
_VISIT = "oauthstore-visit"
_VISIT_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody is signed in."""

    session_id: str
    account: Account
    #: When the password was given, in seconds since the epoch.
    auth_time: int


class Sessions:
    """Opens, reads and ends sessions; the server keeps nothing."""

    def __init__(
        self, key_ring: KeyRing, clock: Clock, accounts: AccountStore, cookies: Cookies
    ) -> None:
        self._values = SealedValues(key_ring, clock, "session", LIFETIME)
        self._clock = clock
        self._accounts = accounts
        self._cookies = cookies

    def open(self, account: Account) -> list[tuple[str, str]]:
        """Return the headers that sign the account in, under a fresh session id."""
        content = {
            "session_id": generate_handle(),
            "subject": account.subject,
            "version": account.version,
            "auth_time": self._clock.now(),
        }
        value = self._values.seal(content)
        return [self._cookies.write(_SESSION, value), self._cookies.clear(_VISIT)]

    def current(self, request: HttpRequest) -> Session | None:
        """Return the session, if its account is still as it was at the sign-in."""
        content = self._values.open(self._cookies.read(request, _SESSION))
        if content is None:
            return None
        account = self._accounts.query_account_by_subject(content["subject"])
        if account is None or account.version != content["version"]:
            return None
        return Session(content["session_id"], account, content["auth_time"])

    def close(self) -> list[tuple[str, str]]:
        """Return the headers that sign out."""
        return [self._cookies.clear(_SESSION)]

    def visit(self, request: HttpRequest) -> str | None:
        """Return what a browser without a session is known by, if it is."""
        value = self._cookies.read(request, _VISIT)
        return value if value and _VISIT_SHAPE.fullmatch(value) else None

    def open_visit(self) -> tuple[str, tuple[str, str]]:
        """Return a fresh visit and the header that keeps it."""
        value = generate_handle()
        return value, self._cookies.write(_VISIT, value)
