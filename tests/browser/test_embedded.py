"""The consent page of an application with a sign-in of its own, in a real Chromium."""

from __future__ import annotations

import os
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from ..examples.application import ask, serve_application

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
#: Nothing of the browser's own asks for a network.
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync"]


class Callback(BaseHTTPRequestHandler):
    """The client, to which the browser is sent back."""

    def do_GET(self) -> None:
        body = b"<title>Back at the client</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@pytest.fixture(scope="module")
def callback() -> Generator[str]:
    with HTTPServer(("127.0.0.1", 0), Callback) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/callback"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with serve_application(Path(tmp_path_factory.mktemp("app"))) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    # Here, for other sessions that only collect this module do not have it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ["CHROMIUM"], args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def context(request: pytest.FixtureRequest, chromium: Browser) -> Generator[BrowserContext]:
    window, scheme, script = request.param
    context = chromium.new_context(viewport=window, color_scheme=scheme, java_script_enabled=script)
    yield context
    context.close()


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
    page.get_by_role("button", name="Sign in").click()
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


def press_tab(page: Page) -> None:
    """Go on by one; a key that is pressed before the window has the keyboard goes nowhere."""
    page.bring_to_front()
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement === document.body"):
        page.wait_for_timeout(100)
        page.keyboard.press("Tab")


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
