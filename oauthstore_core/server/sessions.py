"""Who is signed in: a sealed cookie with the subject, the time and the account's epoch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..clock import Clock
from ..digests import generate_handle
from ..errors import ConflictError
from ..hookspecs import AccountStore
from ..http import HttpRequest
from ..pages.sealed import SealedValues
from ..records import Account
from ..sealing import KeyRing
from .accounts import is_administrator
from .cookies import Cookies
from .session_ends import epoch_of, has_ended, with_session_ended

__all__ = ["Session", "Sessions"]

#: Since the sign-in, in seconds; using the session does not extend it.
LIFETIME = 8 * 60 * 60
#: How often a sign-out is tried again where the account is changed at the same time.
_ATTEMPTS = 8

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

    @property
    def is_administrator(self) -> bool:
        """Whether the account is marked as one by now."""
        return is_administrator(self.account)


class Sessions:
    """Opens, reads and ends sessions; of one that was signed out the account knows."""

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
            "epoch": epoch_of(account),
            "auth_time": self._clock.now(),
        }
        value = self._values.seal(content)
        return [self._cookies.write(_SESSION, value), self._cookies.clear(_VISIT)]

    def current(self, request: HttpRequest) -> Session | None:
        """Return the session, if nothing has ended it."""
        content = self._values.open(self._cookies.read(request, _SESSION))
        if content is None:
            return None
        account = self._accounts.query_account_by_subject(content["subject"])
        if account is None or epoch_of(account) != content.get("epoch"):
            return None
        if has_ended(account, content["session_id"]):
            return None
        return Session(content["session_id"], account, content["auth_time"])

    def close(self, session: Session) -> list[tuple[str, str]]:
        """End a session, whoever has a copy of its cookie; return the headers that sign out.

        `StoreError`: it could not be ended, and goes on.
        """
        account: Account | None = session.account
        for _ in range(_ATTEMPTS):
            if account is None or self._end(session, account):
                return [self._cookies.clear(_SESSION)]
            account = self._accounts.query_account_by_subject(session.account.subject)
        raise ConflictError("The account was changed at every attempt to end a session.")

    def _end(self, session: Session, account: Account) -> bool:
        """Note the end in the account as it was read; False where it was changed since."""
        end = session.auth_time + LIFETIME
        ended = with_session_ended(account, session.session_id, end, self._clock.now())
        try:
            self._accounts.save_account(ended)
        except ConflictError:
            return False
        return True

    def visit(self, request: HttpRequest) -> str | None:
        """Return what a browser without a session is known by, if it is."""
        value = self._cookies.read(request, _VISIT)
        return value if value and _VISIT_SHAPE.fullmatch(value) else None

    def open_visit(self) -> tuple[str, tuple[str, str]]:
        """Return a fresh visit and the header that keeps it."""
        value = generate_handle()
        return value, self._cookies.write(_VISIT, value)
