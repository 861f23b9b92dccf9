"""What ``oauthstore client create --oauth1`` registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ..oauth1.registration import register_client
from ..oauth2.management import Management
from ..oauth2.registration import Registration
from ..sealing import KeyRing
from ..settings import Settings
from ..settings.checks import SIGNATURE_METHODS
from .failures import RefusedFailure, warn

__all__ = ["OAuth1Options", "key_ring_of", "oauth1_options", "register_oauth1"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--oauth1", is_flag=True, help="A client of OAuth 1.0a, which signs requests."),
    click.option(
        "--rsa-public-key",
        "key_file",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With --oauth1: its RSA key, PEM, by which it signs in the place of a secret.",
    ),
    click.option(
        "--signature-method",
        "signature_methods",
        multiple=True,
        type=click.Choice(SIGNATURE_METHODS),
        help="With --oauth1; may be repeated: what it may sign by. Else all but PLAINTEXT.",
    ),
)


def oauth1_options(command: F) -> F:
    """Give a command the options of a client of OAuth 1."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class OAuth1Options:
    """What was asked for besides metadata."""

    oauth1: bool
    key_file: Path | None
    signature_methods: tuple[str, ...]

    def refuse(self, others: Mapping[str, object]) -> None:
        """Raise a usage error where options of one protocol meet the other."""
        if not self.oauth1 and (self.key_file or self.signature_methods):
            raise click.UsageError("--rsa-public-key and --signature-method go with --oauth1.")
        given = [name for name, value in others.items() if value]
        if self.oauth1 and given:
            raise click.UsageError(f"OAuth 1 knows no {', '.join(given)}: leave that out.")


def key_ring_of(settings: Settings) -> KeyRing:
    """Return the server's keys. `RefusedFailure`: there are none to seal a secret under."""
    if not settings.secret_keys:
        raise RefusedFailure(
            "A secret that signs is to be sealed under the server's key, but `secret_keys` is "
            "empty. Set the server's own: what another key seals, the server cannot open."
        )
    return KeyRing(settings.secret_keys)


def register_oauth1(
    management: Management,
    metadata: Mapping[str, str | None],
    options: OAuth1Options,
    *,
    client_id: str | None,
    client_secret: str | None,
    redirect_uris: Sequence[str],
) -> Registration:
    """Register a client of OAuth 1. `RefusedFailure`: its secret could not be sealed."""
    settings = management.settings
    key_ring = key_ring_of(settings)
    if not settings.oauth1.enabled:
        warn(
            "The standalone server and Django's URLs have no OAuth 1 endpoints unless "
            "`oauth1.enabled` is true."
        )
    key = None if options.key_file is None else options.key_file.read_text()
    return register_client(
        management.stores.clients,
        {**metadata, "redirect_uris": [*redirect_uris] or None},
        key_ring=key_ring,
        clock=management.clock,
        client_id=client_id,
        client_secret=client_secret,
        rsa_public_key=key,
        signature_methods=options.signature_methods or None,
    )
