"""The consent page of a Django project with the admin's sign-in, in a real Chromium."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from ..docs.test_django import Project
from ..live.server import free_port
from .test_embedded import EVERYWHERE
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

VERIFIER = "v" * 43
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Site:
    """Where the project is, and its client."""

    address: str
    client_id: str

    def ask(self, callback: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": callback,
            "scope": "profile",
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{self.address}/oauth/authorize?{urlencode(asked)}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, callback: str) -> Generator[Site]:
    """Serve the project of docs/django.md, as its page has it."""
    project = Project(Path(tmp_path_factory.mktemp("django")))
    project.add("mysite/settings.py", 'LOGIN_URL = "admin:login"\n')
    project.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    project.run("python manage.py migrate --verbosity 0")
    project.run("python manage.py createsuperuser --noinput --username ada --email a@example.org")
    made = project.run(
        "python manage.py oauthstore client create --client-name Album --scope profile --json "
        f"--token-endpoint-auth-method none --redirect-uri {callback}"
    )
    address = f"127.0.0.1:{free_port()}"
    with project.serve(
        f"python manage.py runserver {address} --noreload", f"http://{address}/admin/"
    ):
        yield Site(f"http://{address}", json.loads(made)["client_id"])


def question(context: BrowserContext, site: Site, callback: str) -> tuple[Page, list[str]]:
    """Sign in on the way; return the page with the question, and what Chromium complains of."""
    page = context.new_page()
    page.goto(site.ask(callback))
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    complaints: list[str] = []
    follow(page, page.get_by_role("button", name="Log in"))
    page.on("console", lambda message: complaints.append(message.text))
    return page, complaints


@EVERYWHERE
@pytest.mark.parametrize("decision", ["Allow", "Deny"])
def test_a_decision_passes_django_s_csrf_protection_and_leads_back_to_the_client(
    context: BrowserContext, site: Site, callback: str, decision: str
) -> None:
    page, complaints = question(context, site, callback)
    assert "See your name" in page.inner_text("main")
    assert "ada" in page.inner_text("main")

    page.get_by_role("button", name=decision).click()

    page.wait_for_url(f"{callback}?*")
    told = parse_qs(urlsplit(page.url).query)
    assert complaints == []
    if decision == "Deny":
        assert told["error"] == ["access_denied"]
        return
    form = {
        "grant_type": "authorization_code",
        "client_id": site.client_id,
        "code": told["code"][0],
        "redirect_uri": callback,
        "code_verifier": VERIFIER,
    }
    assert httpx.post(f"{site.address}/oauth/token", data=form).status_code == 200
