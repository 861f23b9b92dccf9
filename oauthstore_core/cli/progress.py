"""A line on stderr that tells how far long work is, on a terminal only."""

from __future__ import annotations

import sys
from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["ProgressLine"]


class ProgressLine:
    """Shows what it is told, while its block lasts."""

    def __init__(self, beginning: str, *, shown: bool) -> None:
        """Begin with these words; where not `shown`, or on no terminal, stay silent."""
        console = Console(file=sys.stderr)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        visible = shown and console.is_terminal
        self._progress = Progress(*columns, console=console, transient=True) if visible else None
        self._task = None if self._progress is None else self._progress.add_task(beginning)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def report(self, words: str) -> None:
        """Show these words."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=words)
