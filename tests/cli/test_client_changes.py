"""`client update`, `client rotate-secret`, and clients of a server that somebody else runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run, Tell
from .test_nouns import issue_from_store

POST = ("--token-endpoint-auth-method", "client_secret_post")


@pytest.fixture
def made(tell: Tell) -> dict[str, Any]:
    client: dict[str, Any] = tell(
        *("client", "create", *POST, "--client-name", "Album", "--scope", "a b"),
        *("--grant-type", "client_credentials", "--grant-type", "authorization_code"),
        *("--redirect-uri", "https://a.example/cb"),
    )
    return client


def test_a_rotated_secret_is_printed_once_and_both_work(
    run: Run, tell: Tell, made: dict[str, Any]
) -> None:
    rotated = tell("client", "rotate-secret", made["client_id"], "--overlap", "60")
    shown = tell("client", "show", made["client_id"])

    assert rotated["client_secret"] != made["client_secret"]
    assert rotated["previous_secret_expires_at"] == shown["previous_secret_expires_at"]
    assert shown["secrets"] == 2
    assert "client_secret" not in shown
    assert "access_token" in issue_from_store(made)
    assert "access_token" in issue_from_store(rotated)
    assert "works until" in run("client", "rotate-secret", made["client_id"]).stdout


def test_without_an_overlap_the_secret_before_ends(
    run: Run, tell: Tell, made: dict[str, Any]
) -> None:
    rotated = tell("client", "rotate-secret", made["client_id"], "--overlap", "0")

    assert rotated["previous_secret_expires_at"] is None
    assert issue_from_store(made)["error"] == "invalid_client"
    told = run("client", "rotate-secret", made["client_id"], "--overlap", "0").stdout
    assert "does not work any more" in told


def test_what_is_named_is_replaced_and_all_else_stays(tell: Tell, made: dict[str, Any]) -> None:
    changed = tell(
        *("client", "update", made["client_id"], "--client-name", "Photos"),
        *("--redirect-uri", "https://a.example/1", "--redirect-uri", "https://a.example/2"),
    )

    assert changed["client_name"] == "Photos"
    assert changed["redirect_uris"] == ["https://a.example/1", "https://a.example/2"]
    assert changed["scope"] == "a b"
    assert changed["grant_types"] == made["grant_types"]
    assert "access_token" in issue_from_store(made)


def test_an_empty_value_takes_out(tell: Tell, made: dict[str, Any]) -> None:
    changed = tell(
        *("client", "update", made["client_id"], "--client-name", "", "--redirect-uri", ""),
        *("--grant-type", "client_credentials"),
    )

    assert "client_name" not in changed
    assert "redirect_uris" not in changed


def test_resources_of_a_resource_server_change(
    tell: Tell, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHSTORE_RESOURCES", "urn:a:b urn:a:c")
    update = ("client", "update", made["client_id"])

    tell(*update, "--resource-server", "--resource", "urn:a:b")
    tell(*update, "--resource", "urn:a:c")
    middle = tell("client", "show", made["client_id"])
    tell(*update, "--no-resource-server")
    after = tell("client", "show", made["client_id"])

    assert (middle["resource_server"], middle["resources"]) == (True, ["urn:a:c"])
    assert not after.keys() & {"resource_server", "resources"}


def test_a_change_of_nothing_is_not_understood(run: Run, made: dict[str, Any]) -> None:
    assert "--client-name" in run("client", "update", made["client_id"], exit_code=2).stderr


def test_a_change_to_what_is_forbidden_is_refused(run: Run, made: dict[str, Any]) -> None:
    options = ("--redirect-uri", "http://evil.example/cb")

    refused = run("client", "update", made["client_id"], *options, exit_code=1)

    assert "invalid_redirect_uri" in refused.stderr


@pytest.mark.parametrize("verb", [("update", "--client-name", "x"), ("rotate-secret",)])
def test_a_client_that_is_not_there_ends_with_3(
    run: Run, tell: Tell, verb: tuple[str, ...]
) -> None:
    run("client", verb[0], "nobody", *verb[1:], exit_code=3)


def test_who_embeds_the_server_needs_no_issuer_and_no_keys(run: Run, folder: Path) -> None:
    store = ("--store", f"sqlite:///{folder / 'app.db'}")
    run("migrate", *store)

    made = json.loads(run("client", "create", "--json", *store).stdout)
    rotated = run("client", "rotate-secret", made["client_id"], *store)
    run("grant", "list", *store)
    run("user", "add", "alice", "--password-stdin", *store, stdin="correct horse battery")
    run("user", "delete", "alice", "--yes", *store)
    run("token", "inspect", *store, stdin="nothing", exit_code=3)
    run("client", "delete", made["client_id"], "--yes", *store)

    assert "shown this once" in rotated.stdout


def test_a_secret_from_elsewhere_needs_the_server_s_key(run: Run, folder: Path) -> None:
    store = ("--store", f"sqlite:///{folder / 'app.db'}")
    run("migrate", *store)

    refused = run("client", "create", "--client-secret-stdin", *store, stdin="weak", exit_code=1)

    assert "secret_keys" in refused.stderr
