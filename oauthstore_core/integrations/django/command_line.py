"""The command line with Django's settings in the place of a file's."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click

from ...cli.commands import oauthstore
from ...cli.failures import EXIT_CODES, Commands
from ...cli.invocation import Invocation, global_options
from ...oauth2.management import Management
from ...settings import Settings
from ...settings.rules import Verdict
from ...stores import REQUIRED_ROLES, Stores, open_stores
from ..django_oauth2 import default_server
from ..django_oauth2.configuration import load_settings
from ..embedding import migrate_local
from .deployment import judge_deployment

__all__ = ["DjangoInvocation", "run"]

#: What Django does itself: it serves, has settings of its own, and people.
_DJANGOS: Final = frozenset({"serve", "init", "user"})


class DjangoInvocation(Invocation):
    """One call, on the stores that the project's settings name."""

    def settings(self) -> Settings:
        """Return the settings; options of the command are stronger than Django's."""
        return load_settings({"store": self.store, "issuer": self.issuer}, self.config)

    @property
    def roles(self) -> Sequence[str]:
        """What the stores have to serve: accounts are Django's."""
        return REQUIRED_ROLES

    def judge(self, settings: Settings) -> Sequence[Verdict]:
        """Return a verdict on each security rule, as ``check --deploy`` does."""
        return judge_deployment(settings)

    def registrable(self, settings: Settings) -> Mapping[str, Any]:
        """Return what the server of the app's URLs serves, grants of the project's own included."""
        served = default_server().served
        return {
            "grant_types": served.grant_types,
            "response_types": served.response_types,
            "scopes": served.scopes,
        }

    @contextmanager
    def stores(self) -> Generator[Stores, None, None]:
        """Open the stores for the block.

        The schema of a SQLite file is brought up to date, as where it is served from.
        """
        settings = self.settings()
        with open_stores(settings) as stores:
            migrate_local(settings, stores)
            yield stores

    @contextmanager
    def management(self) -> Generator[Management, None, None]:
        """Open the stores for the block, and what looks after them."""
        settings = self.settings()
        with self.stores() as stores:
            yield Management(settings, stores)


def _create_group() -> click.Group:
    @click.group(
        "oauthstore",
        cls=Commands,
        epilog=EXIT_CODES,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    @global_options
    def group() -> None:
        """Look after OAuth clients, tokens and grants, in the store of Django's settings."""

    for name, command in oauthstore.commands.items():
        if name not in _DJANGOS:
            group.add_command(command)
    return group


def run(arguments: Sequence[str], name: str) -> int:
    """Run a command; return its exit code."""
    try:
        _create_group().main(list(arguments), prog_name=name, obj=DjangoInvocation())
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
