"""Reading what must not be seen: from stdin, or asked for without an echo."""

from __future__ import annotations

import sys

import click

from .failures import RefusedFailure, warn

__all__ = ["ask_password", "read_handle", "read_secret"]


def read_secret(what: str) -> str:
    """Return stdin without its line end; on a terminal, ask for it."""
    if sys.stdin.isatty():
        answer: str = click.prompt(what, hide_input=True, err=True)
        return answer
    text = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not text:
        raise RefusedFailure(f"{what} was to come from stdin, but nothing came. Pipe it in.")
    return text


def ask_password(*, from_stdin: bool) -> str:
    """Return a new password: one line of stdin, or asked for twice."""
    if from_stdin:
        return read_secret("Password")
    if not sys.stdin.isatty():
        raise RefusedFailure(
            "A password is needed, but nobody can be asked here. Pipe it in with --password-stdin."
        )
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def read_handle(argument: str | None) -> str:
    """Return a token: from stdin or a prompt, unless it was given on the command line."""
    if argument is None or argument == "-":
        return read_secret("Token").strip()
    warn("The token stands on the command line, where others may see it: give it on stdin.")
    return argument
