"""``oauthstore config``: what is set, and where."""

from __future__ import annotations

import json

import click

from .invocation import Invocation, global_options, pass_invocation, show_rows

__all__ = ["config"]


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command()
@global_options
@pass_invocation
def show(invocation: Invocation) -> None:
    """Show every setting and the place that gave it; secrets are masked."""
    masked = invocation.settings().masked()
    rows = [
        (
            name,
            value if isinstance(value := item["value"], str) else json.dumps(value),
            item["source"],
        )
        for name, item in masked.items()
    ]
    invocation.tell(masked, lambda: show_rows(("SETTING", "VALUE", "SOURCE"), rows))
