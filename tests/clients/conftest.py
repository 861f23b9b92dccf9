from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from ..live.browser import Browser
from ..live.server import REDIRECT_URI, RunningServer
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
    post = (method, "client_secret_post", "--scope", SCOPE, *every[-2:])
    return Setting(
        server=server,
        browser=browser,
        user=server.add_user("alice", "correct horse battery staple"),
        confidential=server.create_client(*code, *every),
        odd=server.create_client(
            *code, *every, "--client-id", ODD_ID, "--client-secret-stdin", stdin=ODD_SECRET
        ),
        public=server.create_client(*code, method, "none"),
        poster=server.create_client(*post),
        resource_server=server.create_client("--resource-server", "--resource", RESOURCES[0]),
    )


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the scripts and, as the lock file tells, what they need."""
    npm = shutil.which("npm", path=_search_path())
    if npm is None or shutil.which("node", path=_search_path()) is None:
        reason = "Node.js and npm are not on the path, but the clients of this test need them."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("node")
    for path in (*HERE.glob("*.json"), *HERE.glob("*.mjs"), HERE / ".npmrc"):
        shutil.copy(path, folder)
    done = subprocess.run(  # noqa: S603 - our own command
        [npm, "ci", "--ignore-scripts", "--no-progress"],
        cwd=folder,
        env={**os.environ, "PATH": _search_path()},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def node() -> str:
    """Return the program; ask for `node_folder` first."""
    found = shutil.which("node", path=_search_path())
    assert found is not None
    return found


def _search_path() -> str:
    """Return the path with this environment's programs first: Node may be one of them."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
