"""What must not go astray: entries of indexes, ends, names."""

from __future__ import annotations

from dataclasses import replace

from oauthstore_core.records import RotationOutcome
from oauthstore_core.testing.samples import (
    access_token,
    account,
    client,
    fresh,
    grant,
    refresh_token,
)
from oauthstore_redis import RedisBackend

from .servers import Server

NOW = 1_700_000_000
DAY = 86_400


def test_a_sweep_leaves_a_grant_alone_that_is_of_another_client_or_subject(
    store: RedisBackend,
) -> None:
    given, token = grant(NOW), access_token(NOW)
    store.tokens.save_token(given, [token])
    stray = replace(given, client_id="stray", subject="stray")
    store.tokens.save_token(stray, [access_token(NOW)])

    for names in (("stray", None), (None, "stray"), ("stray", "stray")):
        assert store.tokens.revoke_all(*names, NOW, NOW + DAY) == 0
    found = store.tokens.query_token(token.digest)
    assert found is not None
    assert found.grant == given
    assert store.tokens.revoke_all(given.client_id, given.subject, NOW, NOW + DAY) == 1


def test_an_entry_of_an_index_never_ends_before_its_grant(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    given = grant(NOW, keep_until=NOW + DAY, subject=None)
    for end in (NOW + DAY, NOW + 60):
        store.tokens.save_token(replace(given, keep_until=end), [])

    (index,) = (key for key in valkey.keys(prefix) if b":client-grants:" in key)
    assert valkey.client.zscore(index, given.grant_id) == NOW + DAY


def test_a_fence_is_kept_until_the_latest_of_its_ends(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    for end in (NOW + DAY, NOW + 60):
        store.tokens.revoke_all("client", None, NOW, end)

    (fence,) = (key for key in valkey.keys(prefix) if b":client-fence:" in key)
    assert DAY < valkey.client.ttl(fence) <= DAY + 600


def test_a_grant_that_has_a_family_may_name_one_that_is_taken(store: RedisBackend) -> None:
    one, two = grant(NOW, family=fresh()), grant(NOW, family=fresh())
    token = access_token(NOW)
    for each in (one, two):
        store.tokens.save_token(each, [refresh_token(NOW)])
    before = store.tokens.query_refresh_token(str(two.family))
    store.tokens.save_token(replace(one, family=two.family), [token])

    found = store.tokens.query_token(token.digest)
    assert found is not None
    assert found.grant == one
    assert store.tokens.query_refresh_token(str(two.family)) == before


def test_a_sweep_gives_no_end_to_what_reuse_has_revoked_and_a_revocation_does(
    store: RedisBackend,
) -> None:
    given = grant(NOW, keep_until=None, family=fresh())
    store.tokens.save_token(given, [refresh_token(NOW)])
    reuse = (str(given.family), fresh(), given.client_id, [refresh_token(NOW)], None, NOW, 0)
    assert store.tokens.rotate_refresh_token(*reuse).outcome is RotationOutcome.REUSED

    assert store.tokens.revoke_all(given.client_id, None, NOW, NOW + DAY) == 0
    assert _end(store, given.family) is None
    store.tokens.revoke_grant(given.grant_id, NOW, NOW + DAY)
    assert _end(store, given.family) == NOW + DAY


def test_a_client_is_listed_once_and_by_its_owner_alone(store: RedisBackend) -> None:
    saved = store.clients.save_client(client(owner="old"))
    moved = store.clients.save_client(replace(saved, owner="new"))

    assert list(store.clients.list_clients("old", None, 5).items) == []
    assert list(store.clients.list_clients("new", None, 5).items) == [moved]
    assert list(store.clients.list_clients(None, None, 5).items) == [moved]


def test_the_name_of_a_deleted_account_is_free(store: RedisBackend) -> None:
    saved = store.accounts.save_account(account())
    assert store.accounts.delete_account(saved.subject)

    another = store.accounts.save_account(account(name=saved.name))
    assert store.accounts.query_account(saved.name) == another


def _end(store: RedisBackend, family: str | None) -> int | None:
    found = store.tokens.query_refresh_token(str(family))
    assert found is not None
    return found.grant.keep_until
