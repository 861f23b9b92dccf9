"""Exchanges with a server that knows no issuer: that is the address on loopback asked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..opened import ask
from .exchanges import Exchange

__all__ = ["ADDRESSES", "ENDPOINTS"]

METADATA = "/.well-known/oauth-authorization-server/oauth"
OWN = {"grant_type": "client_credentials"}
LOOPBACK = {"Host": "127.0.0.1:8000"}


_ASKED: Sequence[Exchange] = (
    Exchange("the metadata", METADATA),
    Exchange("the metadata to HEAD", METADATA, method="HEAD"),
    Exchange("the question", ask("c1")),
    Exchange("the question to nobody", ask("c1"), person=None),
    Exchange("a client's own token", "/oauth/token", OWN, "c1"),
    Exchange("a wrong secret", "/oauth/token", {**OWN, "client_id": "c2"}),
    Exchange("a revocation", "/oauth/revoke", {"token": "x"}, "c1"),
    Exchange("introspection", "/oauth/introspect", {"token": "x"}, "c1"),
)
#: What is asked, of each kind of endpoint.
ENDPOINTS: Sequence[str] = [asked.name for asked in _ASKED]


def _at(where: str, host: Mapping[str, str]) -> Sequence[Exchange]:
    return [replace(asked, name=f"{asked.name}, {where}", headers=host) for asked in _ASKED]


ADDRESSES: Sequence[Exchange] = (
    *_at("elsewhere", {}),
    *_at("on a host that is none", {"Host": "evil host"}),
    *_at("on loopback", LOOPBACK),
    *_at("elsewhere, later", {"Host": "other.example"}),
    *_at("on another loopback, later", {"Host": "localhost:9000"}),
)
