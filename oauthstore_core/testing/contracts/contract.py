"""What all contract classes share, and the checks that several of them make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ...records import Page, Purged
from ..kit import Kit

__all__ = ["Contract", "all_pages", "assert_purged", "contract_cases", "finds", "purge_all"]

T = TypeVar("T")


class Contract:
    """A set of cases; each is a method `test_...` that takes the kit and nothing else.

    The docstring of a case begins with its id: family, number, and a letter
    where one id has several cases.
    """


def contract_cases(contract: type) -> dict[str, Callable[..., None]]:
    """Return the contract's cases by method name, in the order in which they are written."""
    members = [vars(ancestor).items() for ancestor in reversed(contract.__mro__)]
    return {name: member for each in members for name, member in each if name.startswith("test_")}


def finds(query: Callable[[], object]) -> bool:
    """Tell whether a query finds something; one that refuses a malformed digest does not."""
    try:
        return query() is not None
    except ValueError:
        return False


def all_pages(ask: Callable[[str | None, int], Page[T]], limit: int) -> list[T]:
    """Return what all pages hold, having checked that each obeys the limit and the last ends."""
    items: list[T] = []
    cursor: str | None = None
    for _ in range(1000):
        page = ask(cursor, limit)
        assert len(page.items) <= limit, "a page is larger than its limit"
        items.extend(page.items)
        if page.cursor is None:
            return items
        assert page.cursor != cursor, "a page's cursor leads to the same page"
        cursor = page.cursor
    raise AssertionError("the pages do not end")


def purge_all(purge: Callable[[int, int], Purged], now: int, limit: int) -> int:
    """Purge until nothing is left and return how many were removed; check every answer."""
    total = 0
    for turn in range(1000):
        purged = purge(now, limit)
        assert 0 <= purged.count <= limit, "a purge removed more than its limit"
        assert turn == 0 or purged.count > 0, "a purge said that more was left, but it was not"
        total += purged.count
        if not purged.more:
            assert purge(now, limit) == Purged(0, more=False), "a purge overlooked some"
            return total
        assert purged.count > 0, "a purge says that more is left, but removes nothing"
    raise AssertionError("the purges do not end")


def assert_purged(
    kit: Kit, purge: Callable[[int, int], Purged], now: int, *, removed: int, limit: int = 3
) -> None:
    """Purge everything and compare the count; a store that removes by itself may be behind."""
    total = purge_all(purge, now, limit)
    if kit.capabilities.native_ttl:
        assert total <= removed
    else:
        assert total == removed
