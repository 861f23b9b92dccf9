"""What ``oauthstore serve`` says when it starts."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from ..oauth2.server import AuthorizationServer
from ..server.demo import ACCOUNT, CLIENT_ID, SCOPES, DemoNotes
from ..server.paths import Paths
from ..settings import mask_url
from .initialize import FILE_NAME
from .invocation import Invocation, show_fields
from .listening import Address

__all__ = ["announce"]

_SHOWN_BEFORE = "shown at the first start"


def announce(
    invocation: Invocation,
    server: AuthorizationServer,
    address: Address,
    *,
    workers: int,
    notes: DemoNotes | None,
) -> None:
    """Print where the server is and, of the demo, what to do next; secrets this once."""
    told = _facts(server, address, workers)
    if notes is not None:
        told["demo"] = _demo_facts(server, notes)
    if invocation.as_json:
        click.echo(json.dumps(told))
        return
    demo = told.pop("demo", None)
    show_fields((name, value) for name, value in told.items())
    if demo is not None and notes is not None:
        _show_demo(demo, notes)
        if notes.client_secret is None or notes.password is None:
            _show_renewal(_command(invocation))
    click.echo("\nStop it with Ctrl-C.")


def _facts(server: AuthorizationServer, address: Address, workers: int) -> dict[str, Any]:
    paths = Paths(server.issuer)
    names = sorted(set(server.stores.routes.values()))
    urls = [mask_url(server.settings.stores[name].url) for name in names]
    return {
        "issuer": server.issuer,
        "metadata": paths.absolute(paths.metadata),
        "store": ", ".join(urls),
        "listens": address.url.removeprefix("http://"),
        "workers": workers,
    }


def _demo_facts(server: AuthorizationServer, notes: DemoNotes) -> dict[str, Any]:
    paths = Paths(server.issuer)
    user = CLIENT_ID if notes.client_secret is None else f"{CLIENT_ID}:{notes.client_secret}"
    return {
        "client_id": CLIENT_ID,
        "client_secret": notes.client_secret,
        "curl": (
            f"curl -u {user} -d grant_type=client_credentials -d scope={' '.join(SCOPES)} "
            f"{paths.absolute(paths.endpoints.token)}"
        ),
        "url": paths.absolute(paths.demo),
        "account": ACCOUNT,
        "password": notes.password,
    }


def _show_demo(demo: dict[str, Any], notes: DemoNotes) -> None:
    once = "  (shown this once)"
    secret = _SHOWN_BEFORE if notes.client_secret is None else notes.client_secret + once
    password = _SHOWN_BEFORE if notes.password is None else notes.password + once
    click.echo("\nTry it in a browser:")
    show_fields((("  open", demo["url"]), ("  name", ACCOUNT), ("  password", password)))
    click.echo("\nTry it in a terminal:")
    show_fields((("  client id", CLIENT_ID), ("  client secret", secret)))
    click.echo(f"\n  {demo['curl']}")


def _show_renewal(command: str) -> None:
    click.echo(
        "\nFor a new password or secret, stop the server and run:\n\n"
        f"  {command} user set-password {ACCOUNT}\n"
        f"  {command} client delete {CLIENT_ID}   (the next start makes it anew)"
    )


def _command(invocation: Invocation) -> str:
    """Return how this program is called from any folder, with the same store."""
    found, called = shutil.which("oauthstore"), Path(sys.argv[0])
    elsewhere = called.exists() and not (found and called.samefile(found))
    parts = [str(called) if elsewhere else "oauthstore"]
    config = invocation.config or Path(FILE_NAME)
    if config.exists():
        parts += ["--config", str(config.absolute())]
    if invocation.store is not None:
        parts += ["--store", mask_url(invocation.store)]
    return shlex.join(parts)
