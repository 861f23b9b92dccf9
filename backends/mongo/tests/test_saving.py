"""Two saves of one grant that has only been announced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from oauthstore_core.errors import GrantRevokedError, StoreError
from oauthstore_core.records import Grant, Token
from oauthstore_core.testing.peers import PATIENCE, attempt
from oauthstore_core.testing.samples import DAY, access_token, grant
from oauthstore_core.testing.schedules import Gate
from oauthstore_mongo import MongoBackend

pytestmark = pytest.mark.servers

NOW = 1_700_000_000


@contextmanager
def announced(url: str, given: Grant, token: Token) -> Iterator[list[object]]:
    """Save through a handle that is held behind the announcement; its answer comes at the end."""
    gate = Gate()
    answers: list[object] = []
    with closing(MongoBackend(url, {"on_io": gate})) as store:
        store.ping()
        store.clients.query_client("")
        gate.hold_before(2)
        held = threading.Thread(
            target=lambda: answers.append(attempt(lambda: store.tokens.save_token(given, [token])))
        )
        held.start()
        while gate.steps < 3:  # before and after the first flight, before the second
            held.join(0.001)
        yield answers
        gate.open()
        held.join(PATIENCE)


def test_what_is_added_to_an_announcement_looks_at_the_fences_itself(
    url: str, store: MongoBackend
) -> None:
    given, tokens = grant(NOW), [access_token(NOW) for _ in range(2)]
    store.tokens.revoke_all(given.client_id, None, NOW, NOW + DAY)
    with announced(url, given, tokens[0]) as answers, pytest.raises(GrantRevokedError):
        store.tokens.save_token(given, [tokens[1]])

    assert [type(answer) for answer in answers] == [GrantRevokedError]
    assert [store.tokens.query_token(token.digest) for token in tokens] == [None, None]
    assert list(store.tokens.list_grants(given.client_id, None, None, 5).items) == []


def test_what_is_added_to_an_announcement_stays_whatever_becomes_of_the_other(
    url: str, store: MongoBackend
) -> None:
    given, new, taken = grant(NOW), access_token(NOW), access_token(NOW)
    store.tokens.save_token(grant(NOW), [taken])
    with announced(url, given, taken) as answers:
        store.tokens.save_token(given, [new])

    assert [isinstance(answer, StoreError) for answer in answers] == [True]
    found = store.tokens.query_token(new.digest)
    assert found is not None
    assert (found.grant, found.token) == (given, new)


def test_a_grant_that_is_revoked_behind_its_announcement_lets_nothing_in(
    url: str, store: MongoBackend
) -> None:
    given, token = grant(NOW), access_token(NOW)
    with announced(url, given, token) as answers:
        assert store.tokens.revoke_all(None, given.subject, NOW, NOW + DAY) == 1

    assert [type(answer) for answer in answers] == [GrantRevokedError]
    assert store.tokens.query_token(token.digest) is None
