"""``oauthstore plugin``: the observers and decorators that settings could name."""

from __future__ import annotations

import click

from ..plugins.discovery import installed_plugins
from .invocation import Invocation, global_options, pass_invocation, show_rows

__all__ = ["plugin"]


@click.group()
def plugin() -> None:
    """List the installed observers and decorators."""


@plugin.command("list")
@global_options
@pass_invocation
def list_(invocation: Invocation) -> None:
    """List what is installed, from the metadata alone, and whether the settings enable it."""
    enabled = invocation.settings().plugins
    told = []
    for item in installed_plugins():
        distribution, _, version = item.distribution.rpartition(" ")
        told.append(
            {
                "name": item.name,
                "distribution": distribution,
                "version": version,
                "enabled": item.name in enabled,
            }
        )
    rows = [
        (item["name"], item["distribution"], item["version"], "yes" if item["enabled"] else "no")
        for item in told
    ]
    invocation.tell(told, lambda: show_rows(("PLUGIN", "DISTRIBUTION", "VERSION", "ENABLED"), rows))
