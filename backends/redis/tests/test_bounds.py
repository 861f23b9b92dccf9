"""Nothing grows for ever, and nothing goes before its end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from redis.crc import key_slot

from oauthstore_core.errors import GrantRevokedError
from oauthstore_core.records import ClaimOutcome, RotationOutcome
from oauthstore_core.testing.samples import (
    HOSTILE,
    NUL,
    access_token,
    account,
    client,
    credential,
    fresh,
    grant,
    oauth1_token,
    pending,
    refresh_token,
)
from oauthstore_redis import RedisBackend
from oauthstore_redis.keys import SHARDS, Keys

from .servers import Server

NOW = 1_700_000_000
DAY = 86_400


@pytest.fixture
def hasty(store: RedisBackend, valkey: Server, prefix: str) -> Iterator[RedisBackend]:
    """Yield a handle whose server forgets what has ended at once."""
    backend = RedisBackend(valkey.url, {"prefix": prefix, "slack": 0})
    yield backend
    backend.close()


def remaining(valkey: Server, prefix: str) -> dict[str, float]:
    """Return for how many seconds the server keeps each key, -1 for ever."""
    return {
        key.decode().removeprefix(f"{prefix}:"): valkey.client.pttl(key) / 1000
        for key in valkey.keys(prefix)
    }


def wait_until_gone(valkey: Server, prefix: str) -> list[bytes]:
    """Return the keys that are left, once they are no more than the schema or time is up."""
    give_up = time.monotonic() + 20
    while len(left := valkey.keys(prefix)) > 1 and time.monotonic() < give_up:
        time.sleep(0.1)
    return left


def save_one_of_each(store: RedisBackend, now: int, end: int) -> None:
    given = grant(now, family=fresh(), keep_until=end)
    first = refresh_token(now, expires_at=end)
    store.tokens.save_token(given, [access_token(now, expires_at=end), first])
    brought = [access_token(now, expires_at=end), refresh_token(now, generation=1)]
    names = (str(given.family), first.digest, given.client_id)
    store.tokens.rotate_refresh_token(*names, brought, b"sealed", now, 0)
    store.tokens.save_token(grant(now, keep_until=end, subject=None), [oauth1_token(now)])
    endless = grant(now, keep_until=None, family=fresh())
    tokens = [oauth1_token(now), refresh_token(now, expires_at=None)]
    store.tokens.save_token(endless, tokens)
    store.tokens.revoke_grant(endless.grant_id, now, end)
    swept = grant(now, keep_until=None)
    store.tokens.save_token(swept, [oauth1_token(now)])
    store.tokens.revoke_all(swept.client_id, swept.subject, now, end)
    store.tokens.revoke_grant(fresh(), now, end)
    for code in (credential(now, keep_until=end), pending(now, keep_until=end)):
        store.credentials.save_credential(code, now)
        store.credentials.claim_credential(code.kind, code.digest, code.client_id, now)
    store.nonces.claim_nonce(fresh(), end, now)
    store.accounts.count_attempt(fresh(), end - now, now)


def test_what_has_ended_leaves_no_key(hasty: RedisBackend, valkey: Server, prefix: str) -> None:
    save_one_of_each(hasty, NOW, NOW + 2)
    before = remaining(valkey, prefix)
    assert len(before) > 20

    assert wait_until_gone(valkey, prefix) == [f"{prefix}:schema".encode()]


def test_every_key_lasts_as_long_as_it_may_be_asked_for(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    save_one_of_each(store, NOW, NOW + DAY)

    kept = remaining(valkey, prefix)
    assert kept.pop("schema") < 0
    short = {key: seconds for key, seconds in kept.items() if not DAY < seconds <= DAY + 600}
    assert short == {}


def test_what_has_no_end_is_kept_for_ever(store: RedisBackend, valkey: Server, prefix: str) -> None:
    endless = grant(NOW, keep_until=None, family=fresh())
    ended = grant(NOW, keep_until=NOW + 9, client_id=endless.client_id, subject=endless.subject)
    tokens = [oauth1_token(NOW), refresh_token(NOW, expires_at=None)]
    store.tokens.save_token(endless, tokens)
    store.tokens.save_token(ended, [])
    store.clients.save_client(client(expires_at=NOW + 9))
    store.accounts.save_account(account())

    kept = [key for key, seconds in remaining(valkey, prefix).items() if seconds < 0]
    kinds = sorted(key.partition(":")[0] for key in kept)
    assert kinds == [
        *("account", "account-index", "account-names"),
        *("client", "client-ends", "client-grants", "client-index"),
        *("family", "grant", "grant-ends", "schema", "subject-grants", "token"),
    ]


def test_a_use_of_an_expired_record_does_not_bring_it_back(
    hasty: RedisBackend, valkey: Server, prefix: str
) -> None:
    given, code = (
        grant(NOW, keep_until=NOW + 1, family=fresh()),
        credential(NOW, keep_until=NOW + 1),
    )
    token, first = access_token(NOW), refresh_token(NOW)
    hasty.tokens.save_token(given, [token, first])
    hasty.credentials.save_credential(code, NOW)
    wait_until_gone(valkey, prefix)

    hasty.tokens.revoke_token(given.grant_id, token.digest, NOW)
    asked = (code.kind, code.digest, code.client_id, NOW)
    assert hasty.credentials.claim_credential(*asked).outcome is ClaimOutcome.MISSING
    assert hasty.credentials.query_credential(code.kind, code.digest) is None
    rotation = hasty.tokens.rotate_refresh_token(
        str(given.family), first.digest, given.client_id, [refresh_token(NOW)], None, NOW, 0
    )
    assert rotation.outcome is RotationOutcome.MISSING
    assert valkey.keys(prefix) == [f"{prefix}:schema".encode()]


def test_an_index_grows_with_what_lives(store: RedisBackend, valkey: Server, prefix: str) -> None:
    names = grant(NOW)
    codes = "authorization_code"
    for turn in range(400):
        now = NOW + 30 * turn
        given = grant(now, client_id=names.client_id, keep_until=now + 60)
        store.tokens.save_token(given, [])
        store.credentials.save_credential(credential(now, kind=codes, keep_until=now + 60), now)

    sizes = {key: valkey.client.zcard(key) for key in valkey.keys(prefix) if b"-grants" in key}
    # Those of the last 660 seconds, 30 seconds apart.
    assert max(sizes.values()) == 22
    ends = [valkey.client.zcard(key) for key in valkey.keys(prefix) if b"-ends" in key]
    assert sum(ends) < 400


def test_a_refused_save_leaves_nothing_that_leads_anywhere(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    given = grant(NOW, family=fresh())
    store.tokens.revoke_all(given.client_id, None, NOW, NOW + DAY)
    for _ in range(5):
        with pytest.raises(GrantRevokedError):
            store.tokens.save_token(given, [access_token(NOW), refresh_token(NOW)])

    kinds = {key.partition(":")[0] for key in remaining(valkey, prefix)}
    assert kinds == {"schema", "client-fence", "client-grants", "subject-grants"}


def test_a_family_stays_as_small_as_it_was(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    given, presented = grant(NOW, family=fresh()), refresh_token(NOW)
    store.tokens.save_token(given, [presented])
    sizes = []
    for generation in range(1, 101):
        brought = [access_token(NOW + generation), refresh_token(NOW, generation=generation)]
        names = (str(given.family), presented.digest, given.client_id)
        store.tokens.rotate_refresh_token(*names, brought, b"sealed", NOW + generation, 0)
        presented = brought[1]
        (key,) = (key for key in valkey.keys(prefix) if key.startswith(f"{prefix}:grant:".encode()))
        sizes.append(valkey.client.hlen(key))

    assert sizes[40:] == [max(sizes)] * 60


def test_purges_remove_what_the_server_would_remove_later(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    for _ in range(30):
        save_one_of_each(store, NOW, NOW + 60)
    for purge in (store.tokens.purge_tokens, store.credentials.purge_credentials):
        while purge(NOW + 60, 7).more:
            pass

    kinds = {key.partition(":")[0] for key in remaining(valkey, prefix)}
    # What is left leads nowhere, and goes with the end that it has.
    assert kinds.isdisjoint({"grant", "grant-ends", "credential", "credential-ends", "token"})
    assert all(s > 0 for key, s in remaining(valkey, prefix).items() if key != "schema")


def test_a_sweep_marks_nothing_of_what_has_ended_and_gone(
    store: RedisBackend, valkey: Server, prefix: str
) -> None:
    given = grant(NOW, keep_until=NOW + 60)
    store.tokens.save_token(given, [])
    assert store.tokens.purge_tokens(NOW + 60, 9).count == 1

    assert store.tokens.revoke_all(given.client_id, None, NOW + 60, NOW + DAY) == 0
    kinds = {key.partition(":")[0] for key in remaining(valkey, prefix)}
    assert kinds.isdisjoint({"grant", "grant-ends"})


def test_records_are_spread_over_the_slots_and_every_script_stays_in_one() -> None:
    keys = Keys("oauthstore")
    slots = set()
    for text in (*HOSTILE, NUL, "", *(fresh() for _ in range(1000))):
        for pair in (keys.record("grant", text), keys.record("credential", text)):
            assert len({key_slot(key.encode()) for key in pair}) == 1
        slots.add(key_slot(keys.record("grant", text)[0].encode()))
        for other in ("client", "{", "}{", NUL):
            of_both = [*keys.range("subject", text), *keys.range("subject", text, fence=other)]
            assert len({key_slot(key.encode()) for key in of_both}) == 1
    assert len(slots) == SHARDS
    for kind in ("client", "account"):
        assert len({key_slot(key.encode()) for key in keys.register(kind)}) == 1


def test_ids_that_differ_in_anything_have_keys_of_their_own() -> None:
    keys = Keys("p")
    texts = [*HOSTILE, NUL, "", "a", "A", "a ", "a:b", "a", "\ud800"]

    assert len({keys.record("grant", text) for text in texts}) == len(set(texts))
    fences = {keys.range("subject", text, fence=other)[1] for text in texts for other in texts}
    assert len(fences) == len(set(texts)) ** 2


@pytest.mark.slow
def test_of_10000_grants_that_ended_no_key_is_left(
    hasty: RedisBackend, valkey: Server, prefix: str
) -> None:
    names = [grant(NOW) for _ in range(50)]
    started = time.monotonic()
    for turn in range(10_000):
        of = names[turn % 50]
        end = NOW + 2
        given = grant(NOW, client_id=of.client_id, subject=of.subject, keep_until=end)
        hasty.tokens.save_token(given, [access_token(NOW, expires_at=end)])
    print(f"10,000 saves in {time.monotonic() - started:.1f} s")  # noqa: T201 - a figure

    assert wait_until_gone(valkey, prefix) == [f"{prefix}:schema".encode()]
