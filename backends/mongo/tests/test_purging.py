"""A purge that others overtake between its look and its removal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from oauthstore_core.records import Purged
from oauthstore_core.testing.peers import PATIENCE
from oauthstore_core.testing.samples import access_token, fresh, grant
from oauthstore_core.testing.schedules import Gate
from oauthstore_mongo import MongoBackend

pytestmark = pytest.mark.servers

NOW = 1_700_000_000


@contextmanager
def held(
    url: str, call: Callable[[MongoBackend], Purged], *, before: int
) -> Iterator[list[Purged]]:
    """Make a call that is held before a flight; its answer comes at the end."""
    gate = Gate()
    answers: list[Purged] = []
    with closing(MongoBackend(url, {"on_io": gate})) as store:
        store.clients.query_client("")
        gate.hold_before(before)
        thread = threading.Thread(target=lambda: answers.append(call(store)))
        thread.start()
        while gate.steps < 2 * before - 1:
            thread.join(0.001)
        yield answers
        gate.open()
        thread.join(PATIENCE)


def test_a_nonce_that_is_used_anew_amid_a_purge_stays(url: str, store: MongoBackend) -> None:
    digest = fresh()
    store.nonces.claim_nonce(digest, NOW, NOW - 9)
    with held(url, lambda backend: backend.nonces.purge_nonces(NOW, 5), before=2) as answers:
        assert store.nonces.claim_nonce(digest, NOW + 9, NOW)

    assert answers == [Purged(0, more=False)]
    assert not store.nonces.claim_nonce(digest, NOW + 9, NOW)


def test_a_token_that_another_purge_removes_is_counted_once(url: str, store: MongoBackend) -> None:
    store.tokens.save_token(grant(NOW), [access_token(NOW) for _ in range(3)])
    later = NOW + 3600
    # After a look for grants and one for tokens.
    with held(url, lambda backend: backend.tokens.purge_tokens(later, 5), before=3) as answers:
        assert store.tokens.purge_tokens(later, 2) == Purged(2, more=True)

    assert answers[0].count + store.tokens.purge_tokens(later, 5).count == 1


def test_a_token_that_is_added_amid_a_purge_stays(url: str, store: MongoBackend) -> None:
    given, later, new = grant(NOW), NOW + 3600, access_token(NOW, expires_at=NOW + 7200)
    store.tokens.save_token(given, [access_token(NOW)])
    with held(url, lambda backend: backend.tokens.purge_tokens(later, 5), before=3) as answers:
        store.tokens.save_token(given, [new])

    assert answers == [Purged(1, more=False)]
    found = store.tokens.query_token(new.digest)
    assert found is not None
    assert found.token == new
