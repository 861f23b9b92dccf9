"""What keeps a server from starting, all at once; and what is only worth a warning."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.cli.starting import warn_of_proxies
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins.discovery import register_backend
from oauthstore_core.settings import Settings

from .conftest import Run


@pytest.fixture
def taken() -> Iterator[str]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class Forgetful(MemoryBackend):
    """Could keep what it acknowledges, but is set up to evict it."""

    capabilities = Capabilities(durable=False, shared=True, atomic="store")


def test_every_problem_of_a_start_is_told_at_once(run: Run, folder: Path, taken: str) -> None:
    config = folder / "oauthstore.toml"
    config.write_text('[oauthstore]\nstore = "memory://"\nissuer = "http://127.0.0.1:1"\n')

    told = run("serve", "--bind", taken, "--workers", "2", exit_code=1).stderr

    assert "`secret_keys` is empty" in told
    assert "cannot (Address already in use)" in told
    assert "one process only, but 2 workers" in told


def test_the_settings_say_what_the_options_would(run: Run, folder: Path) -> None:
    run("init", "--store", "memory://")
    with (folder / "oauthstore.toml").open("a") as file:
        file.write('[oauthstore.server]\nbind = "0.0.0.0:8000"\nworkers = 2\n')

    told = run("serve", exit_code=1).stderr

    assert "where others can reach it" in told
    assert "2 workers" in told


def test_an_option_goes_before_the_settings(run: Run, folder: Path, taken: str) -> None:
    run("init", "--store", "memory://")
    with (folder / "oauthstore.toml").open("a") as file:
        file.write('[oauthstore.server]\nbind = "0.0.0.0:8000"\nworkers = 2\n')

    told = run("serve", "--bind", taken, "--workers", "1", exit_code=1).stderr

    assert "where others can reach it" not in told
    assert "workers are asked for" not in told


def test_a_store_that_does_not_keep_what_it_could_is_refused(run: Run, folder: Path) -> None:
    could = Capabilities(durable=True, shared=True, atomic="store")
    roles = ("clients", "tokens", "credentials", "nonces", "accounts")
    plugin = BackendPlugin("forgetful", roles, could, Forgetful, schemes=("forgetful",))
    with register_backend(plugin):
        run("init", "--store", "forgetful://")

        told = run("serve", "--bind", "127.0.0.1:1", exit_code=1).stderr

    assert "can keep what it acknowledged, but as it is set up does not" in told
    assert "Turn its eviction off" in told


@pytest.mark.parametrize(
    ("given", "variable", "told"),
    [
        ({}, "", ""),
        ({"issuer": "https://a.example"}, "", "`server.trusted_proxies` names none"),
        ({"issuer": "https://a.example"}, "*", "FORWARDED_ALLOW_IPS is set, and ignored"),
        ({"issuer": "https://a.example", "server": {"trusted_proxies": ["10.0.0.7"]}}, "*", ""),
    ],
)
def test_a_proxy_that_is_not_named_is_worth_a_warning(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, object],
    variable: str,
    told: str,
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", variable)

    warn_of_proxies(Settings.from_mapping(given))

    warned = capsys.readouterr().err
    assert told in warned if told else warned == ""
