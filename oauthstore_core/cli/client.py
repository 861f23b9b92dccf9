"""``oauthstore client``: the registered clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from ..clock import SystemClock
from ..oauth1.sealed_secrets import valid_sealed_secrets
from ..oauth2.clients import valid_secret_digests
from ..oauth2.management import delete_client
from ..oauth2.registration import Registration
from ..records import Client
from ..stores import Stores
from .client_changes import rotate_secret, update
from .client_creation import create
from .client_output import missing_client, show_client
from .confirmation import confirm
from .invocation import Invocation, global_options, moment, pass_invocation, show_rows

__all__ = ["client"]

_PAGE = 100


@click.group()
def client() -> None:
    """Register, list, show, change and delete clients."""


for _command in (create, update, rotate_secret):
    client.add_command(_command)


@client.command("list")
@global_options
@pass_invocation
def list_(invocation: Invocation) -> None:
    """List the clients."""
    with invocation.stores() as stores:
        found = [_information(record) for record in _all_clients(stores)]
    rows = [
        (
            item["client_id"],
            item.get("client_name", ""),
            " ".join(item["grant_types"]) or item["token_endpoint_auth_method"],
            moment(item["client_id_issued_at"]),
        )
        for item in found
    ]
    invocation.tell(found, lambda: show_rows(("CLIENT ID", "NAME", "GRANTS", "CREATED"), rows))


@client.command()
@click.argument("client_id")
@global_options
@pass_invocation
def show(invocation: Invocation, client_id: str) -> None:
    """Show what is registered of a client; secrets cannot be shown."""
    with invocation.stores() as stores:
        record = stores.clients.query_client(client_id)
    if record is None:
        raise missing_client(client_id)
    information = _information(record)
    invocation.tell(information, lambda: show_client(information))


@client.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@pass_invocation
def delete(invocation: Invocation, client_id: str, *, yes: bool) -> None:
    """Delete a client and revoke all its tokens."""
    confirm(f"Delete the client {client_id} and revoke all its tokens?", yes=yes)
    with invocation.management() as management:
        revoked = delete_client(management, client_id)
    if revoked is None:
        raise missing_client(client_id)
    told = {"client_id": client_id, "deleted": True, "grants_revoked": revoked}
    invocation.tell(
        told, lambda: click.echo(f"Deleted {client_id}; {revoked} grants were revoked.")
    )


def _all_clients(stores: Stores) -> Iterator[Client]:
    cursor: str | None = None
    while True:
        page = stores.clients.list_clients(None, cursor, _PAGE)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _information(record: Client) -> dict[str, Any]:
    payload = json.loads(record.payload)
    now = SystemClock().now()
    valid = [*valid_secret_digests(payload, now), *valid_sealed_secrets(payload, now)]
    more: dict[str, Any] = {"source": record.source, "secrets": len(valid)}
    ends = [item["expires_at"] for item in valid if "expires_at" in item]
    if ends:
        more["previous_secret_expires_at"] = ends[0]
    if payload.get("resource_server"):
        more["resource_server"] = True
    if payload.get("resources"):
        more["resources"] = payload["resources"]
    return Registration(record).information() | more
