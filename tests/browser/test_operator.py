"""An operator who has the wheels and docs/operate.md: PostgreSQL, nginx, and a grant revoked."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from backends.sqla.tests.server_processes import (
    PostgreSQLProcess,
    find_postgresql,
    find_postgresql_wheel,
)

from ..live.browser import code_challenge
from ..live.nginx import Nginx, blocks
from ..live.server import free_port
from .walk import follow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
_RUN = "runuser -u oauthstore -- /opt/oauthstore/bin/oauthstore "
#: What the page has its reader type, in order.
INIT, USER_ADD, CHECK, CREATE, PERFORM, LIST, REVOKE = (
    shlex.split(line.removeprefix(_RUN))
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith(_RUN)
)


def _run(*command: str | Path, expected: int = 0, **options: Any) -> str:
    """Run a command to its end; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own command
        list(map(str, command)), capture_output=True, text=True, timeout=300, check=False, **options
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command, installed from wheels into an environment that has nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    _run(*pip, "--wheel-dir", folder, ROOT, ROOT / "backends/sqla")
    _run(sys.executable, "-m", "venv", folder / "venv")
    core, sqla = sorted(folder.glob("*.whl"))
    _run(folder / "venv/bin/pip", "install", "--quiet", f"{core}[server]", f"{sqla}[postgresql]")
    return folder / "venv/bin/oauthstore"


@pytest.fixture
def database() -> Generator[PostgreSQLProcess]:
    programs = find_postgresql() or find_postgresql_wheel()
    assert programs, "PostgreSQL comes as a wheel with the tests: install the group `test`."
    with closing(PostgreSQLProcess(programs)) as found:
        found.start()
        yield found


class Site:
    """The machine of the page: its folder, its server and its proxy."""

    def __init__(self, program: Path, folder: Path, database: str) -> None:
        self.nginx = Nginx(folder)
        self._program = program
        self._folder = folder
        self._database = database
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        certificate = {"SSL_CERT_FILE": str(self.nginx.certificate)}
        own = {k: v for k, v in os.environ.items() if not k.startswith("OAUTHSTORE_")}
        self._options: dict[str, Any] = {"cwd": folder, "env": {**own, **certificate}}

    def run(self, command: list[str], *more: str, stdin: str = "", expected: int = 0) -> str:
        """Run a command of the page, but for what is this machine's own."""
        words = [self._own(word) for word in command]
        return _run(self._program, *words, *more, input=stdin, expected=expected, **self._options)

    def tell(self, command: list[str], *more: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.run(command, *more, "--json"))

    def configure(self) -> None:
        """Write the page's file, with the key that `init` made."""
        path = self._folder / "oauthstore.toml"
        key = re.search(r"^secret_keys = .*$", path.read_text(), re.MULTILINE)
        assert key
        (text,) = blocks("toml")
        path.write_text(re.sub(r"^secret_keys = .*$", key[0], self._own(text), flags=re.MULTILINE))

    def start(self) -> None:
        command = [str(self._program), "serve"]
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._options
            )
        self._wait_until_ready()
        self.nginx.start(("127.0.0.1", self._port))

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self._port}/health/ready").is_success:
                    return
            time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    def stop(self) -> None:
        self.nginx.stop()
        if self._server is not None:
            self._server.terminate()
            assert self._server.wait(60) == 0

    def _own(self, text: str) -> str:
        own = {
            "https://auth.example.com": self.nginx.url,
            "postgresql+psycopg:///oauthstore": self._database,
            "127.0.0.1:8000": f"127.0.0.1:{self._port}",
        }
        for theirs, ours in own.items():
            text = text.replace(theirs, ours)
        return text


@pytest.fixture
def site(program: Path, tmp_path: Path, database: PostgreSQLProcess) -> Generator[Site]:
    site = Site(program, tmp_path, database.url)
    yield site
    site.stop()


@pytest.fixture
def window(chromium: Browser) -> Generator[BrowserContext]:
    # The certificate is the test's own.
    with chromium.new_context(ignore_https_errors=True) as context:
        yield context


def test_the_page_leads_from_wheels_to_applications_and_a_revoked_grant(
    site: Site, window: BrowserContext, callback: str
) -> None:
    site.run(INIT)
    site.run(USER_ADD, "--password-stdin", stdin=PASSWORD)
    assert re.search(r"^proxies +NO ", site.run(CHECK, expected=1), re.MULTILINE)
    site.configure()
    assert "NO" not in site.run(CHECK).split()
    site.start()

    service = site.tell(CREATE)
    site.run(PERFORM, stdin=service["client_secret"])
    page = window.new_page()
    _sign_in(page, site.nginx.url)
    client_id, secret = _register(page, callback)
    tokens = _fetch_tokens(page, site, client_id, secret, callback)

    grants = {grant["client_id"]: grant for grant in site.tell(LIST)}
    assert set(grants) == {"job", client_id}
    assert grants[client_id]["subject"]
    assert _is_active(site, client_id, secret, tokens["access_token"])
    site.run(["grant", "revoke", grants[client_id]["grant_id"]], "--yes")
    assert not _is_active(site, client_id, secret, tokens["access_token"])
    assert not _is_active(site, client_id, secret, tokens["refresh_token"])
    site.run(REVOKE, "--yes")
    assert site.tell(LIST) == []


def _sign_in(page: Page, url: str) -> None:
    page.goto(url)
    follow(page, page.get_by_role("link", name="Sign in"))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    follow(page, page.get_by_role("button", name="Sign in"))


def _register(page: Page, callback: str) -> tuple[str, str]:
    """Register an application on the page; return its id and its secret."""
    follow(page, page.get_by_role("link", name="Applications", exact=True).first)
    follow(page, page.get_by_role("link", name="Register an application"))
    page.get_by_label("Name").fill("Notes")
    page.get_by_label("Redirect URIs").fill(callback)
    page.get_by_label("Scopes").fill("profile")
    follow(page, page.get_by_role("button", name="Register"))
    found = re.search(r"Client id\s+(\S+)\s+Client secret\s+(\S+)", page.inner_text("main"))
    assert found
    return found[1], found[2]


def _fetch_tokens(
    page: Page, site: Site, client_id: str, secret: str, callback: str
) -> dict[str, str]:
    """Allow the application what it asks for; return its tokens."""
    verifier = secrets.token_urlsafe(48)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": callback,
        "scope": "profile",
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    page.goto(f"{site.nginx.url}/authorize?{urlencode(query)}")
    follow(page, page.get_by_role("button", name="Allow"))
    told = parse_qs(urlsplit(page.url).query)
    form = {"grant_type": "authorization_code", "code": told["code"][0]}
    form |= {"redirect_uri": callback, "code_verifier": verifier}
    with site.nginx.browser() as client:
        answer = client.post("/token", data=form, auth=(client_id, secret))
    tokens: dict[str, str] = answer.json()
    return tokens


def _is_active(site: Site, client_id: str, secret: str, token: str) -> bool:
    """Tell what introspection says, of both workers alike."""
    with site.nginx.browser() as client:
        ask = [
            client.post("/introspect", data={"token": token}, auth=(client_id, secret)).json()
            for _ in range(8)
        ]
    (active,) = {told["active"] for told in ask}
    return bool(active)
