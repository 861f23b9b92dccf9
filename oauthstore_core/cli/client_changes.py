"""``oauthstore client update`` and ``rotate-secret``."""

from __future__ import annotations

from typing import Any

import click

from ..oauth1.client_changes import is_oauth1_client, update_client
from ..oauth1.client_changes import rotate_secret as rotate_sealed_secret
from ..oauth2 import client_changes
from ..oauth2.client_changes import RotatedSecret
from ..oauth2.management import Management
from ..records import Client
from ..stores import Stores
from .client_metadata import metadata_options, refuse_unknown_resources, resource_server_options
from .client_output import missing_client, show_client
from .invocation import Invocation, global_options, moment, pass_invocation
from .oauth1_creation import key_ring_of

__all__ = ["rotate_secret", "update"]

_DAY = 24 * 60 * 60
_MOST = 90 * _DAY


@click.command()
@click.argument("client_id")
@metadata_options
@resource_server_options("--resource-server/--no-resource-server")
@global_options
@pass_invocation
def update(
    invocation: Invocation,
    /,
    client_id: str,
    *,
    resource_server: bool | None,
    resources: tuple[str, ...],
    **metadata: str | tuple[str, ...] | None,
) -> None:
    """Change what is registered of a client; what is not named stays.

    Each option replaces all that it had of this; an empty value takes it out. Tokens that
    were issued stay valid. One that becomes confidential gets a secret, printed this once.
    """
    changes = _changes(metadata)
    if not changes and resource_server is None and not resources:
        raise click.UsageError("Nothing is to be changed. Name what is, such as --client-name.")
    with invocation.management() as management:
        settings, clients = management.settings, management.stores.clients
        refuse_unknown_resources([uri for uri in resources if uri], settings.resources)
        found = _found(management.stores, client_id)
        if is_oauth1_client(found):
            _refuse_resource_server(resource_server, resources)
            registration = update_client(clients, found, changes)
        else:
            registration = client_changes.update_client(
                clients,
                found,
                changes,
                clock=management.clock,
                resource_server=resource_server,
                resources=[uri for uri in resources if uri] if resources else None,
                **invocation.registrable(settings),
            )
    information = registration.information()
    invocation.tell(information, lambda: show_client(information))


@click.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--overlap",
    type=click.IntRange(0, _MOST),
    default=_DAY,
    show_default=True,
    metavar="SECONDS",
    help="For how long the secret before works, too; 0: it ends at once.",
)
@global_options
@pass_invocation
def rotate_secret(invocation: Invocation, client_id: str, overlap: int) -> None:
    """Give a client a fresh secret, printed this once; the one before ends after a while.

    Of three, the first ends at once: at most two are valid.
    """
    with invocation.management() as management:
        rotated = _rotate(management, _found(management.stores, client_id), overlap)
    end = rotated.previous_expires_at
    information = rotated.registration.information() | {"previous_secret_expires_at": end}

    def show() -> None:
        show_client({name: information[name] for name in ("client_id", *_SECRET)})
        until = "does not work any more" if end is None else f"works until {moment(end)}"
        click.echo(f"\nThe secret before {until}.")

    invocation.tell(information, show)


def _rotate(management: Management, found: Client, overlap: int) -> RotatedSecret:
    clients, clock = management.stores.clients, management.clock
    if not is_oauth1_client(found):
        return client_changes.rotate_secret(clients, found, clock=clock, overlap=overlap)
    key_ring = key_ring_of(management.settings)
    return rotate_sealed_secret(clients, found, key_ring=key_ring, clock=clock, overlap=overlap)


def _refuse_resource_server(resource_server: object, resources: tuple[str, ...]) -> None:
    if resource_server is not None or resources:
        raise click.UsageError("A client of OAuth 1 is no resource server that introspects.")


_SECRET = ("client_secret", "client_secret_expires_at")


def _found(stores: Stores, client_id: str) -> Client:
    record = stores.clients.query_client(client_id)
    if record is None:
        raise missing_client(client_id)
    return record


def _changes(metadata: dict[str, str | tuple[str, ...] | None]) -> dict[str, Any]:
    """Return what was given, None for what is to be taken out."""
    given: dict[str, Any] = {}
    for name, value in metadata.items():
        if isinstance(value, tuple) and value:
            given[name] = [item for item in value if item] or None
        elif isinstance(value, str):
            given[name] = value or None
    return given
