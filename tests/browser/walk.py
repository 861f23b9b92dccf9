"""A walk through every page of the standalone server, from a stranger's to an administrator's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

__all__ = ["follow", "walk"]


def walk(page: Page, issuer: str, password: str) -> Iterator[str]:
    """Yield the name of each page while it is shown."""
    yield from _sign_in(page, issuer, password)
    yield from _own_pages(page, issuer)
    yield from _applications(page, issuer)
    yield from _errors_and_sign_out(page, issuer)


def _sign_in(page: Page, issuer: str, password: str) -> Iterator[str]:
    page.goto(f"{issuer}/")
    yield "home of a stranger"
    page.goto(f"{issuer}/demo")
    yield "sign-in"
    page.get_by_label("Name").fill("demo")
    page.get_by_label("Password").fill("wrong")
    _press(page, "Sign in")
    yield "sign-in that failed"
    page.get_by_label("Password").fill(password)
    _press(page, "Sign in")
    yield "consent"
    _press(page, "Allow")
    assert page.title().startswith("The token works")
    yield "demo"


def _own_pages(page: Page, issuer: str) -> Iterator[str]:
    page.goto(f"{issuer}/")
    yield "home"
    follow(page, page.get_by_role("navigation").get_by_text("Connected applications"))
    assert "See your name" in page.inner_text("main")
    yield "connected applications"
    _press(page, "Disconnect Demo application")
    assert "The application is disconnected" in page.inner_text("main")
    yield "disconnected"
    page.goto(f"{issuer}/demo")
    assert page.title().startswith("The token no longer works")
    yield "demo without access"


def _applications(page: Page, issuer: str) -> Iterator[str]:
    follow(page, page.get_by_role("navigation").get_by_text("Applications", exact=True))
    yield "applications"
    follow(page, page.get_by_role("link", name="Register an application"))
    yield "register"
    page.get_by_label("Name", exact=True).fill("Photo Album")
    page.get_by_label("Redirect URIs").fill("http://album.example.org/callback")
    page.get_by_label("Read your reports").check()
    _press(page, "Register")
    assert "A redirect URI begins with" in page.inner_text("[role=alert]")
    yield "register that failed"
    page.get_by_label("Redirect URIs").fill("https://album.example.org/callback")
    _press(page, "Register")
    assert "shown this once" in page.inner_text("main")
    yield "registered"
    follow(page, page.get_by_role("link", name="To the application"))
    assert "Read your reports" in page.inner_text("main")
    yield "application"
    follow(page, page.get_by_role("link", name="Rotate the secret"))
    yield "rotate"
    page.get_by_label("1 hour").check()
    _press(page, "Rotate the secret")
    assert "works until" in page.inner_text("main")
    yield "rotated"
    follow(page, page.get_by_role("link", name="To the application"))
    yield "application with two secrets"
    follow(page, page.get_by_role("link", name="Rotate the secret"))
    yield "rotate again"
    page.go_back()
    follow(page, page.get_by_role("link", name="Delete"))
    yield "delete"
    _press(page, "Delete the application")
    assert "Photo Album" not in page.inner_text("main")
    yield "deleted"


def _errors_and_sign_out(page: Page, issuer: str) -> Iterator[str]:
    page.goto(f"{issuer}/nowhere")
    yield "no such page"
    page.goto(f"{issuer}/authorize?client_id=nobody&response_type=code")
    assert "not yours" in page.inner_text("main")
    yield "an application's mistake"
    page.goto(f"{issuer}/sign-out")
    yield "sign-out"
    _press(page, "Sign out")
    assert "You are not signed in" in page.inner_text("main")


def _press(page: Page, name: str) -> None:
    follow(page, page.locator("main").get_by_role("button", name=name, exact=True))


def follow(page: Page, target: Locator) -> None:
    """Click, and return once the page that this leads to is there."""
    with page.expect_navigation():
        target.click()
