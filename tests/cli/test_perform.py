"""`perform`: whole flows against a running server, with a browser that allows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from ..live.browser import Browser
from ..live.server import RunningServer, TestClient, TestUser
from .conftest import Run

PROGRAM = str(Path(sys.executable).with_name("oauthstore"))
CALLBACK = "http://127.0.0.1/callback"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path_factory.mktemp("server"), workers=1)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def user(server: RunningServer) -> TestUser:
    return server.add_user("alice", "correct horse battery staple")


@pytest.fixture(scope="module")
def native(server: RunningServer) -> TestClient:
    return server.create_client(
        *("--redirect-uri", CALLBACK, "--scope", "profile"),
        *("--token-endpoint-auth-method", "none"),
    )


@pytest.fixture
def browser(server: RunningServer, user: TestUser) -> Iterator[Browser]:
    browser = Browser(server)
    browser.sign_in(user)
    yield browser
    browser.close()


class Performance:
    """The command at work, and the URL that it sends the browser to."""

    def __init__(self, server: RunningServer, *options: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(PROGRAM, "perform", "authorization-code", "--issuer", server.issuer, "--json"),
                *("--no-browser", *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=server.folder,
        )
        assert self.process.stderr is not None
        lines = iter(self.process.stderr.readline, "")
        found = (re.search(r"https?://\S+", line) for line in lines)
        self.url = next(match[0] for match in found if match)

    @property
    def asked(self) -> dict[str, str]:
        return {name: value for name, (value,) in parse_qs(urlsplit(self.url).query).items()}

    def end(self) -> tuple[int, str, str]:
        told, complained = self.process.communicate(timeout=60)
        return self.process.returncode, told, complained


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_client_credentials_fetch_a_token(server: RunningServer, run: Run, method: str) -> None:
    registered = ("--scope", "reports", "--token-endpoint-auth-method", method)
    client = server.create_client(*registered)
    perform = ("perform", "client-credentials", "--issuer", server.issuer, "--client-id")
    asked = (client.client_id, "--scope", "reports", "--token-endpoint-auth-method", method)

    told = json.loads(run(*perform, *asked, "--json", stdin=client.client_secret).stdout)
    shown = run(*perform, *asked, stdin=client.client_secret).stdout

    assert (told["token_type"], told["scope"]) == ("Bearer", "reports")
    assert server.command("token", "inspect", stdin=told["access_token"])["state"] == "active"
    assert "access_token" in shown


def test_a_refusal_is_told_in_the_server_s_words(server: RunningServer, run: Run) -> None:
    perform = ("perform", "client-credentials", "--issuer", server.issuer, "--client-id", "nobody")

    refused = run(*perform, stdin="x", exit_code=1)

    assert "invalid_client" in refused.stderr


def test_a_person_allows_in_a_browser_and_the_tokens_are_printed(
    server: RunningServer, native: TestClient, browser: Browser
) -> None:
    performance = Performance(server, "--client-id", native.client_id, "--scope", "profile")
    location = browser.consent(performance.url)
    page = httpx.get(location)
    code, told, _ = performance.end()

    response: dict[str, Any] = json.loads(told)
    assert (code, page.status_code) == (0, 200)
    assert "close this window" in page.text
    assert performance.asked["code_challenge_method"] == "S256"
    assert performance.asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert response["refresh_token"]
    inspected = server.command("token", "inspect", stdin=response["access_token"])
    assert (inspected["state"], inspected["client_id"]) == ("active", native.client_id)


def test_a_refusal_in_the_browser_ends_with_1(
    server: RunningServer, native: TestClient, browser: Browser
) -> None:
    performance = Performance(server, "--client-id", native.client_id, "--scope", "")
    httpx.get(browser.consent(performance.url, decision="deny"))
    code, told, complained = performance.end()

    assert (code, told) == (1, "")
    assert "access_denied" in complained


def test_an_answer_without_our_state_or_of_another_server_is_not_taken(
    server: RunningServer, native: TestClient
) -> None:
    performance = Performance(server, "--client-id", native.client_id)
    uri, state = performance.asked["redirect_uri"], performance.asked["state"]

    forged = [
        f"{uri}?{urlencode({'code': 'x', 'state': 'other', 'iss': server.issuer})}",
        f"{uri}?code=x&state={state}&state={state}",
        uri,
        uri.replace("/callback", "/other") + f"?code=x&state={state}",
    ]
    statuses = [httpx.get(url).status_code for url in forged]
    mixed_up = {"code": "x", "state": state, "iss": "https://evil.example/\x1b[2J"}
    httpx.get(f"{uri}?{urlencode(mixed_up)}")
    code, _, complained = performance.end()

    assert statuses == [404] * 4
    assert code == 1
    assert "RFC 9207" in complained
    assert "\x1b[2J" not in complained


def test_nobody_waits_for_ever(server: RunningServer, native: TestClient) -> None:
    performance = Performance(server, "--client-id", native.client_id, "--timeout", "1")

    code, _, complained = performance.end()

    assert code == 1
    assert "--timeout" in complained


@pytest.mark.parametrize(
    "uri", ["https://app.example/cb", "http://app.example/cb", "com.example:/cb", "nonsense"]
)
def test_an_answer_is_awaited_on_loopback_only(server: RunningServer, run: Run, uri: str) -> None:
    perform = ("perform", "authorization-code", "--issuer", server.issuer, "--client-id", "x")

    refused = run(*perform, "--redirect-uri", uri, exit_code=1)

    assert "http://127.0.0.1/callback" in refused.stderr


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:1", "http://auth.example.com", "nonsense"])
def test_an_issuer_that_is_none_is_told(run: Run, issuer: str) -> None:
    perform = ("perform", "client-credentials", "--client-id", "x", "--issuer", issuer)

    refused = run(*perform, stdin="x", exit_code=1)

    assert issuer in refused.stderr


def test_an_issuer_is_named_to_the_letter(server: RunningServer, run: Run) -> None:
    perform = ("perform", "client-credentials", "--client-id", "x", "--issuer")

    refused = run(*perform, f"{server.issuer}/", stdin="x", exit_code=1)

    assert "to the letter" in refused.stderr


def test_without_an_issuer_it_says_how_to_name_one(run: Run, folder: Path) -> None:
    refused = run("perform", "client-credentials", "--client-id", "x", stdin="x", exit_code=1)

    assert "--issuer" in refused.stderr
