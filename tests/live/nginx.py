"""nginx as the page for operators has it, on a free port and with a certificate of its own."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from .server import free_port

__all__ = ["Nginx", "blocks"]

_PAGE = Path(__file__).parents[2] / "docs/operate.md"
_PLACES = "/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin"


def blocks(language: str) -> list[str]:
    """Return the page's blocks in a language."""
    page = _PAGE.read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    return found


class Nginx:
    """One nginx in front of one server; where there is no nginx, the test is skipped."""

    def __init__(self, folder: Path) -> None:
        """Choose a port, and make the certificate."""
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate = _make_certificate(folder)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, upstream: tuple[str, int]) -> None:
        """Serve what is upstream, and return once it does."""
        program = shutil.which("nginx", path=_PLACES)
        if program is None:
            pytest.skip("nginx is not installed: apt install nginx-light")
        config = self._folder / "nginx.conf"
        config.write_text(self._config(upstream))
        command = [program, "-p", str(self._folder), "-c", str(config), "-e", "stderr"]
        subprocess.run([*command, "-t"], check=True, capture_output=True)  # noqa: S603
        self._process = subprocess.Popen([*command, "-g", "daemon off;"])  # noqa: S603
        self._wait()

    def browser(self, **headers: str) -> httpx.Client:
        """Return a client that trusts the certificate."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.url, verify=context, headers=headers)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def _config(self, upstream: tuple[str, int]) -> str:
        (text,) = blocks("nginx")
        changes = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "127.0.0.1:8000": "{}:{}".format(*upstream),
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
