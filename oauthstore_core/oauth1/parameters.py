"""Where a request has its protocol parameters (RFC 5849 section 3.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from authlib.oauth1.rfc5849.errors import (
    DuplicatedOAuthProtocolParameterError,
    InvalidRequestError,
)

from ..http import Pairs

__all__ = ["parse_authorization", "select_protocol_parameters"]

#: Section 3.5.1: name="value", the pairs separated by commas; `realm` is a quoted string.
_PARAMETER: Final = re.compile(r'[ \t]*([^\s=",]+)="([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*(?:,|$)')
_SCHEME: Final = re.compile(r"oauth(?:[ \t]+|$)", re.IGNORECASE)


def parse_authorization(header: str | None) -> tuple[Pairs, str | None]:
    """Return the parameters of an Authorization header, decoded, and its realm.

    Nothing where it is of another scheme. `InvalidRequestError`: it cannot be read.
    """
    scheme = None if header is None else _SCHEME.match(header)
    if header is None or scheme is None:
        return (), None
    pairs, realm, place = [], None, scheme.end()
    while place < len(header):
        found = _PARAMETER.match(header, place)
        if found is None:
            raise InvalidRequestError("The Authorization header cannot be read.")
        name, value, place = found[1], found[2], found.end()
        if name.lower() == "realm":
            realm = value
        else:
            pairs.append((_decoded(name), _decoded(value)))
    return pairs, realm


def _decoded(text: str) -> str:
    if "%" not in text and text.isascii():
        return text
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        decoded = "\0"
    # What a header holds beside ASCII was never UTF-8, nor is anything there a NUL.
    if "\0" in decoded or not text.isascii():
        raise InvalidRequestError("The Authorization header is not url-encoded UTF-8.")
    return decoded


def select_protocol_parameters(
    sources: Sequence[tuple[str, Pairs]],
) -> tuple[str | None, dict[str, str]]:
    """Return the one place that has protocol parameters, and these by name (section 3.5).

    `DuplicatedOAuthProtocolParameterError`: several places have some, or one is
    there twice (section 3.1).
    """
    found = [
        (place, protocol)
        for place, pairs in sources
        if (protocol := [pair for pair in pairs if pair[0].startswith("oauth_")])
    ]
    if not found:
        return None, {}
    place, protocol = found[0]
    parameters = dict(protocol)
    if len(found) > 1 or len(parameters) < len(protocol):
        raise DuplicatedOAuthProtocolParameterError(
            'The "oauth_" parameters must be in one place, each of them once.'
        )
    return place, parameters
