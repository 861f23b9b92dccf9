"""How often each flow calls its store: section 6 of the storage contract, and on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oauthstore_core.backends import Backend
from oauthstore_core.memory import MemoryBackend

from ..oauth2.watched import Counter, WatchedBackend
from .signer import Signer
from .world import NOW, RESOURCE, TOKEN, World, authorization


@pytest.fixture
def watched(backend: Backend) -> WatchedBackend:
    return WatchedBackend(backend)


def count(watched: WatchedBackend, act: Callable[[], Any]) -> list[str]:
    with Counter(watched) as counter:
        act()
    return counter.verbs


def test_initiating_is_one_read_and_two_writes(watched: WatchedBackend) -> None:
    world = World(watched)
    signer = world.register()

    verbs = count(watched, lambda: world.initiate(signer))

    assert verbs == ["query_client", "claim_nonce", "save_credential"]


@pytest.mark.parametrize("allowed", [True, False])
def test_deciding_is_one_read_and_one_write(watched: WatchedBackend, *, allowed: bool) -> None:
    world = World(watched)
    temporary = world.begin(world.register())

    verbs = count(watched, lambda: world.authorize(temporary, *([] if allowed else [None])))

    assert verbs == ["query_credential", "decide_credential"]


def test_exchanging_is_two_reads_and_two_writes(watched: WatchedBackend) -> None:
    world = World(watched)
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)

    verbs = count(watched, lambda: world.exchange(temporary, verifier))

    assert verbs == ["query_client", "query_credential", "claim_nonce", "redeem_credential"]


def test_where_tokens_lie_elsewhere_it_is_three_writes() -> None:
    main, cache = WatchedBackend(MemoryBackend()), WatchedBackend(MemoryBackend())
    world = composed(main, cache)
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)

    in_main = count(main, lambda: None)
    with Counter(main) as counter:
        in_cache = count(cache, lambda: world.exchange(temporary, verifier))

    assert in_main == []
    assert in_cache == ["query_credential", "claim_nonce", "claim_credential"]
    assert counter.verbs == ["query_client", "save_token"]


def composed(main: Backend, cache: Backend) -> World:
    """Return a world with temporary credentials and nonces in one store, all else in another."""
    roles = {"clients": "main", "tokens": "main", "credentials": "cache", "nonces": "cache"}
    stores = {"main": {"url": "memory://"}, "cache": {"url": "memory://"}}
    return World({"main": main, "cache": cache}, settings={"stores": stores, "roles": roles})


def test_a_protected_resource_is_two_reads_and_one_write(watched: WatchedBackend) -> None:
    world = World(watched)
    token = world.issue(world.register())
    asked = token.sign("GET", RESOURCE, NOW)

    assert count(watched, lambda: world.validate(asked)) == [
        "query_client",
        "query_token",
        "claim_nonce",
    ]


def test_row_46_before_the_signature_is_verified_nothing_is_written(
    watched: WatchedBackend,
) -> None:
    world = World(watched)
    signer = world.register()
    temporary, token = world.begin(signer), world.issue(signer)

    def forge() -> None:
        for each in (signer, temporary, token, Signer("nobody")):
            forger = Signer(each.client_id, "guessed", each.token)
            world.initiate(forger)
            world.exchange(forger, "guessed")
            world.refusal(forger.sign("GET", RESOURCE, NOW))

    verbs = count(watched, forge)

    assert set(verbs) == {"query_client", "query_credential", "query_token"}


# --- statements of SQLite ---


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Any]:
    """Yield a store that notes the statements that SQLite executes."""
    pytest.importorskip("oauthstore_sqla")
    from sqlalchemy import event  # noqa: PLC0415 - the same

    from oauthstore_sqla import SqlaBackend  # noqa: PLC0415 - only where it is installed

    opened = SqlaBackend(f"sqlite:///{tmp_path}/oauth.db", {"synchronous": "NORMAL"})
    seen: list[str] = []
    event.listen(
        opened._store._engine,
        "connect",
        lambda connection, _: connection.set_trace_callback(seen.append),
    )
    opened.migrate()
    yield opened, seen
    opened.close()


def test_a_signed_resource_request_is_three_statements(traced: Any) -> None:  # noqa: ANN401
    backend, seen = traced
    world = World(backend)
    token = world.issue(world.register())
    world.validate(token.sign("GET", RESOURCE, NOW))
    asked = token.sign("GET", RESOURCE, NOW)

    seen.clear()
    world.validate(asked)

    assert [statement.split(None, 1)[0] for statement in seen] == ["SELECT", "SELECT", "INSERT"]


def test_the_whole_dance_is_counted(traced: Any) -> None:  # noqa: ANN401
    backend, seen = traced
    world = World(backend)
    signer = world.register()
    world.issue(signer)

    costs = []

    def cost(act: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it returns
        seen.clear()
        found = act()
        costs.append(len([each for each in seen if each.split()[0] in {"SELECT", "INSERT"}]))
        return found

    temporary = cost(lambda: world.begin(signer))
    cost(lambda: world.server.check_authorization_request(authorization(temporary, "GET")))
    verifier = cost(lambda: world.verifier(temporary))
    asked = temporary.sign("POST", TOKEN, NOW, oauth_verifier=verifier)
    cost(lambda: world.send(asked))

    assert costs[:2] == [3, 2]
    assert costs[2] <= 2
    assert costs[3] <= 8
