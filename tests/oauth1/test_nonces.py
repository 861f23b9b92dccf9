"""Timestamp and nonce (RFC 5849 section 3.3): both ways, after the signature, once."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from oauthstore_core.backends import Backend
from oauthstore_core.memory import MemoryBackend

from .signer import Signer, place
from .world import NOW, RESOURCE, TOKEN, World

WINDOW = 300
#: As many as a careless store would keep for somebody who knows a client id, and nothing else.
FORGED = int(os.environ.get("OAUTHSTORE_TEST_FORGED", "10000"))


@pytest.mark.parametrize(
    ("ahead", "outcome"),
    [
        (-WINDOW, None),
        (-WINDOW - 1, (400, "invalid_request")),
        (WINDOW, None),
        (WINDOW + 1, (400, "invalid_request")),
        (30 * 24 * 3600, (400, "invalid_request")),
    ],
)
def test_a_timestamp_is_about_now_or_refused(
    world: World, ahead: int, outcome: tuple[int, str] | None
) -> None:
    token = world.issue(world.register())

    assert world.refusal(token.sign("GET", RESOURCE, NOW + ahead)) == outcome


@pytest.mark.parametrize(
    "timestamp",
    ["", "x", "-1", "+1800000000", " 1800000000", "1_800_000_000", "1.8e9", "٣", "9" * 99],
)
def test_a_timestamp_is_digits(world: World, timestamp: str) -> None:
    token = world.issue(world.register())

    refused = world.refusal(token.sign("GET", RESOURCE, NOW, oauth_timestamp=timestamp))

    assert refused is not None
    assert refused[0] == 400


@pytest.mark.parametrize("missing", ["oauth_timestamp", "oauth_nonce", "oauth_signature_method"])
def test_what_is_missing_is_named(world: World, missing: str) -> None:
    answer = world.initiate(world.register(), **{missing: None})

    assert answer.outcome == (400, "missing_required_parameter")
    assert missing in answer.form["error_description"]


@pytest.mark.parametrize("version", ["1.0", "1.0A", None])
def test_the_version_is_one_or_left_out(world: World, version: str | None) -> None:
    assert world.initiate(world.register(), oauth_version=version).status == 200


@pytest.mark.parametrize("version", ["2.0", "1", ""])
def test_another_version_is_refused(world: World, version: str) -> None:
    answer = world.initiate(world.register(), oauth_version=version)

    assert answer.outcome == (400, "invalid_request")


def test_a_request_counts_once(world: World) -> None:
    token = world.issue(world.register())
    asked = token.sign("GET", RESOURCE, NOW)

    assert world.refusal(asked) is None
    assert world.refusal(asked) == (401, "invalid_nonce")


def test_a_nonce_is_remembered_for_as_long_as_its_timestamp_is_accepted(world: World) -> None:
    token = world.issue(world.register())
    asked = token.sign("GET", RESOURCE, NOW + WINDOW)
    assert world.refusal(asked) is None

    for _ in range(2):
        world.clock.advance(WINDOW)
        world.stores.nonces.purge_nonces(world.clock.now(), 100)
        assert world.refusal(asked) == (401, "invalid_nonce")
    world.clock.advance(1)

    assert world.refusal(asked) == (400, "invalid_request")


def test_a_forged_request_uses_up_nobody_s_nonce(world: World) -> None:
    token = world.issue(world.register())
    forged = replace(token, token_secret="guessed")

    assert world.refusal(forged.sign("GET", RESOURCE, NOW, oauth_nonce="n")) is not None
    assert world.refusal(token.sign("GET", RESOURCE, NOW, oauth_nonce="n")) is None


@pytest.mark.parametrize(
    "requests",
    [
        # Joined by dashes as Authlib's helper has it, nonce first, both are the same.
        [("a", NOW - 1, f"n-{NOW}"), (f"{NOW - 1}-a", NOW, "n")],
        # And so with the client first.
        [("a", NOW - 1, f"-{NOW}-n"), (f"a--{NOW - 1}", NOW, "n")],
    ],
)
def test_nonces_of_different_clients_and_times_do_not_meet(
    world: World, requests: list[tuple[str, int, str]]
) -> None:
    for client_id, timestamp, nonce in requests:
        signer = world.register(client_id=client_id, client_secret="s")
        answer = world.initiate(signer, oauth_nonce=nonce, oauth_timestamp=str(timestamp))

        assert answer.status == 200


def test_the_same_nonce_with_another_token_is_another_one(world: World) -> None:
    signer = world.register()
    tokens = [world.issue(signer) for _ in range(2)]

    assert [world.refusal(t.sign("GET", RESOURCE, NOW, oauth_nonce="n")) for t in tokens] == [
        None,
        None,
    ]


def test_plaintext_may_do_without_both(world: World) -> None:
    token = world.issue(world.register(method="PLAINTEXT"))
    without = {"oauth_timestamp": None, "oauth_nonce": None}

    for _ in range(2):
        assert world.refusal(token.sign("GET", RESOURCE, NOW, **without)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("left_out", ["oauth_timestamp", "oauth_nonce"])
def test_plaintext_may_not_do_without_one(world: World, left_out: str) -> None:
    answer = world.initiate(world.register(method="PLAINTEXT"), **{left_out: None})

    assert answer.outcome == (400, "missing_required_parameter")


def test_a_server_with_another_window_keeps_to_it() -> None:
    world = World(settings={"oauth1": {"timestamp_window": 10}})
    signer = world.register()

    assert world.initiate(signer, oauth_timestamp=str(NOW - 10)).status == 200
    assert world.initiate(signer, oauth_timestamp=str(NOW + 11)).status == 400


# --- nothing that is not signed leaves a trace ---


def forged_requests(world: World, signer: Signer) -> list[tuple[str, int]]:
    """Send forged requests of each kind; return how they were answered."""
    temporary = world.begin(signer)
    verifier = world.verifier(temporary)
    token = world.issue(signer)
    forgers = [replace(each, client_secret="guessed") for each in (signer, temporary, token)]
    found = set()
    for number in range(FORGED // 4):
        nonce = f"forged-{number}"
        found.add(world.initiate(forgers[0], oauth_nonce=nonce).outcome)
        found.add(world.exchange(forgers[1], verifier, oauth_nonce=nonce).outcome)
        found.add(world.refusal(forgers[2].sign("GET", RESOURCE, NOW, oauth_nonce=nonce)))
        found.add(world.send(place("header", "POST", TOKEN, unsigned(temporary))).outcome)
    # What was to be burnt works.
    assert world.exchange(temporary, verifier).status == 200
    assert world.is_alive(token)
    return sorted(found, key=str)  # type: ignore[arg-type,type-var,return-value]


def unsigned(temporary: Signer) -> list[tuple[str, str]]:
    return [("oauth_token", temporary.token or ""), ("oauth_verifier", "guessed")]


@pytest.mark.slow
def test_10_000_forged_requests_leave_no_row_in_memory() -> None:
    backend = MemoryBackend()
    world = World(backend)
    signer = world.register()

    outcomes = forged_requests(world, signer)

    assert outcomes == [(400, "missing_required_parameter"), (401, "invalid_signature")]
    # One nonce for each request that was signed: two of initiate, two of exchange, one resource.
    assert len(backend.nonces._expiry) == 5


def test_forged_requests_leave_no_row_in_sqlite(
    sqlite_backend: Backend, sqlite_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.FORGED", min(FORGED, 1000))
    world = World(sqlite_backend)
    signer = world.register()
    before = rows(sqlite_file)

    forged_requests(world, signer)

    added = {name: count - before[name] for name, count in rows(sqlite_file).items()}
    kept = {name.removeprefix("oauthstore_"): count for name, count in added.items() if count}
    assert kept.pop("nonces") == 5
    assert kept.pop("credentials") == 2
    assert kept.pop("grants") == 2
    assert set(kept) <= {"tokens"}


def rows(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - ours
            for (name,) in names.fetchall()
        }
