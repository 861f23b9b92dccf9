"""Sending the person at a terminal to a page."""

from __future__ import annotations

import sys
import webbrowser

import click

__all__ = ["send_person"]


def send_person(url: str, *, browser: bool) -> None:
    """Send the person to the server: their browser on a terminal, else by words."""
    click.echo(f"Open this in a browser, and decide:\n\n  {url}\n", err=True)
    if browser and sys.stderr.isatty():
        webbrowser.open(url)
