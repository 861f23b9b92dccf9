"""Values that travel through the browser and come back as they were, or not at all."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from ..clock import Clock
from ..errors import SealError
from ..sealing import KeyRing

__all__ = ["SealedValues"]

#: What a browser keeps of one cookie; nothing of ours is longer.
MAXIMUM_LENGTH = 4096


class SealedValues:
    """Seals JSON objects for one purpose, each for a limited time."""

    def __init__(self, key_ring: KeyRing, clock: Clock, purpose: str, lifetime: int) -> None:
        """Take the purpose, which separates the keys, and the lifetime in seconds."""
        self._key_ring = key_ring
        self._clock = clock
        self._purpose = purpose
        self._lifetime = lifetime

    def seal(self, content: Mapping[str, Any], binding: str = "") -> str:
        """Return text for a cookie or a field, which opens only with the same binding."""
        expires_at = self._clock.now() + self._lifetime
        plaintext = json.dumps({"expires_at": expires_at, "content": content}).encode()
        sealed = self._key_ring.seal(self._purpose, plaintext, binding)
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str | None, binding: str = "") -> dict[str, Any] | None:
        """Return what was sealed, or None: nothing, foreign, altered, expired."""
        if not text or len(text) > MAXIMUM_LENGTH or not text.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            envelope = json.loads(self._key_ring.open(self._purpose, sealed, binding))
        except (SealError, ValueError):
            return None
        if self._clock.now() >= envelope["expires_at"]:
            return None
        content: dict[str, Any] = envelope["content"]
        return content
