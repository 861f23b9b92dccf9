"""How a command fails: a message of three parts in red on stderr, and a documented exit code."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Any, Final

import click
from authlib.oauth2 import OAuth2Error
from rich.console import Console
from rich.text import Text

from ..errors import ConflictError, DuplicateError, OAuthStoreError, StoreError

__all__ = ["EXIT_CODES", "Commands", "NotFoundFailure", "RefusedFailure", "warn"]

EXIT_CODES: Final = """\b
Exit codes:
  0  done
  1  refused or failed; the message says why
  2  the command was not understood
  3  what was asked for does not exist
  4  the store is not available
"""


class RefusedFailure(click.ClickException):
    """The command was understood, but cannot be done."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr, in red where it is a terminal with colours."""
        _say(self.message, "red")


class NotFoundFailure(RefusedFailure):
    """What was asked for does not exist."""

    exit_code = 3


class _UnavailableFailure(RefusedFailure):
    exit_code = 4


def warn(message: str) -> None:
    """Print a warning to stderr."""
    _say(message, "yellow")


def _say(message: str, style: str) -> None:
    Console(file=sys.stderr, highlight=False).print(Text(message, style), soft_wrap=True)


class Commands(click.Group):
    """A group of commands whose errors are told, never shown as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command that the context holds."""
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Generator[None, None, None]:
    try:
        yield
    except (DuplicateError, ConflictError) as error:
        raise RefusedFailure(str(error)) from error
    except StoreError as error:
        raise _UnavailableFailure(
            f"The store did not do what was asked ({type(error).__name__}): {error}\n"
            "See whether it answers, with the same options: oauthstore backend ping"
        ) from error
    except OAuthStoreError as error:
        raise RefusedFailure(str(error)) from error
    except OAuth2Error as error:
        raise RefusedFailure(f"{error.error}: {error.description}") from error
