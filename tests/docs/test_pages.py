"""The page on the pages: its blocks are settings, a template and texts that a server takes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from oauthstore_core.pages.static_files import MEDIA_TYPES
from oauthstore_core.server.application import accounts_of, open_server, routes_of
from oauthstore_core.server.paths import Paths
from oauthstore_core.server.session_ends import MOST_ENDED
from oauthstore_core.server.sessions import LIFETIME
from oauthstore_core.server.site import build_site
from oauthstore_core.settings import Settings

from ..server.browser import ISSUER, Browser

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str, start: str) -> list[str]:
    found = [text for name, text in BLOCK.findall(PAGE) if name == language]
    return [text for text in found if text.startswith(start)]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Open a server on what the page says, its folder being another."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "static").mkdir()
    (tmp_path / "templates" / "base.html").write_text(*blocks("html", ""), encoding="utf-8")
    (tmp_path / "static" / "logo.svg").write_text("<svg/>", encoding="utf-8")
    (tmp_path / "texts.toml").write_text(*blocks("toml", "[en]"), encoding="utf-8")
    (folder,) = blocks("toml", "[oauthstore.server]")
    (scopes,) = blocks("toml", "[oauthstore.scopes]")
    given = tomllib.loads(scopes + folder.replace("/etc/oauthstore/pages", str(tmp_path)))
    needed = {"issuer": ISSUER, "store": "memory://", "secret_keys": ["k" * 40]}
    settings = Settings.from_mapping({**given["oauthstore"], **needed, "languages": ["de"]})
    server = open_server(settings)
    with server.stores:
        yield Browser(routes_of(build_site(server, accounts_of(server))))


def test_the_folder_of_the_page_changes_what_it_says(browser: Browser) -> None:
    english = browser.get("/sign-in").text
    german = browser.get("/sign-in", **{"Accept-Language": "de"}).text

    assert "ACME Ltd" in english
    assert "Log in" in english
    assert "Einloggen" in german
    assert re.search(r'src="/static/logo\.[0-9a-f]{12}\.svg"', english)


def test_the_pages_of_the_table_are_there(browser: Browser) -> None:
    named = set(re.findall(r"^\|[^|]+\| `(/[^`]*)`", PAGE, re.MULTILINE))
    paths = Paths(ISSUER)

    assert named == {
        *(paths.home, paths.sign_in, paths.sign_out, paths.authorize, paths.oauth1.authorization),
        *(paths.connections, paths.applications, paths.demo),
    }
    for path in named - {paths.demo, paths.authorize, paths.oauth1.authorization}:
        assert browser.get(path).status in {200, 303}


def test_what_the_page_says_of_numbers_and_files_holds() -> None:
    assert f"remembers {MOST_ENDED} ended sessions" in " ".join(PAGE.split())
    assert LIFETIME == 8 * 3600
    assert ", ".join(f"`{ending}`" for ending in sorted(MEDIA_TYPES)[:-1]) in PAGE
