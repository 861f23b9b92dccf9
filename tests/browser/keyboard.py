"""The keyboard of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["press_tab"]


def press_tab(page: Page) -> None:
    """Go on by one; a key that is pressed before the window has the keyboard goes nowhere."""
    page.bring_to_front()
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement === document.body"):
        page.wait_for_timeout(100)
        page.keyboard.press("Tab")
