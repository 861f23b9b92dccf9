"""A journey in a real Chromium: the demo, sign-in, consent, a token in use, a restart."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..live.server import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
#: Nothing of the browser's own asks for a network.
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture
def server(tmp_path: Path) -> Generator[RunningServer]:
    server = RunningServer(tmp_path, workers=2, options=["--demo"])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    # Here, for other sessions that only collect this module do not have it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ["CHROMIUM"], args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def password(server: RunningServer) -> str:
    found = re.search(r"^\s*password\s+(\S+)", server.output().decode(), re.MULTILINE)
    assert found, "The demo printed no password."
    return found[1]


def assert_fits(page: Page) -> None:
    """Nothing is wider than the window."""
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(width), f"{page.title()} is wider than the window"


@pytest.mark.parametrize(
    ("window", "scheme", "script"),
    [(PHONE, "dark", True), (DESK, "light", True), (PHONE, "light", False)],
    ids=["phone-dark", "desk-light", "phone-without-javascript"],
)
def test_a_stranger_signs_in_consents_and_sees_the_token_survive_a_kill(
    server: RunningServer,
    chromium: Browser,
    password: str,
    window: dict[str, int],
    scheme: str,
    script: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    context = chromium.new_context(viewport=window, color_scheme=scheme, java_script_enabled=script)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.goto(f"{server.issuer}/demo")
    if script:
        assert_fits(page)
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    assert "See your name" in page.inner_text("main")
    if script:
        assert_fits(page)
    page.get_by_role("button", name="Allow").click()
    assert page.title().startswith("The token works")
    if script:
        assert_fits(page)

    server.kill()
    server.start()
    page.reload()
    assert page.title().startswith("The token works")
    page.get_by_role("button", name="Refresh the token").click()
    assert page.title().startswith("The token works")
    page.get_by_role("button", name="Revoke it").click()
    assert "401" in page.inner_text("main")
    assert complaints == []
    context.close()
