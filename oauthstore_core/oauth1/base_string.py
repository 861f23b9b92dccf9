"""What a signature of OAuth 1 is over, to the letter (RFC 5849 section 3.4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote

__all__ = ["escape", "normalize_origin", "normalize_parameters", "signature_base_string"]

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def escape(text: str) -> str:
    """Return the text percent-encoded (section 3.6): all but unreserved, hex in upper case."""
    return quote(text, safe="~")


@lru_cache(256)
def normalize_origin(scheme: str, authority: str) -> str:
    """Return scheme and host in lower case, without a default port (section 3.4.1.2)."""
    scheme, authority = scheme.lower(), authority.lower()
    return f"{scheme}://{authority.removesuffix(_DEFAULT_PORTS.get(scheme, ':'))}"


def normalize_parameters(parameters: Iterable[tuple[str, str]]) -> str:
    """Return names and values encoded, sorted and joined (section 3.4.1.3.2)."""
    encoded = sorted((escape(name), escape(value)) for name, value in parameters)
    return "&".join([f"{name}={value}" for name, value in encoded])


def signature_base_string(method: str, base_uri: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return the signature base string (section 3.4.1.1).

    `base_uri` is origin and path, as the request has it; `parameters` are decoded,
    those of the query, of a form and of the Authorization header but for
    `realm` and `oauth_signature`.
    """
    return "&".join(
        (escape(method.upper()), escape(base_uri), escape(normalize_parameters(parameters)))
    )
