"""What every command shares: the options for all of them, settings, stores, output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..oauth2.management import Management
from ..oauth2.registration import GRANT_TYPES, RESPONSE_TYPES
from ..server.accounts import Accounts
from ..server.application import STANDALONE_ROLES, accounts_of
from ..settings import Settings
from ..settings.rules import Verdict, judge_rules
from ..stores import Stores, open_stores

__all__ = [
    "Invocation",
    "global_options",
    "moment",
    "pass_invocation",
    "printable",
    "show_fields",
    "show_rows",
]

_PIPE_WIDTH = 100_000

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Invocation:
    """One call of the command line: its global options, given before or after the command."""

    config: Path | None = None
    store: str | None = None
    issuer: str | None = None
    as_json: bool = False
    #: What a command's own options say of the table `server`.
    server: dict[str, object] = field(default_factory=dict)

    def settings(self) -> Settings:
        """Return the settings; `SettingsError` lists what is wrong with them."""
        overrides = {"store": self.store, "issuer": self.issuer, "server": self.server}
        return Settings.load(self.config, overrides=overrides)

    @property
    def roles(self) -> Sequence[str]:
        """What the stores have to serve."""
        return STANDALONE_ROLES

    def judge(self, settings: Settings) -> Sequence[Verdict]:
        """Return a verdict on each security rule."""
        return judge_rules(settings)

    def registrable(self, settings: Settings) -> Mapping[str, Any]:
        """Return the grant types, response types and scopes that a client may be registered for."""
        return {
            "grant_types": GRANT_TYPES,
            "response_types": RESPONSE_TYPES,
            "scopes": tuple(settings.scopes),
        }

    @contextmanager
    def stores(self) -> Generator[Stores, None, None]:
        """Open the stores for the block."""
        with open_stores(self.settings()) as stores:
            yield stores

    @contextmanager
    def management(self) -> Generator[Management, None, None]:
        """Open the stores for the block, and what looks after them; neither needs an issuer."""
        settings = self.settings()
        with open_stores(settings) as stores:
            yield Management(settings, stores)

    @contextmanager
    def accounts(self) -> Generator[Accounts, None, None]:
        """Open the accounts for the block."""
        with self.management() as management:
            yield accounts_of(management)

    def tell(self, told: Any, show: Callable[[], None]) -> None:  # noqa: ANN401 - any JSON
        """Print `told` as JSON where that was asked for, else let `show` print it."""
        if self.as_json:
            click.echo(json.dumps(told, indent=2))
        else:
            show()


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    invocation = context.ensure_object(Invocation)
    if value:
        setattr(invocation, parameter.name or "", value)


_OPTIONS = (
    click.option(
        "--config",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The configuration; else $OAUTHSTORE_CONFIG, else oauthstore.toml.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "--store",
        metavar="URL",
        help="The store, such as sqlite:///oauth.db, in place of the configured one.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "--issuer",
        metavar="URL",
        help="The issuer, such as https://auth.example.com.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON.",
        expose_value=False,
        callback=_remember,
    ),
)


def global_options(command: F) -> F:
    """Give a command the options that all commands have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def moment(seconds: int | None) -> str:
    """Return a time as people read it, in UTC."""
    if seconds is None:
        return "never"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def printable(value: object) -> str:
    """Return a value as text that commands no terminal: others chose what is in it."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in str(value)
    )


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; nothing in it is taken for markup."""
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in row))
    # In a pipe nothing is folded: what reads it wants a line for each row.
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(highlight=False, width=width).print(table)


def show_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values, a line each; long values are not broken."""
    pairs = [(name, printable(value)) for name, value in fields]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        click.echo(f"{name.ljust(width)}  {value}")
