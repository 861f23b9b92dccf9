"""Tokens that tie a form to its rendering: to a browser, an action, its parameters, a time."""

from __future__ import annotations

from ..clock import Clock
from ..digests import nonce_digest
from ..http import HttpRequest, Pairs
from ..sealing import KeyRing
from .sealed import SealedValues

__all__ = ["CsrfTokens", "single"]

FIELD = "csrf"
LIFETIME = 60 * 60


def single(pairs: Pairs, name: str) -> str | None:
    """Return the value of a field that occurs exactly once, else None."""
    values = [value for key, value in pairs if key == name]
    return values[0] if len(values) == 1 else None


class CsrfTokens:
    """Issues and verifies the tokens; nothing is stored."""

    def __init__(self, key_ring: KeyRing, clock: Clock) -> None:
        self._values = SealedValues(key_ring, clock, "csrf token", LIFETIME)

    def issue(self, binding: str, path: str, query: Pairs = ()) -> str:
        """Return a fresh token for a form that posts to `path` with these parameters.

        `binding` is known to this browser alone: its session, or its visit
        before it has one.
        """
        return self._values.seal({}, _associate(binding, path, query))

    def verify(self, binding: str | None, request: HttpRequest) -> bool:
        """Tell whether the posted form was rendered for this browser, path and query."""
        if binding is None:
            return False
        token = single(request.form, FIELD)
        return (
            self._values.open(token, _associate(binding, request.path, request.query)) is not None
        )


def _associate(binding: str, path: str, query: Pairs) -> str:
    parameters = [part for pair in query for part in pair]
    return nonce_digest("csrf", binding, path, *parameters)
