"""The page for operators: its settings load, its units start what exists, its nginx serves."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from oauthstore_core.cli import connection
from oauthstore_core.cli.commands import oauthstore
from oauthstore_core.integrations.asgi import MAXIMUM_BODY
from oauthstore_core.server import health, throttle
from oauthstore_core.settings import Settings
from oauthstore_core.settings.rules import judge_rules

from ..live.nginx import Nginx, blocks
from ..live.server import RunningServer

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operate.md").read_text(encoding="utf-8")


def test_its_settings_load_and_meet_every_rule() -> None:
    (text,) = blocks("toml")
    settings = Settings.from_mapping(tomllib.loads(text)["oauthstore"])

    assert [verdict for verdict in judge_rules(settings) if not verdict.met] == []
    assert settings.server.workers == 2


@pytest.mark.parametrize("text", blocks("ini"))
def test_a_unit_of_systemd_is_whole_and_starts_a_command_that_exists(text: str) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read_string(text)

    assert unit["Unit"]["Description"]
    if "Service" in unit:
        _, *words = shlex.split(unit["Service"]["ExecStart"])
        assert CliRunner().invoke(oauthstore, [*words, "--help"]).exit_code == 0
    else:
        assert unit["Timer"]["OnCalendar"]


def test_what_it_says_of_limits_and_health_is_so() -> None:
    limits = PAGE.partition("## Limits")[2]

    assert f"has {connection.PATIENCE} seconds to come" in limits
    assert limits.count("64 KiB") == 2
    assert f"at most {connection.MAXIMUM_FIELDS} header fields" in limits
    assert connection.MAXIMUM_HEAD == MAXIMUM_BODY == 64 * 1024
    assert f"`{health.ALIVE}`" in PAGE
    assert f"`{health.READY}`" in PAGE
    assert (throttle.SLOWED, throttle.LOCKED) == (60, 900)


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGE)

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


# --- behind nginx -----------------------------------------------------------


class Site:
    """The server of the page behind its nginx."""

    def __init__(self, folder: Path) -> None:
        self.nginx = Nginx(folder)
        settings = {
            "issuer": self.nginx.url,
            "server": {"trusted_proxies": ["127.0.0.1"], "access_log": True},
        }
        self.server = RunningServer(folder, workers=1, settings=settings)

    def start(self) -> None:
        self.server.start()
        self.nginx.start(self.server.address)

    def stop(self) -> None:
        self.nginx.stop()
        self.server.stop()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def test_behind_the_nginx_of_the_page_it_serves_as_its_issuer(site: Site) -> None:
    client = site.server.create_client("--scope", "profile")
    lying = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    with site.nginx.browser(**lying) as browser:
        metadata = browser.get("/.well-known/oauth-authorization-server").json()
        token = browser.post(
            metadata["token_endpoint"],
            data={"grant_type": "client_credentials"},
            auth=(client.client_id, client.client_secret or ""),
        )
        page = browser.get("/sign-in")
        health_from_outside = browser.get("/health/ready").status_code
        too_large = browser.post("/token", content=b"a" * 70_000).status_code

    assert metadata["issuer"] == site.nginx.url
    assert token.status_code == 200
    assert "__Host-" in page.headers["Set-Cookie"]
    assert "Secure" in page.headers["Set-Cookie"]
    assert page.headers["Strict-Transport-Security"]
    assert (health_from_outside, too_large) == (404, 413)
    log = site.server.output().decode()
    assert "203.0.113.9" not in log
    assert "/sign-in" in log


@pytest.mark.parametrize("trusted", [False, True])
def test_a_flow_through_it_is_performed_where_its_certificate_is_trusted_else_told_how(
    site: Site, *, trusted: bool
) -> None:
    client = site.server.create_client("--scope", "profile")
    asked = ("perform", "client-credentials", "--issuer", site.nginx.url)

    result = CliRunner().invoke(
        oauthstore,
        [*asked, "--client-id", client.client_id],
        input=client.client_secret,
        env={"SSL_CERT_FILE": str(site.nginx.certificate)} if trusted else {},
    )

    assert result.exit_code == (0 if trusted else 1)
    assert ("access_token" if trusted else "let SSL_CERT_FILE name") in result.output


def test_a_client_of_oauth1_is_told_the_same_of_a_certificate_that_is_not_trusted(
    site: Site,
) -> None:
    result = CliRunner().invoke(
        oauthstore,
        ["perform", "oauth1", "--issuer", site.nginx.url, "--client-id", "album"],
        input="a secret",
    )

    assert result.exit_code == 1
    assert "let SSL_CERT_FILE name" in result.output
