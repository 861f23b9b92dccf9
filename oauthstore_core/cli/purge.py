"""``oauthstore purge``: remove what has ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Self

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..clock import SystemClock
from ..records import Purged
from ..stores import Stores
from .invocation import Invocation, global_options, pass_invocation, show_rows

__all__ = ["purge"]

Purge = Callable[[int, int], Purged]


@click.command()
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="How many records one step removes at most; servers keep serving between steps.",
)
@global_options
@pass_invocation
def purge(invocation: Invocation, limit: int) -> None:
    """Remove expired tokens, used codes, old nonces and counts.

    Safe beside running servers and other purges. Run it from time to time.
    """
    with invocation.stores() as stores, _Progress(shown=not invocation.as_json) as progress:
        counts = {
            role: _purge_all(role, step, limit, progress) for role, step in _steps(stores).items()
        }
    invocation.tell(counts, lambda: show_rows(("ROLE", "REMOVED"), counts.items()))


def _steps(stores: Stores) -> Mapping[str, Purge]:
    steps: dict[str, Purge] = {
        "clients": stores.clients.purge_clients,
        "tokens": stores.tokens.purge_tokens,
        "credentials": stores.credentials.purge_credentials,
        "nonces": stores.nonces.purge_nonces,
    }
    if stores.accounts is not None:
        steps["attempts"] = stores.accounts.purge_attempts
    return steps


def _purge_all(role: str, step: Purge, limit: int, progress: _Progress) -> int:
    now = SystemClock().now()
    removed = 0
    while True:
        purged = step(now, limit)
        removed += purged.count
        progress.report(role, removed)
        # What another runner removes meanwhile counts as theirs: no progress, no loop.
        if not purged.more or purged.count == 0:
            return removed


class _Progress:
    """A line on stderr that tells how far it is, on a terminal only."""

    def __init__(self, *, shown: bool) -> None:
        console = Console(file=sys.stderr)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        visible = shown and console.is_terminal
        self._progress = Progress(*columns, console=console, transient=True) if visible else None
        self._task = None if self._progress is None else self._progress.add_task("purging")

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def report(self, role: str, removed: int) -> None:
        """Tell how many were removed of a role."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=f"{role}: {removed} removed")
