"""The issuer in authorization responses (RFC 9207), by an application's extension of Authlib's.

Authlib adds it to the query, also of a response that is read from the fragment,
and to errors only where its own method answered them.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc9207 import IssuerParameter

from .redirect_uris import with_parameters

__all__ = ["IssuerInResponses", "split_extensions"]


class IssuerInResponses:
    """Names the issuers of the extensions that were registered, each response once."""

    def __init__(self) -> None:
        self._extensions: list[IssuerParameter] = []

    def take(self, extensions: Sequence[Any]) -> None:
        """Register extensions, unless they are known."""
        self._extensions += [one for one in extensions if one not in self._extensions]

    def add_to(self, response: Any) -> None:
        """Add the issuer to a redirect that names none; fragments stay fragments."""
        issuer = next(filter(None, (one.get_issuer() for one in self._extensions)), None)
        if issuer and response.location and not _names_issuer(response.location):
            response.location = with_parameters(response.location, [("iss", issuer)])


def _names_issuer(location: str) -> bool:
    parts = urlsplit(location)
    return any(name == "iss" for name, _ in parse_qsl(parts.fragment or parts.query))


def split_extensions(extensions: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    """Return those extensions of a grant that name the issuer, and the others."""
    given = [*(extensions or ())]
    naming = [one for one in given if isinstance(one, IssuerParameter)]
    return naming, [one for one in given if one not in naming]
