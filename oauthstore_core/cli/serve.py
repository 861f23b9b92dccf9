"""``oauthstore serve``: the standalone server."""

from __future__ import annotations

import copy
import json
import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import click
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from ..integrations.asgi import Application
from ..oauth2.server import AuthorizationServer
from ..server.application import accounts_of, application_of, open_server
from ..server.demo import SCOPES, DemoNotes, demo_settings, prepare_demo
from ..settings import Settings
from ..stores import check_capabilities
from .access_log import WithoutQuery
from .banner import announce
from .initialize import FILE_NAME, initialize
from .invocation import Invocation, global_options, pass_invocation
from .listening import Address, judge_exposure, parse_address, usual_address

__all__ = ["serve"]

_FACTORY: Final = "oauthstore_core.server.application:create_application"
_DEMO_FACTORY: Final = "oauthstore_core.server.application:create_demo_application"
#: Seconds that requests at work are given when the server is stopped.
_PATIENCE: Final = 10


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
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="How many processes; more than one needs a store that they can share.",
)
@click.option("--demo", is_flag=True, help="Add a client, an application and an account to try.")
@click.option("--access-log", is_flag=True, help="Log every request.")
@global_options
@pass_invocation
def serve(
    invocation: Invocation,
    address: Address | None,
    *,
    workers: int,
    demo: bool,
    access_log: bool,
) -> None:
    """Run the server: its pages, the OAuth endpoints and the metadata.

    Without any configuration, on loopback, it makes one as `init` does.
    """
    settings = _configure(invocation, address)
    address = address or usual_address(settings)
    settings = _with_issuer(invocation, settings, address)
    judge_exposure(settings, address)
    address.refuse_if_taken()
    server = open_server(demo_settings(settings) if demo else settings)
    check_capabilities(settings, server.stores, workers=workers)
    server.stores.migrate()
    notes = prepare_demo(server, accounts_of(server)) if demo else None
    announce(invocation, server, address, workers=workers, notes=notes)
    options = _uvicorn_options(address, access_log=access_log)
    if workers == 1:
        uvicorn.run(_application(server, notes), **options)
    else:
        server.stores.close()
        _hand_over(invocation, os.environ)
        factory = _DEMO_FACTORY if demo else _FACTORY
        uvicorn.run(factory, factory=True, workers=workers, **options)


def _application(server: AuthorizationServer, notes: DemoNotes | None) -> Application:
    demo_scopes = None if notes is None else SCOPES
    return application_of(server, demo_scopes=demo_scopes)


def _configure(invocation: Invocation, address: Address | None) -> Settings:
    """Return the settings; where there are no keys and no file, make them."""
    settings = invocation.settings()
    has_file = any(source.startswith("file ") for source in settings.sources.values())
    exposed = address is not None and not address.is_loopback
    if settings.secret_keys or has_file or invocation.config or exposed:
        return settings
    if not settings.names_no_store and _is_memory(settings):
        # What is sealed ends with the process, so its key may, too.
        os.environ["OAUTHSTORE_SECRET_KEYS"] = json.dumps([secrets.token_urlsafe(48)])
        return invocation.settings()
    path = Path(FILE_NAME).absolute()
    store = None if settings.names_no_store else settings.stores["default"].url
    issuer = settings.issuer or (address or usual_address(settings)).url
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


def _uvicorn_options(address: Address, *, access_log: bool) -> dict[str, Any]:
    logging = copy.deepcopy(LOGGING_CONFIG)
    for name in ("oauthstore", "oauthstore_core"):
        logging["loggers"][name] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    # These two write JSON, a line an event, and nothing stands in front of it.
    logging["formatters"]["bare"] = {"format": "%(message)s"}
    logging["handlers"]["events"] = {**logging["handlers"]["default"], "formatter": "bare"}
    for name in ("oauthstore.audit", "oauthstore.refusals"):
        logging["loggers"][name] = {"handlers": ["events"], "level": "INFO", "propagate": False}
    logging["filters"] = {"without_query": {"()": f"{WithoutQuery.__module__}.WithoutQuery"}}
    logging["handlers"]["access"]["filters"] = ["without_query"]
    return {
        "host": address.host,
        "port": address.port,
        "access_log": access_log,
        "log_config": logging,
        "log_level": "info" if access_log else "warning",
        "server_header": False,
        # What a proxy says of the client is believed of those proxies that are named, only.
        "proxy_headers": bool(os.environ.get("FORWARDED_ALLOW_IPS")),
        "timeout_graceful_shutdown": _PATIENCE,
    }
