"""Whose consent a grant is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ResourceOwner"]


@dataclass(frozen=True, slots=True)
class ResourceOwner:
    """A subject, and when it signed in (seconds since the epoch)."""

    subject: str
    auth_time: int | None = None
    #: A time before it was looked up: what it grants counts from then, so that the fence of a
    #: deletion that comes in between lies past it. None: from when the code is stored.
    present_at: int | None = None
    #: When it was asked for its consent, where a request is answered without asking again.
    consented_at: int | None = None

    def get_user_id(self) -> str:
        """Return the subject; Authlib's word for it."""
        return self.subject
