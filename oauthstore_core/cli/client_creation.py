"""``oauthstore client create``."""

from __future__ import annotations

from pathlib import Path

import click

from ..oauth2.registration import register_client
from ..sealing import KeyRing
from ..settings import Settings
from .client_metadata import metadata_options, refuse_unknown_resources, resource_server_options
from .client_output import show_client
from .failures import RefusedFailure
from .invocation import Invocation, global_options, pass_invocation
from .oauth1_creation import OAuth1Options, oauth1_options, register_oauth1
from .secrets_input import read_secret

__all__ = ["create"]


@click.command()
@metadata_options
@click.option("--client-id", metavar="ID", help="To take over a registration from elsewhere.")
@click.option("--client-secret-stdin", is_flag=True, help="Read its present secret from stdin.")
@resource_server_options("--resource-server")
@oauth1_options
@global_options
@pass_invocation
def create(
    invocation: Invocation,
    /,
    *,
    client_id: str | None,
    client_secret_stdin: bool,
    resource_server: bool | None,
    grant_types: tuple[str, ...],
    redirect_uris: tuple[str, ...],
    resources: tuple[str, ...],
    oauth1: bool,
    key_file: Path | None,
    signature_methods: tuple[str, ...],
    **metadata: str | None,
) -> None:
    """Register a client; its id and secret are printed, the secret this once.

    The options have the names of RFC 7591; --json prints that standard's answer.
    """
    signing = OAuth1Options(oauth1, key_file, signature_methods)
    signing.refuse(
        {
            "--grant-type": grant_types,
            "--scope": metadata["scope"],
            "--token-endpoint-auth-method": metadata["token_endpoint_auth_method"],
            "--resource-server": resource_server,
            "--resource": resources,
        }
    )
    secret = read_secret("Client secret") if client_secret_stdin else None
    usual = ("authorization_code", "refresh_token") if redirect_uris else ("client_credentials",)
    complete = {
        **metadata,
        "grant_types": list(grant_types or usual),
        "redirect_uris": list(redirect_uris) or None,
    }
    with invocation.management() as management:
        settings = management.settings
        refuse_unknown_resources(resources, settings.resources)
        if oauth1:
            registration = register_oauth1(
                management,
                metadata,
                signing,
                client_id=client_id,
                client_secret=secret,
                redirect_uris=redirect_uris,
            )
        else:
            registration = register_client(
                management.stores.clients,
                complete,
                key_ring=None if secret is None else _key_ring(settings),
                clock=management.clock,
                client_id=client_id,
                client_secret=secret,
                resource_server=bool(resource_server),
                resources=resources,
                **invocation.registrable(settings),
            )
    information = registration.information()
    invocation.tell(information, lambda: show_client(information))


def _key_ring(settings: Settings) -> KeyRing:
    if not settings.secret_keys:
        raise RefusedFailure(
            "A secret from elsewhere is to be kept as an HMAC under the server's key, but "
            "`secret_keys` is empty. Set the server's own, or let a secret be generated."
        )
    return KeyRing(settings.secret_keys)
