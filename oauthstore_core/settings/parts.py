"""What settings are made of, and how roles find their stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..hookspecs import ROLES
from .masking import mask_options, mask_url

__all__ = [
    "DEFAULT_STORE",
    "Lifetimes",
    "OAuth1Settings",
    "ServerSettings",
    "StoreSettings",
    "route_roles",
]

#: The name of the store that the setting `store` gives.
DEFAULT_STORE: Final = "default"
_DAY: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things live, in seconds."""

    authorization_code: int = 60
    access_token: int = 60 * 60
    #: Since the last rotation.
    refresh_token_idle: int = 30 * _DAY
    #: Since the consent.
    refresh_token_absolute: int = 90 * _DAY
    #: Of OAuth 1, from the request for it to its exchange.
    temporary_credential: int = 10 * 60


@dataclass(frozen=True, slots=True)
class OAuth1Settings:
    """OAuth 1.0a (RFC 5849), which is off until it is asked for."""

    #: Whether the standalone server has the endpoints.
    enabled: bool = False
    #: The signature methods that are accepted, of `checks.SIGNATURE_METHODS`.
    signature_methods: tuple[str, ...] = ("HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256")
    #: By how many seconds a request's timestamp may be behind or ahead.
    timestamp_window: int = 300


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the standalone server listens, and whom it believes and answers."""

    #: ``HOST:PORT``; else the issuer's address on loopback, else 127.0.0.1:8000.
    bind: str | None = None
    #: How many processes.
    workers: int = 1
    #: Addresses or networks of proxies whose X-Forwarded-For is believed; nobody else's is.
    trusted_proxies: tuple[str, ...] = ()
    #: Origins whose scripts may ask token and revocation endpoint (CORS), besides those that a
    #: public client's redirect URIs name.
    allowed_origins: tuple[str, ...] = ()
    #: Whether every request is logged.
    access_log: bool = False
    #: ``text`` or ``json``, which is one object a line.
    log_format: str = "text"
    #: A folder with templates, files and texts in the place of the pages' own.
    pages: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class StoreSettings:
    """Where a store is, and what its backend is told besides."""

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"StoreSettings({mask_url(self.url)!r}, {mask_options(self.options)!r})"

    @property
    def scheme(self) -> str:
        """Return what stands before the URL's first colon."""
        return self.url.partition(":")[0].lower()


def route_roles(stores: Mapping[str, object], roles: Mapping[str, str]) -> dict[str, str]:
    """Return the routes with those added that are plain: to `default`, or to the only store.

    Accounts go where the clients are. What is left out is not plain.
    """
    only = next(iter(stores)) if len(stores) == 1 else None
    fallback = DEFAULT_STORE if DEFAULT_STORE in stores else only
    routed = dict(roles)
    for role in ROLES:
        if role not in routed and fallback is not None:
            routed[role] = fallback
    if "clients" in routed:
        routed.setdefault("accounts", routed["clients"])
    return routed
