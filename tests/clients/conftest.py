from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from ..live.browser import Browser
from ..live.server import REDIRECT_URI, RunningServer
from ..npm import find_node, install
from .setting import RESOURCES, SCOPE, Setting

HERE = Path(__file__).parent
#: An id and a secret that a client must encode in a Basic header (RFC 6749 section 2.3.1).
ODD_ID = "billing: 100% & more/less"
ODD_SECRET = "s3cret+with/every=kind of:char%acter"


@pytest.fixture(scope="session")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Generator[Setting]:
    settings = {"resources": RESOURCES}
    folder = tmp_path_factory.mktemp("server")
    server = RunningServer(folder, settings=settings, options=["--demo"])
    server.start()
    browser = Browser(server)
    try:
        yield _people(server, browser)
    finally:
        browser.close()
        server.stop()


def _people(server: RunningServer, browser: Browser) -> Setting:
    code = ("--redirect-uri", REDIRECT_URI, "--scope", SCOPE)
    grants = ("authorization_code", "refresh_token", "client_credentials")
    every = tuple(part for grant in grants for part in ("--grant-type", grant))
    method = "--token-endpoint-auth-method"
    return Setting(
        server=server,
        browser=browser,
        user=server.add_user("alice", "correct horse battery staple"),
        confidential=server.create_client(*code, *every),
        odd=server.create_client(
            *code, *every, "--client-id", ODD_ID, "--client-secret-stdin", stdin=ODD_SECRET
        ),
        public=server.create_client(*code, method, "none"),
        poster=server.create_client(*code, *every, method, "client_secret_post"),
        resource_server=server.create_client("--resource-server", "--resource", RESOURCES[0]),
    )


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the scripts and, as the lock file tells, what they need."""
    return install(HERE, tmp_path_factory.mktemp("node"), HERE.glob("*.mjs"))


@pytest.fixture(scope="session")
def node() -> str:
    """Return the program; ask for `node_folder` first."""
    return find_node()
