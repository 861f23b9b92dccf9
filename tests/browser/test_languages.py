"""The pages in a real Chromium that speaks German."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..live.server import RunningServer
from .conftest import DESK, PHONE
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path) -> Generator[RunningServer]:
    speaks = {"OAUTHSTORE_LANGUAGES": "de"}
    server = RunningServer(tmp_path, workers=1, options=["--demo"], environ=speaks)
    server.start()
    yield server
    server.stop()


def assert_german_and_fitting(page: Page) -> None:
    """Nothing is wider than the window, no button breaks its label and no heading a word."""
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "de"
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), page.title()
    for button in page.locator(".actions button, .actions .button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] < 50, button.inner_text()
    unbroken = "h1 => (h1.style.overflowWrap = 'normal', h1.scrollWidth <= h1.clientWidth)"
    assert page.locator("h1").evaluate(unbroken), page.title()


@pytest.mark.parametrize(
    ("window", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"]
)
def test_a_german_signs_in_consents_and_revokes_without_a_word_of_english(
    server: RunningServer, chromium: Browser, window: dict[str, int], scheme: str
) -> None:
    found = re.search(r"^\s*password\s+(\S+)", server.output().decode(), re.MULTILINE)
    assert found, "The demo printed no password."
    context = chromium.new_context(viewport=window, color_scheme=scheme, locale="de-DE")
    page = context.new_page()

    page.goto(f"{server.issuer}/demo")
    assert_german_and_fitting(page)
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Passwort").fill(found[1])
    follow(page, page.get_by_role("button", name="Anmelden"))
    assert "Die Anwendung möchte" in page.inner_text("main")
    assert_german_and_fitting(page)
    follow(page, page.get_by_role("button", name="Erlauben"))
    assert page.title() == "Das Token gilt \N{EN DASH} demo"
    assert_german_and_fitting(page)
    follow(page, page.get_by_role("button", name="Widerrufen"))
    assert page.title().startswith("Das Token gilt nicht mehr")
    assert_german_and_fitting(page)
    of_client = ("show", "rotate", "delete")
    for path in (
        *("/", "/connections", "/applications", "/applications/new", "/sign-out", "/nowhere"),
        *(f"/applications/{name}?client_id=oauthstore-demo" for name in of_client),
    ):
        page.goto(f"{server.issuer}{path}")
        assert_german_and_fitting(page)
    context.close()
