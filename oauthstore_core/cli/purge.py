"""``oauthstore purge``: remove what has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from ..clock import SystemClock
from ..records import Purged
from ..stores import Stores
from .invocation import Invocation, global_options, pass_invocation, show_rows
from .progress import ProgressLine

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
    line = ProgressLine("purging", shown=not invocation.as_json)
    with invocation.stores() as stores, line as progress:
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


def _purge_all(role: str, step: Purge, limit: int, progress: ProgressLine) -> int:
    now = SystemClock().now()
    removed = 0
    while True:
        purged = step(now, limit)
        removed += purged.count
        progress.report(f"{role}: {removed} removed")
        # What another runner removes meanwhile counts as theirs: no progress, no loop.
        if not purged.more or purged.count == 0:
            return removed
