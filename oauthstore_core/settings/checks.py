"""The rules of single settings: each tells what is wrong with a value, or nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ..sealing import MINIMUM_KEY_LENGTH

__all__ = [
    "GRANTS",
    "LOG_FORMATS",
    "MAXIMUM_REUSE_GRACE",
    "MAXIMUM_TIMESTAMP_WINDOW",
    "MAXIMUM_WORKERS",
    "SIGNATURE_METHODS",
    "advise_name",
    "is_loopback",
    "judge_bind",
    "judge_folder",
    "judge_grants",
    "judge_issuer",
    "judge_languages",
    "judge_log_format",
    "judge_origin",
    "judge_proxy",
    "judge_range",
    "judge_resource",
    "judge_resources",
    "judge_scope",
    "judge_secret_keys",
    "judge_signature_methods",
    "judge_url",
    "split_bind",
]

#: The grant types that can be named in `grants`.
GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials")
#: Seconds; a longer grace would give a stolen refresh token time.
MAXIMUM_REUSE_GRACE: Final = 60
#: Processes of one server.
MAXIMUM_WORKERS: Final = 256
LOG_FORMATS: Final = ("text", "json")
#: The signature methods of OAuth 1 that can be named (RFC 5849 section 3.4, and with SHA-256).
SIGNATURE_METHODS: Final = ("HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT")
#: Seconds; nonces are remembered for twice as long.
MAXIMUM_TIMESTAMP_WINDOW: Final = 24 * 60 * 60

# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
# RFC 3986 section 4.3, absolute-URI: a scheme, then reserved, unreserved or percent-encoded.
_ABSOLUTE_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+"
)
# As much of BCP 47 section 2.1 as tells a tag from a name such as German or de_AT.
_LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def advise_name(name: str, known: Iterable[str]) -> str:
    """Return advice that names the nearest of what is known, or all of it."""
    choices = sorted(known)
    near = difflib.get_close_matches(name, choices, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Choose from {', '.join(choices) or 'none'}."


def is_loopback(issuer: str) -> bool:
    """Tell whether a URL's host is this machine itself: localhost, 127.0.0.0/8 or ::1."""
    host = urlsplit(issuer).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def judge_issuer(issuer: str) -> str | None:
    """Return what keeps this from being an issuer identifier (RFC 8414 section 2)."""
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL. Write it as https://auth.example.com."
    if not host or not issuer.isascii() or not issuer.isprintable() or " " in issuer:
        return "is not a URL with a host. Write it as https://auth.example.com."
    if parts.scheme not in {"https", "http"}:
        return f"has the scheme {parts.scheme!r}, but an issuer is a web address. Use https."
    if parts.scheme == "http" and not is_loopback(issuer):
        return (
            "is not encrypted, and http is for loopback only. "
            "Use https, or http://127.0.0.1 while developing."
        )
    if "?" in issuer or "#" in issuer:
        return "has a query or a fragment (RFC 8414 section 2). Take it off."
    if "@" in parts.netloc:
        return "has a user name in it. Take it out."
    return None


def judge_url(url: str) -> str | None:
    """Return what keeps this from being a store's URL."""
    if _SCHEME.match(url):
        return None
    return "is not a URL: it has no scheme. Write one such as sqlite:///oauth.db."


def judge_secret_keys(keys: Iterable[str]) -> str | None:
    """Return what is wrong with the keys, without a character of them."""
    short = [str(place) for place, key in enumerate(keys, 1) if len(key) < MINIMUM_KEY_LENGTH]
    if not short:
        return None
    return (
        f"has a key of fewer than {MINIMUM_KEY_LENGTH} characters (number {', '.join(short)}). "
        'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"'
    )


def judge_folder(path: str) -> str | None:
    """Return what keeps this from being a folder that can be read."""
    if Path(path).is_dir():
        return None
    return f"is {path!r}, which is no folder. Make it, or name another one."


def judge_grants(names: Iterable[str]) -> Iterable[str]:
    """Return a complaint for each name that is no grant type."""
    for name in names:
        if name not in GRANTS:
            yield f"has {name!r}, which is no grant type known here. {advise_name(name, GRANTS)}"


def judge_signature_methods(names: Iterable[str]) -> Iterable[str]:
    """Return a complaint for each name that is no signature method."""
    for name in names:
        if name not in SIGNATURE_METHODS:
            advice = advise_name(name, SIGNATURE_METHODS)
            yield f"has {name!r}, which is no signature method known here. {advice}"


def judge_scope(name: str) -> str | None:
    """Return what keeps this from being a scope's name (RFC 6749 section 3.3)."""
    if _SCOPE_TOKEN.fullmatch(name):
        return None
    return (
        "has a character that a scope must not have: a space, a quotation mark, a backslash, "
        "or one outside of ASCII (RFC 6749 section 3.3). Rename the scope."
    )


def judge_resource(uri: str) -> str | None:
    """Return what keeps this from being a protected resource's identifier (RFC 8707 section 2)."""
    if "#" in uri:
        return "has a fragment (RFC 8707 section 2). Take it off."
    try:
        parts = urlsplit(uri)
    except ValueError:
        parts = None
    hostless = parts is None or (parts.scheme in {"https", "http"} and not parts.hostname)
    if hostless or not _ABSOLUTE_URI.fullmatch(uri):
        return "is not an absolute URI. Write it as https://api.example.com."
    return None


def judge_resources(uris: Iterable[str]) -> Iterable[str]:
    """Return a complaint for each that is no protected resource's identifier."""
    for uri in uris:
        if problem := judge_resource(uri):
            yield f"has {uri!r}, which {problem}"


def judge_languages(tags: Iterable[str]) -> Iterable[str]:
    """Return a complaint for each that is no language tag (BCP 47 section 2.1)."""
    for tag in tags:
        if not _LANGUAGE_TAG.fullmatch(tag):
            yield f"has {tag!r}, which is no language tag. Write it as de or pt-BR."


def judge_range(value: int, least: int, most: int | None) -> str | None:
    """Return how a number misses its range."""
    if value >= least and (most is None or value <= most):
        return None
    wanted = f"at least {least}" if most is None else f"from {least} to {most}"
    return f"is {value}, but must be {wanted}. Choose such a number."


def split_bind(text: str) -> tuple[str, int] | None:
    """Return host and port of ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``; None: it is neither."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) not in range(1, 65536):
        return None
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def judge_bind(text: str) -> str | None:
    """Return what keeps this from being an address to listen at."""
    if split_bind(text) is None:
        return f"is {text!r}, which is not HOST:PORT. Write it as 127.0.0.1:8000."
    return None


def judge_log_format(name: str) -> str | None:
    """Return what keeps this from being a format of the log."""
    if name in LOG_FORMATS:
        return None
    return f"is {name!r}, which is none. Choose from {', '.join(LOG_FORMATS)}."


def judge_proxy(address: str) -> str | None:
    """Return what keeps this from naming a proxy, or a network of proxies."""
    try:
        network = ip_network(address)
    except ValueError:
        return "is no address and no network. Write it as 10.0.0.7 or 10.0.0.0/24."
    if network.prefixlen == 0:
        return "is everybody: anyone could say to be anyone. Name the proxies' own addresses."
    return None


def judge_origin(origin: str) -> str | None:
    """Return what keeps this from being a web origin as browsers send it (RFC 6454 section 6.2)."""
    try:
        parts = urlsplit(origin)
        shown = f"{parts.scheme}://{parts.netloc.lower()}"
        loopback = parts.scheme == "http" and is_loopback(origin)
        named = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return "is no origin. Write it as https://app.example.com."
    if not named or origin != shown or not origin.isascii():
        return "is no origin. Write scheme, host and port only: https://app.example.com."
    if parts.scheme != "https" and not loopback:
        return "is not https, and http is for loopback only. Use https."
    return None
