"""What a foreign page in the same Chromium can do, and where a remembered consent leads."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from ..live.browser import code_challenge
from ..live.server import RunningServer
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser


class Foreign(BaseHTTPRequestHandler):
    """A site of somebody else: what it is asked for, it shows."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@pytest.fixture
def foreign() -> Generator[str]:
    with HTTPServer(("127.0.0.1", 0), Foreign) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        # Another name of the same machine is another site to a browser.
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill(password)
    follow(page, page.locator("main").get_by_role("button", name="Sign in"))


@pytest.mark.parametrize("path", ["/", "/sign-in", "/connections", "/applications"])
def test_no_other_page_frames_ours(
    context: BrowserContext, server: RunningServer, password: str, foreign: str, path: str
) -> None:
    page = context.new_page()
    page.goto(f"{server.issuer}/sign-in")
    sign_in(page, password)
    Foreign.page = f'<iframe src="{server.issuer}{path}"></iframe>'.encode()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.goto(foreign)
    page.wait_for_timeout(500)

    (frame,) = page.frames[1:]
    assert frame.locator("main").count() == 0
    assert any("frame-ancestors" in told for told in complaints)


@pytest.mark.parametrize("path", ["/sign-out", "/connections", "/applications/new?client_id=x"])
def test_a_form_of_another_site_comes_without_the_session_and_changes_nothing(
    context: BrowserContext, server: RunningServer, password: str, foreign: str, path: str
) -> None:
    page = context.new_page()
    page.goto(f"{server.issuer}/demo")
    sign_in(page, password)
    follow(page, page.get_by_role("button", name="Allow"))
    fields = {
        "client_id": "oauthstore-demo-app",
        "client_name": "Evil",
        "kind": "public",
        "redirect_uris": "https://evil.example/callback",
    }
    inputs = (f'<input type="hidden" name="{k}" value="{v}">' for k, v in fields.items())
    Foreign.page = (
        f'<form method="post" action="{server.issuer}{path}">{"".join(inputs)}'
        "<button>Win</button></form>"
    ).encode()

    page.goto(foreign)
    follow(page, page.get_by_role("button", name="Win"))

    page.goto(f"{server.issuer}/connections")
    assert "Demo application" in page.inner_text("main")
    page.goto(f"{server.issuer}/applications")
    assert "Demo service" in page.inner_text("main")
    assert "Evil" not in page.inner_text("main")


def test_our_cookies_are_of_no_script_and_of_no_other_site(
    context: BrowserContext, server: RunningServer, password: str
) -> None:
    page = context.new_page()
    page.goto(f"{server.issuer}/sign-in")
    sign_in(page, password)

    (cookie,) = context.cookies()
    assert page.evaluate("document.cookie") == ""
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["expires"] == -1


def test_a_remembered_consent_leads_from_the_sign_in_straight_back_to_the_client(
    context: BrowserContext, server: RunningServer, password: str, callback: str
) -> None:
    client = server.create_client("--redirect-uri", callback, "--scope", "profile")
    verifier = secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": callback,
        "scope": "profile",
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{server.issuer}/authorize?{urlencode(query)}")
    sign_in(page, password)
    follow(page, page.get_by_role("button", name="Allow"))
    form = {
        "grant_type": "authorization_code",
        "code": dict(parse_qsl(urlsplit(page.url).query))["code"],
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    known = (client.client_id, client.client_secret or "")
    assert httpx.post(f"{server.issuer}/token", data=form, auth=known).status_code == httpx.codes.OK
    page.goto(f"{server.issuer}/sign-out")
    follow(page, page.locator("main").get_by_role("button", name="Sign out"))

    page.goto(f"{server.issuer}/authorize?{urlencode(query)}")
    sign_in(page, password)

    page.wait_for_url(f"{callback}?*")
    assert "code=" in page.url
    assert complaints == []
