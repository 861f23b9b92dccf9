"""``oauthstore migrate``: the stores' schemas."""

from __future__ import annotations

import click

from ..errors import SchemaError
from ..settings import mask_url
from .failures import RefusedFailure
from .invocation import Invocation, global_options, pass_invocation, show_rows

__all__ = ["migrate"]


@click.group(invoke_without_command=True)
@global_options
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the stores' schemas up to date; without a verb, `up`."""
    if context.invoked_subcommand is None:
        context.invoke(up)


@migrate.command()
@global_options
@pass_invocation
def up(invocation: Invocation) -> None:
    """Bring the schema of every store up to this version's."""
    with invocation.stores() as stores:
        stores.migrate()
        names = sorted(stores.backends)
    told = [{"store": name, "state": "current"} for name in names]
    invocation.tell(told, lambda: click.echo(f"Up to date: {', '.join(names)}."))


@migrate.command()
@global_options
@pass_invocation
def status(invocation: Invocation) -> None:
    """Tell for every store whether its schema fits; exit with 1 where one does not."""
    settings = invocation.settings()
    told: list[dict[str, str]] = []
    with invocation.stores() as stores:
        for name, backend in sorted(stores.backends.items()):
            state, advice = "current", ""
            try:
                backend.ping()
            except SchemaError as error:
                state, advice = "does not fit", str(error)
            url = mask_url(settings.stores[name].url)
            told.append({"store": name, "url": url, "state": state, "advice": advice})
    rows = [(item["store"], item["url"], item["state"]) for item in told]
    invocation.tell(told, lambda: show_rows(("STORE", "URL", "SCHEMA"), rows))
    advice = "\n".join(item["advice"] for item in told if item["advice"])
    if advice:
        raise RefusedFailure(advice)
