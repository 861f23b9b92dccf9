"""``oauthstore config``: what is set, where, and which rules that keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from ..errors import ConfigurationError
from ..settings import Settings, mask_url
from ..settings.rules import Verdict
from ..stores import Stores, open_stores
from .failures import RefusedFailure
from .invocation import Invocation, global_options, pass_invocation, show_rows
from .starting import capability_problems

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


@config.command()
@global_options
@pass_invocation
def check(invocation: Invocation) -> None:
    """Hold every security rule against the configuration; exit with 1 where one is not met.

    It opens the stores, but asks them nothing: that is `backend ping`.
    """
    settings = invocation.settings()
    verdicts = [*invocation.judge(settings), *_judge_stores(settings, invocation.roles)]
    told = [asdict(verdict) for verdict in verdicts]
    rows = [(item.rule, "yes" if item.met else "NO", item.how, item.source) for item in verdicts]
    invocation.tell(told, lambda: show_rows(("RULE", "MET", "HOW", "SOURCE"), rows))
    broken = [verdict.rule for verdict in verdicts if not verdict.met]
    if broken:
        raise RefusedFailure(
            f"{len(verdicts)} rules were held against the configuration; not met: "
            f"{', '.join(broken)}. The table says what to do."
        )


def _judge_stores(settings: Settings, roles: Sequence[str]) -> Sequence[Verdict]:
    source = "the storage contract"
    try:
        with open_stores(settings, required_roles=roles) as stores:
            promises = capability_problems(settings, stores) or _forgetful(settings, stores)
            where = ", ".join(sorted({_where(settings, name) for name in stores.backends}))
    except ConfigurationError as error:
        return [Verdict("stores", source, met=False, how=str(error))]
    if promises:
        return [Verdict("stores", source, met=False, how=" ".join(promises))]
    # An application's own server knows how many there are.
    workers = f", workers: {settings.server.workers}" if "accounts" in roles else ""
    how = f"{where}: one winner{workers}; what was answered is kept"
    return [Verdict("stores", source, met=True, how=how)]


def _forgetful(settings: Settings, stores: Stores) -> list[str]:
    """Return a complaint for each store that ends with its process."""
    return [
        f"The store {name!r} ({_where(settings, name)}) keeps nothing beyond its process. "
        "Set one that does, such as sqlite:///oauth.db."
        for name, backend in sorted(stores.backends.items())
        if not backend.capabilities.durable
    ]


def _where(settings: Settings, name: str) -> str:
    return mask_url(settings.stores[name].url)
