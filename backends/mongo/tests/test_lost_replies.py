"""Replies that are lost on the way, after the server did what it was told.

On a standalone server the driver does not try again: the outcome is unknown, and told so. On a
replica set it delivers the write once more. A real member knows it again, and does not execute it
twice; the store does not rely on that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.records import RotationOutcome
from oauthstore_core.testing import writes
from oauthstore_core.testing.flows import Family
from oauthstore_core.testing.kit import Handle, Kit
from oauthstore_core.testing.peers import attempt
from oauthstore_core.testing.samples import access_token, credential, refresh_token
from oauthstore_core.testing.scenarios import (
    Builder,
    assert_repeatable,
    assert_revocable,
    assert_whole,
)
from oauthstore_core.testing.suite import StoreAddress
from oauthstore_core.testing.token_writes import REVOCATIONS, TOKENS
from oauthstore_mongo import MongoBackend, plugin

from .proxy import Proxy
from .server import url_of

pytestmark = pytest.mark.servers

ALL = (
    *writes.CLIENTS,
    *writes.ACCOUNTS,
    *writes.NONCES,
    *writes.CREDENTIALS,
    *TOKENS,
    *REVOCATIONS,
)
#: What the server executes twice if it does not know a repeated write, and cannot be told apart
#: from somebody else's deed: the answer tells what the second delivery found. It is dead then,
#: gone or counted, and never more than that.
_TWICE = {
    "_delete_client",
    "_delete_account",
    "_count_attempt",
    "_reuse",
}
#: What changes many documents at once: such a write no driver sends again.
_IN_BULK = {"_purge_clients", "_purge_credentials", "_purge_tokens", "_revoke_all"}
MARKED = [builder for builder in ALL if builder.__name__ not in _TWICE]


@pytest.fixture
def kit(url: str) -> Iterator[Kit]:
    with closing(Kit(StoreAddress(plugin, url))) as opened:
        yield opened


@pytest.fixture(params=["standalone", "replica set"])
def proxy(request: pytest.FixtureRequest, url: str) -> Iterator[Proxy]:
    port = urlsplit(url).port or 27017
    with closing(Proxy(port, replica_set=request.param == "replica set")) as between:
        yield between


@pytest.fixture
def handle(kit: Kit, proxy: Proxy, url: str) -> Iterator[Handle]:
    with closing(_through(proxy, url)) as store:
        yield Handle(store, plugin.roles)


@pytest.mark.parametrize("build", ALL, ids=lambda build: build.__name__)
def test_a_lost_reply_is_recognized_or_told(
    build: Builder, kit: Kit, handle: Handle, proxy: Proxy
) -> None:
    if proxy.replica_set and build not in MARKED:
        pytest.skip("what no mark can tell: see _TWICE")
    for count in range(1, 9):
        scenario = build(kit)
        proxy.swallow(count)
        answer = attempt(lambda: scenario.call(handle))  # noqa: B023 - called at once
        swallowed, _ = proxy.swallowed, proxy.swallow(0)
        where = f"after the reply to flight {count} of {scenario} was lost"
        assert_whole(kit.handle(1), scenario, answer, where)
        assert_repeatable(kit.first, scenario, answer, where)
        assert_revocable(kit.first, scenario, kit.now, where)
        if not swallowed:
            return
    raise AssertionError("a verb made more flights than were to be expected")


@pytest.mark.parametrize(
    "build",
    [b for b in MARKED if b.__name__ not in _IN_BULK],
    ids=lambda build: build.__name__,
)
def test_what_a_replica_set_is_sent_twice_is_answered_once(
    build: Builder, kit: Kit, url: str
) -> None:
    port = urlsplit(url).port or 27017
    with closing(Proxy(port, replica_set=True)) as proxy, closing(_through(proxy, url)) as store:
        for count in range(1, 9):
            scenario = build(kit)
            proxy.swallow(count)
            proxy.commands.clear()
            answer = scenario.call(Handle(store, plugin.roles))
            commands = list(proxy.commands)
            assert scenario.right(answer)
            if not proxy.swallowed:
                return
            assert commands[count - 1] == commands[count], "it was not sent again"


def test_a_rotation_whose_reply_was_lost_revokes_nothing(kit: Kit, url: str) -> None:
    port = urlsplit(url).port or 27017
    with closing(Proxy(port, replica_set=True)) as proxy, closing(_through(proxy, url)) as store:
        family = Family(kit)
        successors = [access_token(kit.now), refresh_token(kit.now, generation=1)]
        proxy.swallow(1)
        rotation = store.tokens.rotate_refresh_token(
            family.digest, family.first.digest, family.grant.client_id, successors, b"", kit.now, 0
        )

    assert proxy.swallowed == 1
    assert rotation.outcome is RotationOutcome.WON
    assert rotation.token == family.first
    assert family.revoked_at() is None
    assert family.stored()[0] == successors[1]


def test_a_standalone_servers_lost_reply_is_unavailable_not_used(kit: Kit, url: str) -> None:
    code = credential(kit.now)
    kit.first.credentials.save_credential(code, kit.now)
    port = urlsplit(url).port or 27017
    with closing(Proxy(port)) as proxy, closing(_through(proxy, url)) as store:
        proxy.swallow(1)
        with pytest.raises(StoreUnavailableError):
            store.credentials.claim_credential(code.kind, code.digest, code.client_id, kit.now)

        assert list(proxy.commands)[-1] == "findAndModify"


def _through(proxy: Proxy, url: str) -> MongoBackend:
    """Return a store that is opened through the proxy, with its schema known."""
    store = MongoBackend(url_of(f"mongodb://{proxy.address}/", urlsplit(url).path[1:]))
    store.clients.query_client("")
    return store
