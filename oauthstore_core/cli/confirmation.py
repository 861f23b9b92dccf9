"""Asking before something is lost."""

from __future__ import annotations

import sys

import click

from .failures import RefusedFailure

__all__ = ["confirm"]


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere only ``--yes`` is an answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedFailure(f"{question} Nobody can be asked here. Add --yes to do it.")
    click.confirm(question, abort=True, err=True)
