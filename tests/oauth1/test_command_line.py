"""The command line with clients and tokens of OAuth 1, and `perform oauth1` against a server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth1.client_changes import rotate_secret
from oauthstore_core.oauth1.registration import register_client
from oauthstore_core.oauth2.registration import InvalidClientMetadataError

from ..cli.conftest import Run, Tell, folder, run, tell
from ..live.browser import Browser
from ..live.server import RunningServer, TestUser
from .conftest import pem_of
from .signer import Signer
from .world import World

__all__ = ["folder", "run", "tell"]

PROGRAM = str(Path(sys.executable).with_name("oauthstore"))
ORIGIN = re.compile(r"https?://\S+")


# --- clients ---


def test_a_client_is_created_with_a_secret_that_is_shown_once(
    run: Run, tell: Tell, folder: Path
) -> None:
    made = tell("client", "create", "--oauth1", "--client-name", "Printer")
    shown = run("client", "show", made["client_id"]).stdout

    assert made["token_endpoint_auth_method"] == "oauth1"
    assert made["client_secret"] not in shown
    kept = [file.read_bytes() for file in folder.rglob("*.db*")]
    assert kept
    assert not any(made["client_secret"].encode() in content for content in kept)


def test_it_is_told_that_the_endpoints_are_off(run: Run) -> None:
    run("init")

    assert "`oauth1.enabled`" in run("client", "create", "--oauth1").stderr


def test_a_client_with_a_key_has_no_secret(
    tell: Tell, folder: Path, private_key: RSAPrivateKey
) -> None:
    (folder / "key.pem").write_text(pem_of(private_key))

    made = tell("client", "create", "--oauth1", "--rsa-public-key", "key.pem")

    assert made["rsa_public_key"] == pem_of(private_key)
    assert "client_secret" not in made


def test_what_is_no_key_of_rsa_is_refused(run: Run, folder: Path) -> None:
    run("init")
    (folder / "key.pem").write_text("nonsense")

    refused = run("client", "create", "--oauth1", "--rsa-public-key", "key.pem", exit_code=1)

    assert "rsa_public_key" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--oauth1", "--scope", "profile"),
        ("--oauth1", "--grant-type", "client_credentials"),
        ("--signature-method", "HMAC-SHA1"),
    ],
)
def test_options_of_one_protocol_do_not_go_with_the_other(
    run: Run, options: tuple[str, ...]
) -> None:
    run("client", "create", *options, exit_code=2)


def test_an_imported_secret_signs(tell: Tell) -> None:
    made = tell(
        *("client", "create", "--oauth1", "--client-id", "old", "--client-secret-stdin"),
        stdin="weak",
    )

    assert (made["client_id"], made["client_secret"]) == ("old", "weak")


def test_metadata_is_changed_and_a_secret_rotated(tell: Tell) -> None:
    made = tell("client", "create", "--oauth1", "--client-name", "Printer")

    changed = tell("client", "update", made["client_id"], "--client-name", "Press")
    rotated = tell("client", "rotate-secret", made["client_id"], "--overlap", "60")

    assert changed["client_name"] == "Press"
    assert rotated["client_secret"] not in {None, made["client_secret"]}
    assert tell("client", "show", made["client_id"])["secrets"] == 2


def test_a_new_secret_signs_at_once_where_the_client_is_remembered_with_the_old() -> None:
    backend = MemoryBackend()
    world = World(backend, settings={"plugins": ["client_cache"]})
    elsewhere = World(backend, settings={"plugins": ["client_cache"]})
    signer = world.register()
    assert elsewhere.initiate(signer).status == 200
    stored = world.stores.clients.query_client(signer.client_id)
    assert stored is not None
    rotated = rotate_secret(
        *(world.stores.clients, stored),
        key_ring=world.server.key_ring,
        clock=world.clock,
        overlap=0,
    )
    fresh = Signer(signer.client_id, rotated.registration.client_secret or "")

    assert [elsewhere.initiate(each).status for each in (fresh, signer)] == [200, 401]


def test_the_secret_before_signs_until_its_end(world: World) -> None:
    signer = world.register()
    stored = world.stores.clients.query_client(signer.client_id)
    assert stored is not None
    rotated = rotate_secret(
        *(world.stores.clients, stored),
        key_ring=world.server.key_ring,
        clock=world.clock,
        overlap=60,
    )
    fresh = Signer(signer.client_id, rotated.registration.client_secret or "")

    assert [world.initiate(each).status for each in (signer, fresh)] == [200, 200]
    world.clock.advance(60)
    assert [world.initiate(each).status for each in (signer, fresh)] == [401, 200]


def test_a_client_with_a_key_only_has_no_secret_to_rotate(
    world: World, private_key: RSAPrivateKey
) -> None:
    key_ring, clock = world.server.key_ring, world.clock
    made = register_client(
        world.stores.clients, {}, key_ring=key_ring, clock=clock, rsa_public_key=pem_of(private_key)
    )

    with pytest.raises(InvalidClientMetadataError, match="RSA key"):
        rotate_secret(world.stores.clients, made.client, key_ring=key_ring, clock=clock, overlap=0)


# --- perform, and tokens ---


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = RunningServer(
        tmp_path_factory.mktemp("oauth1"), workers=1, settings={"oauth1": {"enabled": True}}
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def user(server: RunningServer) -> TestUser:
    return server.add_user("alice", "correct horse battery staple")


@pytest.fixture
def browser(server: RunningServer, user: TestUser) -> Iterator[Browser]:
    browser = Browser(server)
    browser.sign_in(user)
    yield browser
    browser.close()


class Performance:
    """The command at work, and the URL that it sends the browser to."""

    def __init__(self, server: RunningServer, *options: str, secret: str = "") -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(PROGRAM, "perform", "oauth1", "--issuer", server.issuer, "--json"),
                *("--no-browser", *options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=server.folder,
        )
        assert self.process.stderr is not None
        assert self.process.stdin is not None
        if secret:
            self.process.stdin.write(f"{secret}\n")
            self.process.stdin.flush()
        lines = iter(self.process.stderr.readline, "")
        self.url = next(match[0] for line in lines if (match := ORIGIN.search(line)))

    def end(self, stdin: str | None = None) -> dict[str, Any]:
        told, complained = self.process.communicate(stdin, timeout=60)
        assert self.process.returncode == 0, complained
        answer: dict[str, Any] = json.loads(told)
        return answer


def test_perform_fetches_token_credentials_that_are_shown_and_revoked(
    server: RunningServer, browser: Browser
) -> None:
    client = server.create_client("--oauth1")
    performance = Performance(
        server, "--client-id", client.client_id, secret=client.client_secret or ""
    )
    httpx.get(browser.decide(performance.url, "allow").headers["location"])
    token = performance.end()["oauth_token"]

    found = server.command("token", "inspect", stdin=token)
    (grant,) = server.command("grant", "list", "--client-id", client.client_id)
    revoked = server.command("token", "revoke", stdin=token)

    assert (found["kind"], found["state"], found["expires_at"]) == ("oauth1", "active", None)
    assert grant["grant_id"] == found["grant_id"]
    assert revoked["revoked"] == "grant"
    assert server.command("token", "inspect", stdin=token)["state"] == "revoked"
    assert server.command("grant", "list", "--client-id", client.client_id) == []


@pytest.mark.parametrize("method", ["RSA-SHA1", "RSA-SHA256"])
def test_perform_signs_by_a_key_and_takes_a_verifier_that_is_typed(
    server: RunningServer, browser: Browser, private_key: RSAPrivateKey, method: str
) -> None:
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (server.folder / "private.pem").write_bytes(pem)
    (server.folder / "public.pem").write_text(pem_of(private_key))
    client = server.create_client("--oauth1", "--rsa-public-key", "public.pem")

    performance = Performance(
        server,
        *("--client-id", client.client_id, "--callback", "oob"),
        *("--rsa-private-key", "private.pem", "--signature-method", method),
    )
    page = browser.decide(performance.url, "allow").text
    verifier = re.search(r"<code>([A-Z-]{14})</code>", page)

    assert verifier is not None
    assert set(performance.end(f"{verifier[1]}\n")) == {"oauth_token", "oauth_token_secret"}
