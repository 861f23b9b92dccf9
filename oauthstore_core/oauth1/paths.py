"""Where the OAuth 1 endpoints lie."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["EndpointPaths"]


@dataclass(frozen=True, slots=True)
class EndpointPaths:
    """The three endpoints (RFC 5849 section 2), as paths on the issuer's host."""

    initiate: str
    authorization: str
    token: str

    @classmethod
    def of(cls, issuer: str) -> EndpointPaths:
        """Return the paths under the issuer's own."""
        return cls.below(f"{urlsplit(issuer).path.rstrip('/')}/oauth1")

    @classmethod
    def below(cls, path: str) -> EndpointPaths:
        """Return the paths under another one."""
        return cls(f"{path}/initiate", f"{path}/authorize", f"{path}/token")
