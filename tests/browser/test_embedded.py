"""The consent page of an application with a sign-in of its own, in a real Chromium."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..examples.application import ask, serve_application
from .conftest import DESK, PHONE
from .keyboard import press_tab
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with serve_application(Path(tmp_path_factory.mktemp("app"))) as address:
        yield address


EVERYWHERE = pytest.mark.parametrize(
    "context",
    [(PHONE, "dark", True), (DESK, "light", True), (PHONE, "light", False)],
    ids=["phone-dark", "desk-light", "phone-without-javascript"],
    indirect=True,
)


def question(context: BrowserContext, app: str, callback: str) -> tuple[Page, list[str]]:
    """Sign in on the way; return the page with the question, and what Chromium complains of."""
    page = context.new_page()
    page.goto(f"{app}{ask(callback)}")
    page.get_by_label("Name").fill("ada")
    complaints: list[str] = []
    follow(page, page.get_by_role("button", name="Sign in"))
    page.on("console", lambda message: complaints.append(message.text))
    return page, complaints


@EVERYWHERE
@pytest.mark.parametrize("decision", ["Allow", "Deny"])
def test_a_decision_leads_back_to_the_client_and_nothing_is_blocked(
    context: BrowserContext, app: str, callback: str, decision: str
) -> None:
    page, complaints = question(context, app, callback)
    assert "See your name" in page.inner_text("main")
    assert "ada" in page.inner_text("main")

    page.get_by_role("button", name=decision).click()

    page.wait_for_url(f"{callback}?*")
    assert page.title() == "Back at the client"
    assert ("code=" in page.url) == (decision == "Allow")
    assert complaints == []


@EVERYWHERE
def test_the_style_applies_and_nothing_is_wider_than_the_window(
    context: BrowserContext, app: str, callback: str
) -> None:
    page, _ = question(context, app, callback)
    box = page.locator("main .card").bounding_box()

    window = page.viewport_size
    assert box is not None
    assert window is not None
    assert box["x"] > 0
    assert box["x"] + box["width"] <= window["width"]
    assert box["width"] <= 36 * 16


@EVERYWHERE
def test_the_keyboard_reaches_the_content_and_both_decisions_in_order(
    context: BrowserContext, app: str, callback: str
) -> None:
    page, _ = question(context, app, callback)
    reached = []
    for _ in range(3):
        press_tab(page)
        reached.append(page.locator(":focus").inner_text())

    assert reached == ["Skip to the content", "Allow", "Deny"]
