"""OAuth 1's question and the verifier's page of a Django project, in a real Chromium."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from ..docs.test_django import Project
from ..live.server import free_port
from ..oauth1.signer import Signer
from .test_every_page import everywhere, in_colours, violations
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
NAME = "A press for photographs with an uncommonly long name " + "x" * 60


@dataclass(frozen=True)
class Site:
    """Where the project is, and its client."""

    address: str
    client: Signer

    def ask(self, client: Signer, name: str, **parameters: str) -> Signer:
        """Send a signed request; return the client with the credentials of its answer."""
        url = f"{self.address}/oauth/oauth1/{name}"
        asked = client.sign("POST", url, int(time.time()), **parameters)  # type: ignore[arg-type]
        answer = httpx.post(url, headers={"Authorization": asked.headers["Authorization"]})
        assert answer.status_code == httpx.codes.OK, answer.text
        told = dict(parse_qsl(answer.text))
        return replace(client, token=told["oauth_token"], token_secret=told["oauth_token_secret"])

    def question(self, temporary: Signer) -> str:
        return f"{self.address}/oauth/oauth1/authorize?oauth_token={temporary.token}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, callback: str) -> Generator[Site]:
    """Serve the project of docs/django.md with OAuth 1 enabled."""
    project = Project(Path(tmp_path_factory.mktemp("django")))
    project.add("mysite/settings.py", 'LOGIN_URL = "admin:login"\n')
    project.add("mysite/settings.py", 'OAUTHSTORE["oauth1"] = {"enabled": True}\n')
    project.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    project.run("python manage.py migrate --verbosity 0")
    project.run("python manage.py createsuperuser --noinput --username ada --email a@example.org")
    made = json.loads(
        project.run(
            f"python manage.py oauthstore client create --oauth1 --client-name '{NAME}' --json "
            f"--redirect-uri {callback}"
        )
    )
    address = f"127.0.0.1:{free_port()}"
    with project.serve(
        f"python manage.py runserver {address} --noreload", f"http://{address}/admin/"
    ):
        yield Site(f"http://{address}", Signer(made["client_id"], made["client_secret"]))


def open_question(page: Page, site: Site, callback: str) -> Signer:
    """Open a question that nobody has answered, and sign in on the way where nobody is."""
    temporary = site.ask(site.client, "initiate", oauth_callback=callback)
    page.goto(site.question(temporary))
    if page.get_by_label("Username").count():
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        follow(page, page.get_by_role("button", name="Log in"))
    return temporary


def press(page: Page, name: str) -> None:
    follow(page, page.locator("main").get_by_role("button", name=name, exact=True))


def walk(page: Page, site: Site, callback: str) -> Iterator[str]:
    """Yield the name of each page while it is shown."""
    open_question(page, site, callback)
    assert "do everything here" in page.inner_text("main")
    assert urlsplit(callback).netloc in page.inner_text("main")
    yield "question"
    open_question(page, site, "oob")
    assert "you are shown a code" in page.inner_text("main")
    yield "question-without-callback"
    press(page, "Allow")
    assert re.search(r"[A-Z]{4}-[A-Z]{4}-[A-Z]{4}", page.inner_text("main"))
    yield "verifier"
    open_question(page, site, "oob")
    press(page, "Deny")
    assert "Nothing was allowed" in page.inner_text("main")
    yield "denied"
    page.reload()
    assert "no longer valid" in page.inner_text("main")
    yield "decided-before"


@everywhere
@pytest.mark.parametrize("decision", ["Allow", "Deny"])
def test_a_decision_passes_django_s_csrf_protection_and_leads_back_to_the_client(
    context: BrowserContext, site: Site, callback: str, decision: str
) -> None:
    page = context.new_page()
    temporary = open_question(page, site, callback)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.get_by_role("button", name=decision).click()

    page.wait_for_url(f"{callback}?*")
    told = parse_qs(urlsplit(page.url).query)
    assert complaints == []
    assert told["oauth_token"] == [temporary.token]
    if decision == "Deny":
        assert told["error"] == ["access_denied"]
    else:
        assert site.ask(temporary, "token", oauth_verifier=told["oauth_verifier"][0]).token


@everywhere
def test_its_pages_work_and_none_is_wider_than_its_window(
    context: BrowserContext, site: Site, callback: str
) -> None:
    page = context.new_page()
    root = "document.documentElement"

    for name in walk(page, site, callback):
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), name


@in_colours
def test_its_pages_have_nothing_that_the_accessibility_engine_finds(
    context: BrowserContext, site: Site, callback: str, axe: str
) -> None:
    page = context.new_page()

    found = [
        f"{name}: {told}" for name in walk(page, site, callback) for told in violations(page, axe)
    ]

    assert found == []
