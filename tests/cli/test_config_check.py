"""`config check`: each rule is met or not, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oauthstore_core.settings import Settings
from oauthstore_core.settings.rules import judge_rules

from .conftest import Run, Tell

GOOD: dict[str, Any] = {
    "issuer": "https://auth.example.com",
    "secret_keys": ["k" * 40],
    "plugins": ["audit"],
    "server": {"trusted_proxies": ["10.0.0.7"]},
}


def broken(**changes: object) -> dict[str, str]:
    verdicts = judge_rules(Settings.from_mapping({**GOOD, **changes}))
    return {verdict.rule: verdict.how for verdict in verdicts if not verdict.met}


def test_a_server_as_it_should_be_meets_every_rule() -> None:
    assert broken() == {}


@pytest.mark.parametrize(
    ("changes", "rule", "told"),
    [
        ({"issuer": None}, "https", "`issuer`"),
        ({"secret_keys": []}, "secrets at rest", "`secret_keys`"),
        ({"lifetimes": {"access_token": 3601}}, "lifetimes", "`lifetimes.access_token` is 3601"),
        ({"lifetimes": {"authorization_code": 61}}, "lifetimes", "authorization_code"),
        ({"reuse_grace": 11}, "refresh rotation", "`reuse_grace`"),
        ({"oauth1": {"signature_methods": ["PLAINTEXT"]}}, "OAuth 1 signatures", "PLAINTEXT"),
        ({"oauth1": {"timestamp_window": 301}}, "OAuth 1 signatures", "301 s"),
        ({"server": {}}, "proxies", "`server.trusted_proxies`"),
        ({"plugins": []}, "trail", "audit"),
    ],
)
def test_what_is_looser_than_a_rule_is_told_with_what_to_do(
    changes: dict[str, object], rule: str, told: str
) -> None:
    found = broken(**changes)

    assert list(found) == [rule]
    assert told in found[rule]


def test_what_is_stricter_meets_the_rule() -> None:
    assert broken(lifetimes={"access_token": 60}, reuse_grace=0) == {}


def test_loopback_needs_neither_https_nor_a_proxy() -> None:
    assert broken(issuer="http://127.0.0.1:8000", server={}) == {}


def test_every_rule_has_a_source_and_says_how(tell: Tell) -> None:
    verdicts = tell("config", "check")

    assert len({verdict["rule"] for verdict in verdicts}) == len(verdicts) > 15
    assert all(verdict["met"] and verdict["source"] and verdict["how"] for verdict in verdicts)


def test_a_store_that_forgets_is_told(run: Run, folder: Path) -> None:
    run("init")

    result = run("config", "check", "--store", "memory://", exit_code=1)

    assert "keeps nothing beyond its process" in result.stdout
    assert "not met: stores" in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("OAUTHSTORE_SERVER__WORKERS", "2", "of one process only"),
        ("OAUTHSTORE_ROLES__ACCOUNTS", "elsewhere", "elsewhere"),
    ],
)
def test_a_store_that_does_not_do_is_told(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    run("init", "--store", "memory://")
    monkeypatch.setenv(variable, value)

    result = run("config", "check", exit_code=1)

    assert told in result.output
