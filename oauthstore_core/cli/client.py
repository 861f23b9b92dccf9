"""``oauthstore client``: the registered clients."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from ..oauth2.management import delete_client
from ..oauth2.registration import Registration, register_client
from ..records import Client
from ..stores import Stores
from .failures import NotFoundFailure, RefusedFailure
from .invocation import (
    Invocation,
    global_options,
    moment,
    pass_invocation,
    show_fields,
    show_rows,
)
from .secrets_input import read_secret

__all__ = ["client"]

_PAGE = 100


@click.group()
def client() -> None:
    """Register, list, show and delete clients."""


@client.command()
@click.option("--client-name", metavar="NAME", help="What people see on the consent page.")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="May be repeated."
)
@click.option(
    "--grant-type",
    "grant_types",
    multiple=True,
    metavar="TYPE",
    help=(
        "May be repeated: authorization_code, refresh_token, client_credentials. By default the "
        "first two with a redirect URI, else the last."
    ),
)
@click.option("--scope", metavar='"A B"', help="All that it may ask for, separated by spaces.")
@click.option(
    "--token-endpoint-auth-method",
    type=click.Choice(["client_secret_basic", "client_secret_post", "none"]),
    help="How it authenticates; none: a public client. By default client_secret_basic.",
)
@click.option("--client-id", metavar="ID", help="To take over a registration from elsewhere.")
@click.option("--client-secret-stdin", is_flag=True, help="Read its present secret from stdin.")
@click.option(
    "--resource-server", is_flag=True, help="It may introspect the tokens of other clients."
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="URI",
    help="May be repeated: a resource server learns only of tokens for these, or for none.",
)
@global_options
@pass_invocation
def create(
    invocation: Invocation,
    /,
    *,
    client_id: str | None,
    client_secret_stdin: bool,
    resource_server: bool,
    grant_types: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    resources: tuple[str, ...],
    **metadata: str | None,
) -> None:
    """Register a client; its id and secret are printed, the secret this once.

    The options have the names of RFC 7591; --json prints that standard's answer.
    """
    secret = read_secret("Client secret") if client_secret_stdin else None
    usual = ("authorization_code", "refresh_token") if redirect_uris else ("client_credentials",)
    complete = {
        **metadata,
        "grant_types": list(grant_types or usual),
        "redirect_uris": list(redirect_uris) or None,
    }
    with invocation.server() as server:
        _refuse_unknown(resources, server.settings.resources)
        registration = register_client(
            server.stores.clients,
            complete,
            key_ring=server.key_ring,
            clock=server.clock,
            client_id=client_id,
            client_secret=secret,
            resource_server=resource_server,
            resources=resources,
            scopes=tuple(server.settings.scopes),
        )
    information = registration.information()
    invocation.tell(information, lambda: _show(information))


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
            " ".join(item["grant_types"]),
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
        raise _missing(client_id)
    information = _information(record)
    invocation.tell(information, lambda: _show(information))


@client.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@pass_invocation
def delete(invocation: Invocation, client_id: str, *, yes: bool) -> None:
    """Delete a client and revoke all its tokens."""
    confirm(f"Delete the client {client_id} and revoke all its tokens?", yes=yes)
    with invocation.server() as server:
        revoked = delete_client(server, client_id)
    if revoked is None:
        raise _missing(client_id)
    told = {"client_id": client_id, "deleted": True, "grants_revoked": revoked}
    invocation.tell(
        told, lambda: click.echo(f"Deleted {client_id}; {revoked} grants were revoked.")
    )


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere only ``--yes`` is an answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedFailure(f"{question} Nobody can be asked here. Add --yes to do it.")
    click.confirm(question, abort=True, err=True)


def _refuse_unknown(resources: Sequence[str], known: Sequence[str]) -> None:
    unknown = [uri for uri in resources if uri not in known]
    if unknown:
        raise RefusedFailure(
            f"The server knows no resource {', '.join(unknown)} "
            f"(its setting `resources` has: {', '.join(known) or 'none'}). "
            "No token could ever name it. Add it to the setting, to the letter."
        )


def _missing(client_id: str) -> NotFoundFailure:
    return NotFoundFailure(
        f"There is no client {client_id!r} in this store. See all: oauthstore client list"
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
    more = {"source": record.source, "secrets": len(payload.get("secret_digests", ()))}
    if payload.get("resource_server"):
        more["resource_server"] = True
    if payload.get("resources"):
        more["resources"] = payload["resources"]
    return Registration(record).information() | more


def _show(information: dict[str, Any]) -> None:
    shown = dict(information)
    shown["client_id_issued_at"] = moment(shown["client_id_issued_at"])
    if shown.pop("client_secret_expires_at", None) == 0:
        shown["client_secret"] = f"{shown['client_secret']}  (shown this once)"
    show_fields(
        (name, ", ".join(value) if isinstance(value, list) else value)
        for name, value in shown.items()
        if value != []
    )
