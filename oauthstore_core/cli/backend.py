"""``oauthstore backend``: which stores could be used, and how those in use are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import click

from ..backends import Backend
from ..errors import ConfigurationError, StoreError
from ..plugins.discovery import installed_backends, load_backend
from ..settings import mask_url
from .invocation import Invocation, global_options, pass_invocation, show_rows

__all__ = ["backend"]


def _choose(context: click.Context, _: click.Parameter, url: str | None) -> None:
    """Take a store that is not, or not yet, the configured one: as --store does."""
    if url is not None:
        context.ensure_object(Invocation).store = url


_url = click.argument("url", metavar="[URL]", required=False, expose_value=False, callback=_choose)


@click.group()
def backend() -> None:
    """List the installed storage backends; ping and describe the stores in use."""


@backend.command("list")
@click.option(
    "--roles", is_flag=True, help="Import each backend, to tell which roles it serves, too."
)
@global_options
@pass_invocation
def list_(invocation: Invocation, *, roles: bool) -> None:
    """List what is installed, from the metadata alone: nothing is imported."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in installed_backends():
        found.setdefault((item.distribution, item.target), []).append(item.name)
    told = [_described(distribution, names) for (distribution, _), names in found.items()]
    columns = ["BACKEND", "URL SCHEMES", "DISTRIBUTION", "VERSION"]
    if roles:
        told = [item | _loaded(item["schemes"][0]) for item in told]
        columns.append("ROLES")
    rows = [[_cell(value) for value in item.values()] for item in told]
    invocation.tell(told, lambda: show_rows(columns, rows))


@backend.command()
@global_options
@_url
@pass_invocation
def ping(invocation: Invocation) -> None:
    """Ask the store of a URL, or every store in use, whether it answers and its schema fits."""
    settings = invocation.settings()
    problems: list[StoreError | ConfigurationError] = []
    told: list[dict[str, Any]] = []
    with invocation.stores() as stores:
        for name, opened in sorted(stores.backends.items()):
            problem = _problem(opened)
            url = mask_url(settings.stores[name].url)
            told.append({"store": name, "url": url, "answers": problem is None})
            if problem is not None:
                problems.append(problem)
    rows = [(item["store"], item["url"], "yes" if item["answers"] else "no") for item in told]
    invocation.tell(told, lambda: show_rows(("STORE", "URL", "ANSWERS"), rows))
    if problems:
        raise problems[0]


@backend.command()
@global_options
@_url
@pass_invocation
def describe(invocation: Invocation) -> None:
    """Tell of the store of a URL, or of every store in use, what it is and what it promises."""
    settings = invocation.settings()
    told: dict[str, dict[str, Any]] = {}
    with invocation.stores() as stores:
        for name, opened in sorted(stores.backends.items()):
            told[name] = {
                "url": mask_url(settings.stores[name].url),
                "roles": [role for role, store in stores.routes.items() if store == name],
                "capabilities": asdict(opened.capabilities),
                "facts": dict(opened.describe()),
            }
    rows = [(name, *row) for name, facts in told.items() for row in _flat(facts)]
    invocation.tell(told, lambda: show_rows(("STORE", "FACT", "VALUE"), rows))


def _flat(facts: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", _cell(value)


def _problem(opened: Backend) -> StoreError | ConfigurationError | None:
    try:
        opened.ping()
    except (StoreError, ConfigurationError) as error:
        return error
    return None


def _described(distribution: str, names: list[str]) -> dict[str, Any]:
    name, _, version = distribution.rpartition(" ")
    own = name.rpartition("-")[2]
    return {
        "name": own if own in names else names[0],
        "schemes": names,
        "distribution": name,
        "version": version,
    }


def _loaded(scheme: str) -> dict[str, Any]:
    descriptor = load_backend(scheme)
    return {"name": descriptor.name, "roles": list(descriptor.roles)}


def _cell(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
