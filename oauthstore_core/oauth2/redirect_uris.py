"""Redirect URIs: what may be registered, and when a requested one matches.

RFC 9700 section 2.1: compared exactly. RFC 8252 section 7.3: a port may differ
on loopback, and nothing else anywhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import SplitResult, urlencode, urlsplit

__all__ = ["is_loopback_host", "matches", "problem_with", "with_parameters"]

_MAXIMUM_LENGTH = 2048


def is_loopback_host(host: str | None) -> bool:
    """Tell whether a host name is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def matches(requested: str, registered: Iterable[str]) -> bool:
    """Tell whether a requested URI is one of the registered ones."""
    uris = tuple(registered)
    if requested in uris:
        return True
    asked = _loopback_parts(requested)
    return asked is not None and any(_loopback_parts(uri) == asked for uri in uris)


def with_parameters(uri: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return a URI with parameters added and all else to the letter (RFC 6749 3.1.2)."""
    separator = "&" if "?" in uri or "#" in uri else "?"
    return uri + ("" if uri.endswith(("?", "&")) else separator) + urlencode([*parameters])


def _loopback_parts(uri: str) -> tuple[str, ...] | None:
    """Return what must be equal on loopback, everything but the port; else None."""
    parts = _split(uri)
    if parts is None or parts.scheme != "http" or not is_loopback_host(parts.hostname):
        return None
    after_port = uri.removeprefix("http://").removeprefix(parts.netloc)
    return (parts.hostname or "", after_port)


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    # urlsplit drops what browsers drop, such as tabs and newlines: such a URI is no URI.
    if parts.geturl().rstrip("?#") != uri.rstrip("?#") or "@" in parts.netloc:
        return None
    return parts


def problem_with(uri: str) -> str | None:
    """Return why a URI cannot be registered, or None if it can."""
    if len(uri) > _MAXIMUM_LENGTH:
        return f"is longer than {_MAXIMUM_LENGTH} characters"
    if not all("!" <= character <= "~" and character not in '"\\<>' for character in uri):
        return "has a character that a URI does not allow"
    if "#" in uri:
        return "has a fragment (RFC 6749 section 3.1.2)"
    parts = _split(uri)
    if parts is None:
        return "cannot be read as a URI, or has a user name"
    if parts.scheme == "https":
        return None if parts.hostname else "has no host"
    if parts.scheme == "http":
        loopback = is_loopback_host(parts.hostname)
        return None if loopback else "must be https, unless its host is a loopback address"
    if "." not in parts.scheme:
        return "must be https, or have a scheme with a dot such as com.example.app: (RFC 8252)"
    return None
