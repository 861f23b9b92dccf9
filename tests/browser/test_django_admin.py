"""The admin pages of a Django project, in a real Chromium: by an administrator, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from ..docs.test_django import Project
from ..live.server import free_port
from .conftest import DESK, PHONE
from .test_embedded import EVERYWHERE
from .test_every_page import violations
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Site:
    """Where the project is."""

    address: str

    def page(self, path: str) -> str:
        return f"{self.address}/admin/oauthstore/{path}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Serve the project of docs/django.md, as its page has it, with an administrator."""
    project = Project(Path(tmp_path_factory.mktemp("django")))
    project.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    project.run("python manage.py migrate --verbosity 0")
    project.run("python manage.py createsuperuser --noinput --username ada --email a@example.org")
    address = f"127.0.0.1:{free_port()}"
    command = f"python manage.py runserver {address} --noreload"
    with project.serve(command, f"http://{address}/admin/"):
        yield Site(f"http://{address}")


def sign_in(context: BrowserContext, site: Site) -> tuple[Page, list[str]]:
    """Return a page of the administrator, and what Chromium complains of from now on."""
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"{site.address}/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    follow(page, page.get_by_role("button", name="Log in"))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def issue(site: Site, client_id: str, secret: str) -> str:
    """Return a token that a client gets for itself."""
    form = {"grant_type": "client_credentials", "scope": "profile"}
    answer = httpx.post(f"{site.address}/oauth/token", data=form, auth=(client_id, secret))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def press(page: Page, name: str) -> None:
    follow(page, page.get_by_role("button", name=name, exact=True))


def click(page: Page, name: str) -> None:
    follow(page, page.locator("#content").get_by_role("link", name=name, exact=True))


def register(page: Page, site: Site, name: str) -> tuple[str, str]:
    """Register a service as an administrator does; return its id and secret."""
    page.goto(site.page("client/"))
    click(page, "Register a client")
    page.get_by_label("Name:", exact=True).fill(name)
    page.get_by_label("authorization_code").uncheck()
    page.get_by_label("refresh_token").uncheck()
    page.get_by_label("client_credentials").check()
    page.get_by_label("profile").check()
    press(page, "Register")
    return page.inner_text("#client_id"), page.inner_text("#client_secret")


@EVERYWHERE
def test_an_administrator_registers_rotates_revokes_and_deletes(
    context: BrowserContext, site: Site
) -> None:
    page, complaints = sign_in(context, site)
    assert {"Clients", "Grants"} <= set(page.locator(".app-oauthstore th").all_inner_texts())

    client_id, secret = register(page, site, "Album")
    token = issue(site, client_id, secret)
    page.goto(site.page("client/"))
    assert secret not in page.content()
    page.get_by_role("textbox").last.fill(client_id)
    press(page, "Search")
    click(page, "Album")
    click(page, "Rotate the secret")
    page.get_by_label("For how long").select_option("An hour")
    press(page, "Rotate the secret")
    rotated = page.inner_text("#client_secret")
    issue(site, client_id, rotated)
    click(page, "To the client")
    assert "2" in page.inner_text(".form-row:has-text('Valid secrets') .readonly")

    click(page, "Grants")
    assert page.locator("#result_list tbody tr").count() == 2
    click(page, "Revoke all of these")
    press(page, "Yes, revoke")
    assert "2 grants were revoked." in page.inner_text(".messagelist")
    introspection = httpx.post(
        f"{site.address}/oauth/introspect", data={"token": token}, auth=(client_id, rotated)
    )
    assert introspection.json() == {"active": False}

    page.goto(site.page(f"client/{client_id.replace('_', '_5F')}/change/"))
    click(page, "Delete")
    press(page, "Yes, I\u2019m sure")
    assert "was deleted" in page.inner_text(".messagelist")
    assert complaints == []


@EVERYWHERE
def test_no_page_is_wider_than_the_window_and_no_secret_comes_back(
    context: BrowserContext, site: Site
) -> None:
    page, _ = sign_in(context, site)
    client_id, secret = register(page, site, "Album of very many words " * 12)
    issue(site, client_id, secret)
    key = client_id.replace("_", "_5F")

    page.go_back()
    assert secret not in page.content()
    for path in (
        *("client/", "client/add/", "client/add/oauth1/", f"client/{key}/change/"),
        *(f"client/{key}/rotate/", f"client/{key}/delete/", "grant/"),
        f"grant/revoke/?client_id={client_id}",
    ):
        page.goto(site.page(path))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], path  # type: ignore[index]  # it is set
    page.goto(site.page(f"client/{key}/delete/"))
    press(page, "Yes, I\u2019m sure")


@EVERYWHERE
def test_what_revokes_a_grant_is_in_sight_without_scrolling_sideways(
    context: BrowserContext, site: Site
) -> None:
    page, _ = sign_in(context, site)
    issue(site, *register(page, site, "Album"))

    page.goto(site.page("grant/"))
    box = page.locator("#result_list a.deletelink").first.bounding_box()

    assert box is not None
    assert box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]  # it is set
    itself = page.get_by_text("the client itself").first.bounding_box()
    assert itself is not None
    assert itself["height"] < 2 * box["height"]


def test_a_reload_of_the_page_with_the_secret_registers_and_shows_nothing_again(
    context: BrowserContext, site: Site
) -> None:
    page, _ = sign_in(context, site)
    client_id, secret = register(page, site, "Album")

    page.reload()

    assert "A client has this id already" in page.inner_text("#content")
    assert secret not in page.content()
    issue(site, client_id, secret)


@pytest.mark.parametrize(
    "context", [(PHONE, "dark", True), (DESK, "light", True)], indirect=True, ids=["phone", "desk"]
)
def test_the_accessibility_engine_finds_nothing_that_the_site_itself_does_not_have(
    context: BrowserContext, site: Site, axe: str
) -> None:
    page, _ = sign_in(context, site)
    client_id, secret = register(page, site, "Album")
    issue(site, client_id, secret)
    key = client_id.replace("_", "_5F")
    # Django's own list and forms, as they are.
    known = {rule_of(each) for each in site_violations(page, site, axe)}

    found = {
        path: [each for each in told if rule_of(each) not in known]
        for path in (
            "client/",
            "client/add/",
            f"client/{key}/change/",
            f"client/{key}/rotate/",
            f"client/{key}/delete/",
            "grant/",
            f"grant/revoke/?client_id={client_id}",
        )
        if (told := violations_at(page, site.page(path), axe))
    }

    assert not any(found.values()), found


def site_violations(page: Page, site: Site, axe: str) -> list[str]:
    users = f"{site.address}/admin/auth/user/"
    return [
        told
        for path in ("", "add/", "1/change/", "1/delete/")
        for told in violations_at(page, users + path, axe)
    ]


def violations_at(page: Page, address: str, axe: str) -> list[str]:
    page.goto(address)
    return violations(page, axe)


def rule_of(violation: str) -> str:
    return re.split(r"\s", violation, maxsplit=1)[0]
