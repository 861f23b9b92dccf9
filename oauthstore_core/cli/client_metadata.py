"""The options that speak RFC 7591's words, for a registration and for a change of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from .failures import RefusedFailure

__all__ = ["metadata_options", "refuse_unknown_resources", "resource_server_options"]

F = TypeVar("F", bound=Callable[..., Any])

_METADATA = (
    click.option("--client-name", metavar="NAME", help="What people see on the consent page."),
    click.option(
        "--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="May be repeated."
    ),
    click.option(
        "--grant-type",
        "grant_types",
        multiple=True,
        metavar="TYPE",
        help=(
            "May be repeated: authorization_code, refresh_token, client_credentials. A new client "
            "has by default the first two with a redirect URI, else the last."
        ),
    ),
    click.option("--scope", metavar='"A B"', help="All that it may ask for, separated by spaces."),
    click.option(
        "--token-endpoint-auth-method",
        type=click.Choice(["client_secret_basic", "client_secret_post", "none"]),
        help="How it authenticates; none: a public client. Else client_secret_basic.",
    ),
)
_RESOURCES = click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="URI",
    help="May be repeated: a resource server learns only of tokens for these, or for none.",
)


def metadata_options(command: F) -> F:
    """Give a command the options for metadata."""
    for option in reversed(_METADATA):
        command = option(command)
    return command


def resource_server_options(declaration: str) -> Callable[[F], F]:
    """Give a command the options for a resource server; `declaration` is that of the flag."""
    flag = click.option(
        declaration,
        is_flag=True,
        default=None,
        help="It may introspect the tokens of other clients.",
    )
    return lambda command: flag(_RESOURCES(command))


def refuse_unknown_resources(resources: Sequence[str], known: Sequence[str]) -> None:
    """Raise `RefusedFailure` where the setting `resources` has not all of these."""
    unknown = [uri for uri in resources if uri not in known]
    if unknown:
        raise RefusedFailure(
            f"The server knows no resource {', '.join(unknown)} "
            f"(its setting `resources` has: {', '.join(known) or 'none'}). "
            "No token could ever name it. Add it to the setting, to the letter."
        )
