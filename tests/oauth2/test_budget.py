"""How often each flow calls its store: section 6 of the storage contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oauthstore_core.backends import Backend

from .watched import Counter, WatchedBackend
from .world import Party, World, bearer, code_query


@pytest.fixture
def watched(backend: Backend) -> WatchedBackend:
    return WatchedBackend(backend)


def _count(watched: WatchedBackend, act: Callable[[], Any]) -> list[str]:
    with Counter(watched) as counter:
        act()
    return counter.verbs


def test_client_credentials_is_one_read_and_one_write(watched: WatchedBackend) -> None:
    world = World(watched)
    party = world.register()

    verbs = _count(watched, lambda: world.client_credentials(party))

    assert verbs == ["query_client", "save_token"]


def test_authorizing_is_one_read_and_one_write(watched: WatchedBackend) -> None:
    world = World(watched)
    query = code_query(world.register())

    assert _count(watched, lambda: world.ask(query)) == ["query_client", "save_credential"]
    assert _count(watched, lambda: world.ask(query, user=None)) == ["query_client"]


def test_redeeming_a_code_is_two_reads_and_one_redemption(watched: WatchedBackend) -> None:
    world = World(watched)
    party = world.register()
    code = world.code(party)

    verbs = _count(watched, lambda: world.redeem(party, code))

    assert verbs == ["query_client", "query_credential", "redeem_credential"]


def test_refreshing_is_two_reads_and_one_write(watched: WatchedBackend) -> None:
    world = World(watched)
    party = world.register()
    token = world.issue(party)["refresh_token"]

    verbs = _count(watched, lambda: world.refresh(party, token))

    assert verbs == ["query_client", "query_refresh_token", "rotate_refresh_token"]


def test_a_protected_resource_is_one_read(watched: WatchedBackend) -> None:
    world = World(watched)
    token = world.issue(world.register())["access_token"]

    verbs = _count(watched, lambda: world.protector.validate(bearer(token)))

    assert verbs == ["query_token"]


def test_introspecting_is_two_reads(watched: WatchedBackend) -> None:
    world = World(watched)
    party = world.register()
    tokens = world.issue(party)

    for name, verb in (("access_token", "query_token"), ("refresh_token", "query_refresh_token")):
        found = _count(watched, lambda name=name: world.introspect(party, tokens[name]))
        assert found == ["query_client", verb]


def test_revoking_is_two_reads_and_one_write(watched: WatchedBackend) -> None:
    world = World(watched)
    party = world.register()
    tokens = world.issue(party)

    access = _count(watched, lambda: world.revoke(party, tokens["access_token"]))
    refresh = _count(watched, lambda: world.revoke(party, tokens["refresh_token"]))

    assert access == ["query_client", "query_token", "revoke_token"]
    assert refresh == ["query_client", "query_refresh_token", "revoke_grant"]


UNAUTHENTICATED: list[dict[str, str]] = [
    {"grant_type": "client_credentials"},
    {"grant_type": "authorization_code", "code": "x"},
    {"grant_type": "refresh_token", "refresh_token": "rt_" + "f" * 22 + ".s"},
    {"grant_type": "unknown"},
    {},
]


@pytest.mark.parametrize("form", UNAUTHENTICATED)
def test_row_46_before_the_client_is_known_nothing_is_written_and_one_client_read(
    watched: WatchedBackend, form: dict[str, str]
) -> None:
    world = World(watched)
    nobody = Party("nobody", "wrong")

    with Counter(watched) as counter:
        world.post_token({**nobody.form, **form}, nobody.headers)
        world.ask(code_query(nobody))
        world.revoke(nobody, "x")
        world.introspect(nobody, "x")

    assert counter.reads_and_writes[1] == 0
    assert set(counter.verbs) == {"query_client"}
    assert len(counter.verbs) <= 4


def test_row_44_what_has_not_the_shape_of_a_refresh_token_is_not_looked_up(
    watched: WatchedBackend,
) -> None:
    world = World(watched)
    party = world.register()

    assert _count(watched, lambda: world.refresh(party, "x")) == ["query_client"]
    assert _count(watched, lambda: world.is_accepted("rt_" + "f" * 22 + ".s")) == []
