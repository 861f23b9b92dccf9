"""A request that OAuth 1 signs: each has a nonce of its own, so they are signed beforehand.

wrk, which sends them, could not sign so many in Lua; it reads them from a file.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from .setting import CLIENT_ID, CLIENT_SECRET, OAUTH_TOKEN, OAUTH_TOKEN_SECRET

__all__ = ["SignedFlow"]

#: More than any side answers in a second.
_MOST_PER_SECOND: Final = 8000
_SCRIPT: Final = Path(__file__).with_name("signed.lua")
_KEY: Final = f"{quote(CLIENT_SECRET, safe='~')}&{quote(OAUTH_TOKEN_SECRET, safe='~')}".encode()


@dataclass(frozen=True, slots=True)
class SignedFlow:
    """A signed GET (RFC 5849 section 3, HMAC-SHA1), which is never the same."""

    address: str
    path: str
    expected: str
    script: Path = _SCRIPT

    def environment(self, seconds: int) -> dict[str, str]:
        """Return what `signed.lua` reads: a file of requests for so many seconds, signed now."""
        with tempfile.NamedTemporaryFile("w", suffix=".signed", delete=False) as file:
            file.writelines(f"{self._sign()}\n" for _ in range(seconds * _MOST_PER_SECOND))
        return {"WRK_SIGNED": file.name, "WRK_EXPECTED": self.expected}

    def _sign(self) -> str:
        """Return the field `Authorization` of one request."""
        parameters = {
            "oauth_consumer_key": CLIENT_ID,
            "oauth_nonce": secrets.token_hex(12),
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(time.time())),
            "oauth_token": OAUTH_TOKEN,
        }
        normalized = "&".join(f"{name}={value}" for name, value in parameters.items())
        base = f"GET&{quote(self.address + self.path, safe='~')}&{quote(normalized, safe='~')}"
        signature = base64.b64encode(hmac.digest(_KEY, base.encode(), "sha1")).decode()
        told = {**parameters, "oauth_signature": quote(signature, safe="~")}
        return "OAuth " + ", ".join(f'{name}="{value}"' for name, value in told.items())
