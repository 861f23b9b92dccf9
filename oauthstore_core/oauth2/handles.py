"""The shapes of what the server issues.

A refresh token is ``rt_`` + family (22 base64url characters, constant) + ``.``
+ a fresh secret. No other handle has that shape, so it tells introspection and
revocation what to ask the store for, and hints are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ..digests import digest, generate_handle, generate_identifier

__all__ = ["RefreshHandle", "new_refresh_handle", "parse_refresh_handle"]

_SHAPE = re.compile(r"rt_([A-Za-z0-9_-]{22})\.([\x21-\x7e]{1,512})")


@dataclass(frozen=True, slots=True)
class RefreshHandle:
    """A refresh token's two parts; a repr shows neither."""

    family: str = field(repr=False)
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"rt_{self.family}.{self.secret}"

    @property
    def family_digest(self) -> str:
        """The digest by which the store knows the family."""
        return digest(self.family)

    @property
    def token_digest(self) -> str:
        """The digest by which the store knows this one token."""
        return digest(str(self))

    def successor(self, generate: Callable[[], str] = generate_handle) -> RefreshHandle:
        """Return a handle of the same family with a fresh secret."""
        return RefreshHandle(self.family, generate())


def new_refresh_handle(generate: Callable[[], str] = generate_handle) -> RefreshHandle:
    """Return the first handle of a new family; `generate` supplies the secret."""
    return RefreshHandle(generate_identifier(), generate())


def parse_refresh_handle(value: str) -> RefreshHandle | None:
    """Return the two parts of a refresh token, or None where the shape is another."""
    match = _SHAPE.fullmatch(value)
    return RefreshHandle(match[1], match[2]) if match else None
