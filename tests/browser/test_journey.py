"""A journey in a real Chromium: the demo, sign-in, consent, a token in use, a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..live.server import RunningServer
from .conftest import DESK, PHONE
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


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
    follow(page, page.get_by_role("button", name="Sign in"))
    assert "See your name" in page.inner_text("main")
    if script:
        assert_fits(page)
    follow(page, page.get_by_role("button", name="Allow"))
    assert page.title().startswith("The token works")
    if script:
        assert_fits(page)

    server.kill()
    server.start()
    page.reload()
    assert page.title().startswith("The token works")
    follow(page, page.get_by_role("button", name="Refresh the token"))
    assert page.title().startswith("The token works")
    follow(page, page.get_by_role("button", name="Revoke it"))
    assert "401" in page.inner_text("main")
    assert complaints == []
    context.close()
