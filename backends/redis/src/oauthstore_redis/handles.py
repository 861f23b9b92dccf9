"""From the digest of an access token or a family to its grant.

Such a key is a hint: what it leads to is looked up in the grant's own hash, so
one whose write was refused, or has gone, leads to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from .store import Command, Store, call

__all__ = ["Handles", "direct", "via_family"]


def direct(grant_id: str) -> str:
    """Return what leads to a grant."""
    return f"g{grant_id}"


def via_family(family: str) -> str:
    """Return what leads to the grant of a family, where the grant is not known yet."""
    return f"f{family}"


class Handles:
    """The keys of tokens and families, each in a slot of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def token(self, digest: str) -> str:
        """Return the key of an access token."""
        return self._store.keys.single("token", digest)

    def family(self, digest: str) -> str:
        """Return the key of a refresh family."""
        return self._store.keys.single("family", digest)

    def find(self, key: str) -> str | None:
        """Return the id of the grant that a key leads to."""
        found = self._store.get(key)
        if found is not None and found[0] == "f":
            found = self._store.get(self.family(found[1:]))
        return None if found is None else found[1:]

    def reserve(self, key: str, goal: str, ends: int | None, now: int) -> Command:
        """Let the key lead there, unless it leads elsewhere; the answer is where it led before."""
        return call("reserve", [key], goal, ends, now, self._store.options.slack)

    def release(self, keys: Iterable[str], goal: str) -> None:
        """Remove those of the keys that still lead there."""
        self._store.run(*(call("swap", [key], goal, "") for key in keys))

    def end(self, keys: Iterable[str], ends: int, now: int) -> list[Command]:
        """Return what gives the keys an end."""
        return [call("end", [key], ends, now, self._store.options.slack) for key in keys]
