"""OAuth 1's question and the verifier's page in a real Chromium, on a phone, without JavaScript."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from ..live.server import RunningServer, TestUser
from ..oauth1.signer import Signer
from .test_every_page import everywhere, in_colours, violations
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer]:
    folder = tmp_path_factory.mktemp("oauth1")
    server = RunningServer(folder, workers=1, settings={"oauth1": {"enabled": True}})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def signer(provider: RunningServer) -> Signer:
    name = "A press for photographs with an uncommonly long name " + "x" * 60
    client = provider.create_client("--oauth1", "--client-name", name)
    return Signer(client.client_id, client.client_secret or "")


@pytest.fixture(scope="module")
def user(provider: RunningServer) -> TestUser:
    return provider.add_user("alice", "correct horse battery staple")


def question(provider: RunningServer, signer: Signer) -> str:
    """Return the address of a question that nobody has answered."""
    url = f"{provider.issuer}/oauth1/initiate"
    asked = signer.sign("POST", url, int(time.time()), oauth_callback="oob")
    token = httpx.post(url, headers={"Authorization": asked.headers["Authorization"]}).text
    return f"{provider.issuer}/oauth1/authorize?{token.partition('&')[0]}"


def walk(page: Page, provider: RunningServer, signer: Signer, user: TestUser) -> Iterator[str]:
    """Yield the name of each page while it is shown."""
    page.goto(question(provider, signer))
    page.get_by_label("Name").fill(user.name)
    page.get_by_label("Password").fill(user.password)
    press(page, "Sign in")
    assert "you are shown a code" in page.inner_text("main")
    yield "question"
    press(page, "Allow")
    assert re.search(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}", page.inner_text("main"))
    yield "verifier"
    page.goto(question(provider, signer))
    press(page, "Deny")
    assert "Nothing was allowed" in page.inner_text("main")
    yield "denied"
    page.reload()
    assert "no longer valid" in page.inner_text("main")
    yield "decided before"
    page.goto(f"{provider.issuer}/connections")
    yield "connected applications"


def press(page: Page, name: str) -> None:
    follow(page, page.locator("main").get_by_role("button", name=name, exact=True))


@everywhere
def test_its_pages_work_and_none_is_wider_than_its_window(
    context: BrowserContext, provider: RunningServer, signer: Signer, user: TestUser
) -> None:
    page = context.new_page()
    root = "document.documentElement"

    for name in walk(page, provider, signer, user):
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), name


@in_colours
def test_its_pages_have_nothing_that_the_accessibility_engine_finds(
    context: BrowserContext, provider: RunningServer, signer: Signer, user: TestUser, axe: str
) -> None:
    page = context.new_page()

    found = [
        f"{name}: {told}"
        for name in walk(page, provider, signer, user)
        for told in violations(page, axe)
    ]

    assert found == []
