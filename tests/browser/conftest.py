"""A real Chromium, windows of it, and the real server with its demo."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from ..live.server import RunningServer
from ..npm import install

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

HERE = Path(__file__).parent
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
#: Nothing of the browser's own asks for a network.
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    # Here, for other sessions that only collect these modules do not have it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ["CHROMIUM"], args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def context(request: pytest.FixtureRequest, chromium: Browser) -> Generator[BrowserContext]:
    """Open a window of a size and a colour scheme, with or without JavaScript."""
    window, scheme, script = getattr(request, "param", (DESK, "light", True))
    context = chromium.new_context(viewport=window, color_scheme=scheme, java_script_enabled=script)
    yield context
    context.close()


@pytest.fixture
def server(tmp_path: Path) -> Generator[RunningServer]:
    server = RunningServer(tmp_path, workers=2, options=["--demo"])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def password(server: RunningServer) -> str:
    """Return the demo account's."""
    found = re.search(r"^\s*password\s+(\S+)", server.output().decode(), re.MULTILINE)
    assert found, "The demo printed no password."
    return found[1]


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


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the program of the accessibility engine."""
    folder = install(HERE, tmp_path_factory.mktemp("axe"))
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
