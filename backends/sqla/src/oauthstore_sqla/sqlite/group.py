"""Work of several callers in one transaction, of which each fails alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oauthstore_core.errors import StoreError, StoreUnavailableError

from ..engine import Session
from ..errors import BusyError
from .turns import Turn

__all__ = ["Group"]


class Group:
    """Turns that share a commit. What they came to is told only when that is done."""

    def __init__(
        self, turns: Sequence[Turn[Any]], translated: Callable[[BaseException], StoreError]
    ) -> None:
        self._turns = turns
        self._translated = translated
        self._outcomes: list[tuple[Any, BaseException | None]] = []

    @property
    def is_through(self) -> bool:
        """Whether all of them have been carried out, so that the commit came next."""
        return len(self._outcomes) == len(self._turns)

    def write(self, session: Session) -> None:
        """Carry all of them out in one transaction."""
        session.within(self._carry_out)

    def _carry_out(self, session: Session) -> None:
        for turn in self._turns:
            self._outcomes.append(self._attempted(turn, session))

    def _attempted(self, turn: Turn[Any], session: Session) -> tuple[Any, BaseException | None]:
        try:
            # A statement that fails undoes itself, and work of several has a savepoint.
            return turn.work(session), None
        except Exception as error:
            failure = error if isinstance(error, StoreError) else self._translated(error)
            if isinstance(failure, (StoreUnavailableError, BusyError)):
                # The transaction may be gone with it.
                raise
            return None, error

    def settle(self, error: BaseException | None = None) -> None:
        """Tell each what it came to, or all of them the error."""
        if error is not None:
            for turn in self._turns:
                turn.settle(error=error)
            return
        for turn, (result, own) in zip(self._turns, self._outcomes, strict=True):
            turn.settle(result, own)

    def forget(self) -> None:
        """Keep no error: its frames lead back here, and to the driver's cursors."""
        self._outcomes.clear()
