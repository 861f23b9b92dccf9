"""One history: each call goes to the store and to the memory model, which must answer alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import count
from typing import Any, Final, NoReturn, cast

from ...errors import StoreError
from ...memory import MemoryBackend
from ...records import Page, Purged
from ..kit import HANDLES, Kit

__all__ = ["History", "written"]

#: Later than any end that a history gives, in seconds after its own time.
_LATER: Final = 10**7
#: More records than a history makes.
_ALL: Final = 10**6
_NUMBERS = count()
_BEFORE = """\
The store answered otherwise than the memory backend. On an empty store that a migrate has seen:

    from oauthstore_core.records import *
    handles = [plugin.open(url, options) for _ in range(3)]
"""


class History:
    """The store under test and the model, with the script of what was asked of both.

    Its records have names that no other history uses, and at its end the store
    is emptied with its own verbs: that is as good as a new store, and fast.
    """

    def __init__(self, kit: Kit) -> None:
        """Begin a history on an empty model; the store may hold what others left."""
        self.kit = kit
        self.model = MemoryBackend()
        self.now = kit.now
        #: The time of the last purge: a store that purges by itself may have left what was due.
        self._purged_at = kit.now
        #: Whether an answer differed: from then on nothing is said of the store.
        self.broken = False
        self._number = next(_NUMBERS)
        self._script: list[str] = []

    @property
    def purges_by_itself(self) -> bool:
        """Whether what is past its end may be gone without a purge."""
        return self.kit.capabilities.native_ttl

    def go(self, seconds: int) -> None:
        """Let the clock go, forwards or a little backwards.

        Not behind a purge where nobody can tell what it removed: what the model
        has lost then, and the store may still have, is not past its end again.
        """
        earliest = self._purged_at if self.purges_by_itself else 0
        self.now = max(self.now + seconds, earliest)

    def name(self, name: str) -> str:
        """Return the name as it is in this history alone."""
        return f"{self._number}~{name}"

    def is_own(self, name: str) -> bool:
        """Tell whether a name is of this history."""
        return name.startswith(f"{self._number}~")

    def digest(self, *parts: object) -> str:
        """Return a digest of this history alone, which sorts alike in all histories."""
        first = hashlib.sha256(repr(parts).encode()).hexdigest()
        own = hashlib.sha256(repr((self._number, parts)).encode()).hexdigest()
        return first[:24] + own[24:]

    # --- asking ---

    def ask(self, handle: int, role: str, verb: str, **values: object) -> Any:  # noqa: ANN401 - whatever the verb answers
        """Ask both and return the model's answer, an error as its class."""
        return self.ask_leniently(handle, role, verb, (), **values)

    def ask_leniently(
        self, handle: int, role: str, verb: str, also: Container[object], **values: object
    ) -> Any:  # noqa: ANN401 - whatever the verb answers
        """Ask as `ask` does, where the contract allows other answers than the model's, too."""
        self._script.append(f"handles[{handle % HANDLES}].{role}.{verb}({_arguments(values)})")
        expected = _answer(self.model, role, verb, values)
        found = _answer(self.kit.handle(handle).backend, role, verb, values)
        if found != expected and found not in also:
            self._differ(written(expected), written(found))
        return expected

    def ask_pages(self, handle: int, role: str, verb: str, *, limit: int, **values: object) -> None:
        """Ask both for all pages; the store's order is its own, what it holds is not."""
        self._script.append(f"handles[{handle}].{role}.{verb}({_arguments(values)}, all pages)")
        expected = self._pages(self.model, role, verb, limit, values)
        found = self._pages(self.kit.handle(handle).backend, role, verb, limit, values)
        if found != expected:
            self._differ("\n".join(expected), "\n".join(found))

    def _pages(
        self, backend: object, role: str, verb: str, limit: int, values: dict[str, object]
    ) -> list[str]:
        items: list[str] = []
        cursor: str | None = None
        for _ in range(200):
            page = _answer(backend, role, verb, {**values, "after": cursor, "limit": limit})
            if not isinstance(page, Page):
                return [written(page)]
            items += [written(item) for item in page.items if self.is_own(_key(item))]
            cursor = page.cursor
            if len(page.items) > limit:
                return [*items, "a page that is larger than its limit"]
            if cursor is None:
                return sorted(items)
        return [*items, "pages without end"]

    def ask_purge(
        self, handle: int, role: str, verb: str, *, limit: int, less: int = 0, more: int = 0
    ) -> None:
        """Purge both of all that is due: which goes first is the store's, how many goes is not.

        `less` and `more` is by how much a store may count otherwise.
        """
        self._script.append(
            f"while handles[{handle}].{role}.{verb}(now={self.now}, limit={limit}).more: pass"
        )
        self._purged_at = max(self._purged_at, self.now)
        expected = self._purged(self.model, role, verb, _ALL)
        found = self._purged(self.kit.handle(handle).backend, role, verb, limit)
        least = 0 if self.purges_by_itself else expected - less
        if not least <= found <= expected + more:
            self._differ(f"{expected} were removed", f"{found} were removed")

    def _purged(self, backend: object, role: str, verb: str, limit: int) -> int:
        total = 0
        for _ in range(1000):
            purged = _answer(backend, role, verb, {"now": self.now, "limit": limit})
            if not isinstance(purged, Purged) or purged.count > limit:
                self._differ(f"at most {limit} removed", written(purged))
            total += purged.count
            if not purged.more:
                break
        else:
            self._differ("an end of the purges", "always more")
        return total

    def _differ(self, expected: str, found: str) -> NoReturn:
        self.broken = True
        lines = "".join(f"    {line}\n" for line in self._script)
        raise AssertionError(f"{_BEFORE}{lines}\nexpected: {expected}\nanswered: {found}")

    # --- the end ---

    def remove(self, role: str, verb: str, **values: object) -> None:
        """Ask the store to remove a record, whatever it answers: the history is over."""
        _answer(self.kit.first.backend, role, verb, values)

    def empty(self, role: str, purge: str) -> None:
        """Purge the store of all that has an end."""
        backend = self.kit.first.backend
        for _ in range(1000):
            values = {"now": self.now + _LATER, "limit": 1000}
            purged = _answer(backend, role, purge, values)
            if not isinstance(purged, Purged) or not purged.more:
                return


def _key(record: object) -> str:
    name = next(iter(fields(cast("Any", record)))).name
    return str(getattr(record, name))


def _answer(backend: object, role: str, verb: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - whatever it answers
    ask: Callable[..., object] = getattr(getattr(backend, role), verb)
    try:
        return ask(**values)
    except (StoreError, ValueError) as error:
        return type(error)
    except Exception as error:  # noqa: BLE001 - an error of the driver is no answer
        return f"{type(error).__name__}: {error}"


# --- as a script ---


def written(value: object) -> str:
    """Return the Python expression of an argument or answer, with the fields that reprs hide."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, cast('list[object]', value)))}]"
    if is_dataclass(value):
        given = {
            each.name: getattr(value, each.name)
            for each in fields(value)
            if getattr(value, each.name) != each.default
        }
        return f"{type(value).__name__}({_arguments(given)})"
    return repr(value)


def _arguments(values: dict[str, object]) -> str:
    return ", ".join(f"{name}={written(value)}" for name, value in values.items())
