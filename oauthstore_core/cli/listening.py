"""Where the server listens, and whether it may."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import click

from ..settings import Settings, is_loopback
from ..settings.checks import judge_bind, split_bind
from .failures import RefusedFailure, warn

__all__ = ["Address", "judge_exposure", "parse_address", "usual_address"]

_DEFAULT_PORT: Final = 8000


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the address as an http URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        return is_loopback(self.url)

    def refuse_if_taken(self) -> None:
        """Raise `RefusedFailure` where one cannot listen there."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise RefusedFailure(
                    f"The server was to listen on {self.host}:{self.port}, but cannot "
                    f"({error.strerror}). Choose another address: --bind HOST:PORT"
                ) from error


def parse_address(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Address | None:
    """Return the address that ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT`` is; for click."""
    if value is None:
        return None
    found = split_bind(value)
    if found is None:
        raise click.BadParameter(f"It {judge_bind(value)}", context, parameter)
    return Address(*found)


def usual_address(settings: Settings) -> Address:
    """Return where to listen: as set, else at the issuer's own address, on loopback."""
    found = split_bind(settings.server.bind or "")
    if found is not None:
        return Address(*found)
    parts = urlsplit(settings.issuer or "")
    if settings.issuer and parts.scheme == "http" and parts.hostname:
        return Address(parts.hostname, parts.port or 80)
    return Address("127.0.0.1", _DEFAULT_PORT)


def judge_exposure(settings: Settings, address: Address) -> None:
    """Refuse to speak http with the world, and warn where issuer and address disagree."""
    issuer = settings.issuer or address.url
    encrypted = issuer.startswith("https:")
    if not address.is_loopback and not encrypted:
        raise RefusedFailure(
            f"The server was to listen on {address.host}, where others can reach it, but its "
            f"issuer is {issuer}. Set an https issuer, and put a proxy that speaks TLS in "
            "front; or listen on 127.0.0.1."
        )
    if not encrypted and urlsplit(issuer).port not in {address.port, None}:
        warn(
            f"The issuer is {issuer}, but the server listens on {address.url}: clients will "
            f"not find it. Run it with --issuer {address.url}, or change the configuration."
        )
