"""The page on OAuth 1: its settings load, its commands run, its client and its API meet."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from authlib.deprecate import AuthlibDeprecationWarning
from click.testing import CliRunner

from oauthstore_core.cli.commands import oauthstore
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.oauth1.base_string import escape
from oauthstore_core.settings import Settings
from oauthstore_core.settings.checks import SIGNATURE_METHODS

from ..live.browser import Browser
from ..live.server import RunningServer
from ..oauth1.signer import Signer
from ..oauth1.world import World
from ..oauth2.asgi import send

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "oauth1.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def block(language: str, containing: str) -> str:
    found = [text for name, text in BLOCK.findall(PAGE) if name == language and containing in text]
    assert len(found) == 1
    return found[0]


def test_its_settings_load() -> None:
    whole = tomllib.loads(block("toml", "enabled"))["oauthstore"]
    methods = tomllib.loads(block("toml", "signature_methods"))["oauthstore"]["oauth1"]

    assert Settings.from_mapping(whole).oauth1.enabled
    assert Settings.from_mapping({"oauth1": methods}).oauth1.signature_methods == (
        "HMAC-SHA256",
        "RSA-SHA256",
    )


def test_its_methods_are_those_that_there_are() -> None:
    rows = re.findall(r"^\| ((?:`[A-Z0-9-]+`(?:, )?)+) \|", PAGE, re.MULTILINE)

    assert tuple(re.findall(r"`([^`]+)`", " ".join(rows))) == SIGNATURE_METHODS


def test_its_paths_are_those_of_the_server() -> None:
    paths = World().server.paths
    told = re.findall(r"^\| `(/oauth1/\w+)` \|", PAGE, re.MULTILINE)

    assert told == [paths.initiate, paths.authorization, paths.token]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    running = RunningServer(folder, workers=1, settings={"oauth1": {"enabled": True}})
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def registered(server: RunningServer) -> dict[str, Any]:
    """Run the page's command, in the server's folder."""
    words = shlex.split(block("console", "client create").removeprefix("$ "))[1:]
    result = CliRunner().invoke(oauthstore, ["--config", str(server.config), *words, "--json"])
    assert result.exit_code == 0, result.output
    made: dict[str, Any] = json.loads(result.stdout)
    return made


@pytest.fixture(scope="module")
def token(server: RunningServer, registered: dict[str, Any]) -> dict[str, str]:
    """Run the page's client, with somebody who allows it."""
    user = server.add_user("alice", "correct horse battery staple")
    browser = Browser(server)
    browser.sign_in(user)
    names: dict[str, Any] = {
        "ISSUER": server.issuer,
        "CLIENT_ID": registered["client_id"],
        "CLIENT_SECRET": registered["client_secret"],
        "ask_in_a_browser": lambda url: browser.decide(url).headers["Location"],
    }
    with warnings.catch_warnings():
        # Authlib would rather have a library that is another one's successor.
        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        exec(block("python", "OAuth1Client"), names)  # noqa: S102 - what the page shows
    names["client"].close()
    browser.close()
    issued: dict[str, str] = names["token"]
    return issued


def test_its_client_asks_its_api(
    server: RunningServer,
    registered: dict[str, Any],
    token: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OAUTHSTORE_CONFIG", str(server.config))
    names: dict[str, Any] = {}
    exec(block("python", "ResourceProtector("), names)  # noqa: S102 - what the page shows
    app: Application = names["app"]
    signer = Signer(
        registered["client_id"],
        registered["client_secret"],
        token["oauth_token"],
        token["oauth_token_secret"],
    )
    try:
        asked = signer.sign("GET", "https://api.example.com/photos?size=1", int(time.time()))
        headers = [(name.encode(), value.encode()) for name, value in asked.headers.items()]
        answer = send(app, "GET", "/photos", query=b"size=1", headers=headers)
        again = send(app, "GET", "/photos", query=b"size=1", headers=headers)
    finally:
        names["stores"].close()

    assert (answer.status, set(answer.json)) == (200, {"photos", "of"})
    assert again.outcome == (401, "invalid_nonce")
    assert again.headers["www-authenticate"] == 'OAuth realm="oauthstore"'


def test_its_own_signature_method_verifies() -> None:
    world = World()
    names = {"server": world.server, "base64": base64, "escape": escape}
    exec(block("python", "register_signature_method"), names)  # noqa: S102 - what the page shows
    signer = replace(world.register(), method="HMAC-SHA512")

    assert world.initiate(signer).status == 200
    assert world.initiate(replace(signer, client_secret="guessed")).status == 401


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", PAGE)

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
