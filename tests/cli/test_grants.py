"""`grant`, `backend describe` and `plugin list`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oauthstore_core.records import Grant
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

from .conftest import Run, Tell

FAR = 4_000_000_000
Save = Callable[..., None]


@pytest.fixture
def save(tell: Tell) -> Save:
    """Save a grant into the configured store."""

    def save(
        grant_id: str, client_id: str = "c", subject: str | None = "alice", **more: int
    ) -> None:
        payload = '{"scope":"profile","resource":["urn:a:b"]}'
        moments = {"granted_at": 1_700_000_000, "keep_until": FAR, **more}
        with open_stores(Settings.load(environ={})) as stores:
            grant = Grant(grant_id, client_id, subject, payload=payload, **moments)
            stores.tokens.save_token(grant, [])

    return save


def test_grants_are_listed_by_client_and_subject(run: Run, tell: Tell, save: Save) -> None:
    save("g1")
    save("g2", "d")
    save("g3", "d", None)

    assert [item["grant_id"] for item in tell("grant", "list")] == ["g1", "g2", "g3"]
    assert [item["grant_id"] for item in tell("grant", "list", "--client-id", "d")] == ["g2", "g3"]
    assert len(tell("grant", "list", "--client-id", "d", "--subject", "alice")) == 1
    assert "itself" in run("grant", "list").stdout


def test_what_is_left_out_of_a_list_is_told(run: Run, save: Save) -> None:
    save("g1")
    save("g2")

    result = run("grant", "list", "--limit", "1")

    assert "--limit" in result.stderr
    assert "g2" not in result.stdout
    assert run("grant", "list", "--limit", "2").stderr == ""


def test_a_grant_that_is_over_is_not_listed(tell: Tell, save: Save) -> None:
    save("g1", keep_until=1_700_000_001)

    assert tell("grant", "list") == []


def test_a_grant_is_shown_and_revoked(run: Run, tell: Tell, save: Save) -> None:
    save("g1")
    save("g2")

    told = tell("grant", "show", "g1")
    shown = run("grant", "show", "g1", "--subject", "alice").stdout
    revoked = tell("grant", "revoke", "g1", "--client-id", "c")

    assert told["scope"] == "profile"
    assert told["keep_until"] == FAR
    assert "urn:a:b" in shown
    assert "2023-11-14 22:13:20 UTC" in shown
    assert revoked == {"grant_id": "g1", "grants_revoked": 1}
    assert [item["grant_id"] for item in tell("grant", "list")] == ["g2"]
    assert "all its tokens" in run("grant", "revoke", "g2").stdout


@pytest.mark.parametrize("verb", ["show", "revoke"])
def test_a_grant_that_is_not_there_ends_with_3(run: Run, save: Save, verb: str) -> None:
    save("g1")

    run("grant", verb, "g2", exit_code=3)
    run("grant", verb, "g1", "--client-id", "other", exit_code=3)


def test_a_range_is_revoked_after_a_yes(run: Run, tell: Tell, save: Save) -> None:
    save("g1")
    save("g2", "d")
    save("g3", "d", "bob")

    refused = run("grant", "revoke", "--subject", "alice", exit_code=1)
    told = tell("grant", "revoke", "--subject", "alice", "--yes")

    assert "--yes" in refused.stderr
    assert told["grants_revoked"] == 2
    assert [item["grant_id"] for item in tell("grant", "list")] == ["g3"]
    both = run("grant", "revoke", "--client-id", "d", "--subject", "bob", "--yes").stdout
    assert "the client d and the subject bob" in both


def test_nobody_revokes_everything_by_saying_nothing(run: Run, tell: Tell, save: Save) -> None:
    save("g1")

    run("grant", "revoke", "--yes", exit_code=2)

    assert len(tell("grant", "list")) == 1


def test_a_store_in_use_is_described(run: Run, tell: Tell) -> None:
    told = tell("backend", "describe")["default"]
    shown = run("backend", "describe").stdout

    assert told["capabilities"]["durable"] is True
    assert told["facts"]["schema"]["current"] == told["facts"]["schema"]["head"]
    assert set(told["roles"]) == {"clients", "tokens", "credentials", "nonces", "accounts"}
    assert "capabilities.durable" in shown
    assert "facts.schema.head" in shown


@pytest.mark.parametrize("verb", ["describe", "ping"])
def test_any_store_is_asked_by_its_url(verb: str, run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    run("migrate", "--store", url)

    assert "other.db" in run("backend", verb, url).stdout


def test_plugins_are_listed_with_whether_they_are_enabled(run: Run, tell: Tell) -> None:
    told = {item["name"]: item for item in tell("plugin", "list")}

    assert told["audit"]["enabled"] is True
    assert told["audit"]["distribution"] == "oauthstore-core"
    assert "ENABLED" in run("plugin", "list").stdout


def test_without_settings_no_plugin_is_enabled(run: Run, folder: Path) -> None:
    assert " yes" not in run("plugin", "list").stdout
