"""``oauthstore serve``: the standalone server."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

import click

from ..integrations.asgi import Application
from ..oauth2.server import AuthorizationServer
from ..server.application import accounts_of, application_of
from ..server.demo import SCOPES, DemoNotes, demo_settings, prepare_demo
from ..settings import Settings
from ..settings.checks import LOG_FORMATS, MAXIMUM_WORKERS
from .banner import announce
from .initialize import FILE_NAME, initialize
from .invocation import Invocation, global_options, pass_invocation
from .listening import Address, parse_address, usual_address
from .starting import open_checked, warn_of_proxies
from .web_server import raise_file_limit, run_uvicorn, run_workers, uvicorn_options

__all__ = ["serve"]

_FACTORY: Final = "oauthstore_core.server.application:create_application"
_DEMO_FACTORY: Final = "oauthstore_core.server.application:create_demo_application"


@click.command()
@click.option(
    "--bind",
    "address",
    metavar="HOST:PORT",
    callback=parse_address,
    help="Where to listen; by default the issuer's address on loopback, else 127.0.0.1:8000.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, MAXIMUM_WORKERS),
    help="How many processes, by default one; more need a store that they can share.",
)
@click.option("--demo", is_flag=True, help="Add a client, an application and an account to try.")
@click.option("--access-log/--no-access-log", default=None, help="Log every request, or none.")
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    help="json: one object a line. By default text.",
)
@global_options
@pass_invocation
def serve(
    invocation: Invocation,
    /,
    address: Address | None,
    *,
    demo: bool,
    **options: object,
) -> None:
    """Run the server: its pages, the OAuth endpoints, the metadata and /health.

    Without any configuration, on loopback, it makes one as `init` does. The
    options stand for the table `server` of the configuration. SIGTERM and
    Ctrl-C let the requests at work end.
    """
    invocation.server = options | {"bind": address and f"{address.host}:{address.port}"}
    settings = _configure(invocation)
    address = usual_address(settings)
    settings = _with_issuer(invocation, settings, address)
    server = open_checked(demo_settings(settings) if demo else settings, address)
    warn_of_proxies(settings)
    server.stores.migrate()
    notes = prepare_demo(server, accounts_of(server)) if demo else None
    announce(invocation, server, address, workers=settings.server.workers, notes=notes)
    raise_file_limit()
    _run(invocation, server, address, notes)


def _run(
    invocation: Invocation,
    server: AuthorizationServer,
    address: Address,
    notes: DemoNotes | None,
) -> None:
    listening = server.settings.server
    options = uvicorn_options(address, listening)
    if listening.workers == 1:
        run_uvicorn(_application(server, notes), **options)
        return
    server.stores.close()
    _hand_over(invocation, os.environ)
    factory = _FACTORY if notes is None else _DEMO_FACTORY
    run_workers(factory, listening.workers, **options)


def _application(server: AuthorizationServer, notes: DemoNotes | None) -> Application:
    demo_scopes = None if notes is None else SCOPES
    return application_of(server, demo_scopes=demo_scopes)


def _configure(invocation: Invocation) -> Settings:
    """Return the settings; where there are no keys and no file, make them."""
    settings = invocation.settings()
    has_file = any(source.startswith("file ") for source in settings.sources.values())
    address = usual_address(settings)
    if settings.secret_keys or has_file or invocation.config or not address.is_loopback:
        return settings
    if not settings.names_no_store and _is_memory(settings):
        # What is sealed ends with the process, so its key may, too.
        os.environ["OAUTHSTORE_SECRET_KEYS"] = json.dumps([secrets.token_urlsafe(48)])
        return invocation.settings()
    path = Path(FILE_NAME).absolute()
    store = None if settings.names_no_store else settings.stores["default"].url
    issuer = settings.issuer or address.url
    initialize(path, store=store, issuer=issuer)
    click.echo(f"There was no configuration: made {path}.", err=True)
    return invocation.settings()


def _is_memory(settings: Settings) -> bool:
    return all(store.scheme == "memory" for store in settings.stores.values())


def _with_issuer(invocation: Invocation, settings: Settings, address: Address) -> Settings:
    """Return the settings with the address as the issuer where none is set, on loopback."""
    if settings.issuer is not None or not address.is_loopback:
        return settings
    invocation.issuer = address.url
    return invocation.settings()


def _hand_over(invocation: Invocation, environ: MutableMapping[str, str]) -> None:
    """Put the command line into the environment, where the workers read it."""
    if invocation.config is not None:
        environ["OAUTHSTORE_CONFIG"] = str(invocation.config.absolute())
    for name, value in (("STORE", invocation.store), ("ISSUER", invocation.issuer)):
        if value is not None:
            environ.pop(f"OAUTHSTORE_{name}_FILE", None)
            environ[f"OAUTHSTORE_{name}"] = value
    if invocation.store is not None:
        # An argument replaces all that the environment says of storage; so must its stand-in.
        replaced = ("OAUTHSTORE_STORES", "OAUTHSTORE_ROLES")
        for variable in [name for name in environ if name.startswith(replaced)]:
            del environ[variable]
