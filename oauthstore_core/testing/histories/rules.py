"""What the rules of all roles share."""

from __future__ import annotations

from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ..kit import HANDLES, Kit
from .history import History

__all__ = [
    "BEGINNING",
    "CLIENTS",
    "HANDLE",
    "LIMIT",
    "OFTEN",
    "PAYLOAD",
    "SELDOM",
    "SUBJECTS",
    "Rules",
    "Slots",
]

HANDLE: Final = st.integers(0, HANDLES - 1)
#: Of a page or a purge.
LIMIT: Final = st.sampled_from((100, 1, 3))
PAYLOAD: Final = st.sampled_from(("{}", '{"b": 1.0,"a":"\\u00e9\u00e9\U0001f511"}'))
SELDOM: Final = st.sampled_from((False, False, False, False, False, False, True))
OFTEN: Final = st.sampled_from((True, True, True, False))
#: How many records a history begins with.
BEGINNING: Final = st.sampled_from((0, 4, 4, 4))
#: Names that a store may take for one another, or for something else than data.
CLIENTS: Final = ("client", "CLIENT", "cl'; -- {$ne} \u00e9\U0001f511")
SUBJECTS: Final = (None, "subject", "subject ")


class Slots:
    """A few records at a time: one that can change no more makes way for a new one.

    The numbers of a slot leave the same rest, so that what follows one record
    meets another like it.
    """

    def __init__(self, size: int) -> None:
        self._numbers = list(range(size))

    def __getitem__(self, slot: int) -> int:
        return self._numbers[slot]

    @property
    def count(self) -> int:
        """One more than the highest number so far."""
        return max(self._numbers) + 1

    def after(self, slot: int) -> int:
        """Return the number of the record that will come next into this slot."""
        return self._numbers[slot] + len(self._numbers)

    def renew(self, slot: int) -> None:
        """Put a new record in the place of this one."""
        self._numbers[slot] = self.after(slot)


class Rules(RuleBasedStateMachine):
    """Calls on few enough records that they get in each other's way."""

    kit: ClassVar[Kit]

    def __init__(self) -> None:
        super().__init__()
        self.history = History(self.kit)
        #: When records end: the seconds in which a store may be off by one.
        self._ends: list[int] = []
        self._made = 0

    @property
    def now(self) -> int:
        """The history's time."""
        return self.history.now

    def fresh(self) -> str:
        """Return a digest that was not used before."""
        self._made += 1
        return self.history.digest("fresh", self._made)

    def end(self, seconds: int) -> int:
        """Return when a record ends: never within the history, if the store itself removes."""
        far = 10**5 if self.history.purges_by_itself else 0
        return self.noted(self.now + seconds + far)

    def noted(self, end: int) -> int:
        """Return the end, to which the time may jump."""
        self._ends.append(end)
        return end

    @rule(seconds=st.sampled_from((1, 5, 1, 30, -2, 400)))
    def time_goes(self, seconds: int) -> None:
        """Let the clock go, forwards or a little backwards."""
        self.history.go(seconds)

    @rule(last=st.integers(0, 5), early=st.sampled_from((0, 0, 1)))
    def an_end_comes(self, last: int, early: int) -> None:
        """Go to the very second in which a record ends, or to the one before."""
        to_come = [end - early for end in self._ends if self.now < end - early < self.now + 10**4]
        if to_come:
            self.history.now = to_come[-1 - last % len(to_come)]

    def look_at_everything(self) -> None:
        """Ask for every record of the history; each role's rules add their own."""

    def clean(self) -> None:
        """Remove what a purge would leave; each role's rules add their own."""

    def teardown(self) -> None:
        """End the history: look once more at everything, and leave an empty store."""
        try:
            if not self.history.broken:
                self.look_at_everything()
        finally:
            self.clean()
