"""``manage.py oauthstore``: the project's command line, with Django's settings."""

from __future__ import annotations

import sys
from argparse import REMAINDER
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

__all__ = ["Command"]

_EXTRA = {"argon2", "click", "jinja2", "rich", "urllib3", "uvicorn"}


class Command(BaseCommand):
    """Hands all arguments over to the command line."""

    help = "Looks after OAuth clients, tokens and grants: manage.py oauthstore --help."
    # Another mistake of the project's must not keep anybody from revoking.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whatever comes, for `call_command`."""
        parser.add_argument("arguments", nargs=REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run with the arguments behind the command's name, as they are, and exit."""
        try:
            code = _run(argv[2:], f"{argv[0].rpartition('/')[2]} {argv[1]}")
        except CommandError as error:
            self.stderr.write(str(error))
            code = error.returncode
        sys.exit(code)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the arguments of `call_command`. `CommandError`: it did not succeed."""
        code = _run(options["arguments"], "manage.py oauthstore")
        if code:
            raise CommandError("The command did not succeed.", returncode=code)


def _run(arguments: Sequence[str], name: str) -> int:
    try:
        from ...command_line import run  # noqa: PLC0415 - needs an extra, which may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise CommandError(
            f"The command line needs {error.name}, which is not installed. "
            "Install it: pip install 'oauthstore-core[django,server]'"
        ) from error
    return run(arguments, name)
