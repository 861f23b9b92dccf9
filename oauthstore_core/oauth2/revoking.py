"""How a server ends grants, and how it stays clear of the fences that this raises."""

from __future__ import annotations

import threading

from ..clock import Clock
from ..settings import Settings
from ..stores import Stores
from .errors import TemporarilyUnavailableError
from .views import AccessToken, RefreshToken

__all__ = ["RevokingMixin"]

#: A fence outlives the longest-lived credential by this much, for clocks that differ.
_FENCE_MARGIN = 60
#: How many requests may wait for a fence at once: half of an edge's worker threads.
_WAITING = 8


class RevokingMixin:
    """Revokes tokens, grants and ranges of grants in the server's stores."""

    settings: Settings
    stores: Stores
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self._waiting = threading.BoundedSemaphore(_WAITING)

    def revoke(self, token: AccessToken | RefreshToken) -> None:
        """Revoke an access token; of OAuth 1, with a refresh token or by setting its grant."""
        whole = self.settings.revoke_access_token_revokes_grant or token.token.kind == "oauth1"
        if isinstance(token, RefreshToken) or whole:
            self.revoke_grant(token.grant.grant_id)
        else:
            now = self.clock.now()
            self.stores.tokens.revoke_token(token.grant.grant_id, token.digest, now)

    def revoke_grant(self, grant_id: str) -> None:
        """Revoke a grant and all that came or comes out of it."""
        now = self.clock.now()
        self.stores.tokens.revoke_grant(grant_id, now, self._revocation_end(now))

    def revoke_all(self, *, client_id: str | None = None, subject: str | None = None) -> int:
        """Revoke every grant of a client, of a subject, or of both; return how many."""
        now = self.clock.now()
        end = self._revocation_end(now)
        return self.stores.tokens.revoke_all(client_id, subject, now, end)

    def _revocation_end(self, now: int) -> int:
        lifetimes = self.settings.lifetimes
        longest = max(lifetimes.authorization_code, lifetimes.temporary_credential)
        return self.past_fences(now) + longest + _FENCE_MARGIN

    def wait_past_fences(self) -> None:
        """Return once every fence that stands now is passed.

        `WouldBlockError`: on an event loop. `TemporarilyUnavailableError`: so
        many requests are waiting already that more would leave no thread for others.
        """
        if not self._waiting.acquire(blocking=False):
            raise TemporarilyUnavailableError
        try:
            self.clock.wait_until(self.past_fences(self.clock.now()))
        finally:
            self._waiting.release()

    def past_fences(self, now: int) -> int:
        """Return a time past every fence that has been raised until `now`."""
        return now + self.settings.clock_skew + self.stores.cache_seconds + 1

    def grant_end(self, granted_at: int) -> int:
        """Return a consent's absolute end, which its code's tombstone shares."""
        absolute = self.settings.lifetimes.refresh_token_absolute
        return granted_at + absolute + self.settings.clock_skew
