"""The page for operators: its settings load, its units start what exists, its nginx serves."""

from __future__ import annotations

import configparser
import datetime as dt
import re
import shlex
import shutil
import ssl
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from oauthstore_core.cli import connection
from oauthstore_core.cli.commands import oauthstore
from oauthstore_core.integrations.asgi import MAXIMUM_BODY
from oauthstore_core.server import health, throttle
from oauthstore_core.settings import Settings
from oauthstore_core.settings.rules import judge_rules

from ..live.server import RunningServer, free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operate.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found


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
    """The server of the page behind its nginx, on free ports and with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        settings = {
            "issuer": self.url,
            "server": {"trusted_proxies": ["127.0.0.1"], "access_log": True},
        }
        self.server = RunningServer(folder, workers=1, settings=settings)
        self.certificate = _make_certificate(folder)
        self._folder = folder
        self._nginx: subprocess.Popen[bytes] | None = None

    def start(self, nginx: str) -> None:
        self.server.start()
        config = self._folder / "nginx.conf"
        config.write_text(self._config())
        command = [nginx, "-p", str(self._folder), "-c", str(config), "-e", "stderr"]
        subprocess.run([*command, "-t"], check=True, capture_output=True)  # noqa: S603
        self._nginx = subprocess.Popen([*command, "-g", "daemon off;"])  # noqa: S603
        self._wait()

    def _config(self) -> str:
        (text,) = blocks("nginx")
        changes = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "127.0.0.1:8000": "{}:{}".format(*self.server.address),
            "auth.example.com;": "localhost;",
            "/etc/ssl/auth.example.com.pem": str(self.certificate),
            "/etc/ssl/auth.example.com.key": str(self.certificate),
        }
        for before, after in changes.items():
            assert before in text
            text = text.replace(before, after)
        folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{name}_temp_path {self._folder}/{name};\n" for name in folders)
        return (
            f"pid {self._folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"
        )

    def browser(self, **headers: str) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.url, verify=context, headers=headers)

    def _wait(self) -> None:
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            try:
                with self.browser() as browser:
                    browser.get("/health/alive")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("nginx never served.")

    def stop(self) -> None:
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(30)
        self.server.stop()


def _make_certificate(folder: Path) -> Path:
    """Return a file with a key and a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed: apt install nginx-light")
    site = Site(tmp_path)
    try:
        site.start(nginx)
        yield site
    finally:
        site.stop()


def test_behind_the_nginx_of_the_page_it_serves_as_its_issuer(site: Site) -> None:
    client = site.server.create_client("--scope", "profile")
    lying = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    with site.browser(**lying) as browser:
        metadata = browser.get("/.well-known/oauth-authorization-server").json()
        token = browser.post(
            metadata["token_endpoint"],
            data={"grant_type": "client_credentials"},
            auth=(client.client_id, client.client_secret or ""),
        )
        page = browser.get("/sign-in")
        health_from_outside = browser.get("/health/ready").status_code
        too_large = browser.post("/token", content=b"a" * 70_000).status_code

    assert metadata["issuer"] == site.url
    assert token.status_code == 200
    assert "__Host-" in page.headers["Set-Cookie"]
    assert "Secure" in page.headers["Set-Cookie"]
    assert page.headers["Strict-Transport-Security"]
    assert (health_from_outside, too_large) == (404, 413)
    log = site.server.output().decode()
    assert "203.0.113.9" not in log
    assert "/sign-in" in log
