"""Temporary credentials in a cache: as in memory, with one winner, and without a way back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest
from django.core.cache import caches
from django.test.utils import override_settings

from backends.redis.tests.proxy import Proxy
from oauthstore_core.errors import ConflictError, DuplicateError, StoreUnavailableError
from oauthstore_core.integrations.django_cache import CacheNonces, SharedCache
from oauthstore_core.integrations.django_oauth1.cache_credentials import CacheCredentials
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth1.credentials import TEMPORARY_CREDENTIAL
from oauthstore_core.records import ClaimOutcome, Credential, CredentialState, DecisionOutcome
from oauthstore_core.testing.races import race, rounds

from .cache_servers import KINDS, SHARED, configured, open_cache

HISTORIES: Final = 20
NOW: Final = 1_800_000_000
RACERS: Final = 8
KIND: Final = TEMPORARY_CREDENTIAL
APPROVED, DENIED = CredentialState.APPROVED, CredentialState.DENIED


@pytest.fixture(scope="module", params=KINDS)
def each_cache(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Any]]:
    with open_cache(request.param) as cache:
        yield cache


@pytest.fixture
def store(each_cache: Mapping[str, Any]) -> Iterator[CacheCredentials]:
    with configured(each_cache):
        yield CacheCredentials(SharedCache("default"), "oauthstore:")


def _credential(digest: str = "d" * 64, now: int = NOW) -> Credential:
    return Credential(
        digest,
        KIND,
        "c1",
        expires_at=now + 600,
        keep_until=now + 1200,
        grant_id="g",
        payload='{"callback":"oob"}',
    )


def _approve(store: Any, digest: str = "d" * 64, payload: str = "{}", now: int = NOW) -> Any:  # noqa: ANN401 - either store
    return store.decide_credential(KIND, digest, APPROVED, "alice", payload, now)


def test_what_is_saved_is_found_decided_and_used_with_all_that_it_says(
    store: CacheCredentials,
) -> None:
    saved = _credential()
    store.save_credential(saved, NOW)
    assert store.query_credential(KIND, saved.digest) == saved

    decided = _approve(store, payload='{"v":1}', now=NOW + 1).credential
    expected = replace(
        saved, state=APPROVED, subject="alice", payload='{"v":1}', granted_at=NOW + 1
    )
    assert decided == expected == store.query_credential(KIND, saved.digest)

    assert store.claim_credential(KIND, saved.digest, "c1", NOW + 2).credential == expected
    used = store.query_credential(KIND, saved.digest)
    assert used == replace(expected, state=CredentialState.USED)


def test_a_digest_is_saved_once_and_an_alias_nowhere(store: CacheCredentials) -> None:
    store.save_credential(_credential(), NOW)

    with pytest.raises(DuplicateError):
        store.save_credential(_credential(), NOW)
    with pytest.raises(ValueError, match="alias"):
        store.save_credential(replace(_credential("e" * 64), alias="a"), NOW)


def _step(draw: random.Random) -> Callable[[Any, int], object]:
    """Return something that is done to a store at a time."""
    digest, client = draw.choice(["d" * 64, "e" * 64]), draw.choice(["c1", "c2"])
    state, payload = draw.choice([APPROVED, DENIED]), f'{{"n":{draw.randrange(3)}}}'

    def save(store: Any, now: int) -> object:  # noqa: ANN401 - either store
        try:
            store.save_credential(_credential(digest, now), now)
        except DuplicateError:
            return "duplicate"
        return "saved"

    return draw.choice(
        [
            save,
            lambda store, _: store.query_credential(KIND, digest),
            lambda store, now: store.decide_credential(KIND, digest, state, "al", payload, now),
            lambda store, now: store.claim_credential(KIND, digest, client, now),
            lambda store, now: store.claim_credential(KIND, digest, "c1", now),
            lambda store, now: store.poll_credential("device_code", digest, client, now),
            lambda store, _: store.query_credential_by_alias(KIND, digest),
        ]
    )


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_whatever_is_done_it_answers_as_the_memory_does(store: CacheCredentials, seed: int) -> None:
    draw, memory, now = random.Random(seed), MemoryBackend().credentials, NOW  # noqa: S311 - a history
    for _ in range(30):
        now += draw.choice([0, 0, 1, 300, 600])
        step = _step(draw)

        assert step(store, now) == step(memory, now)


# --- one winner ---


def _race(calls: list[Callable[[], Any]]) -> list[Any]:
    def closing_its_own(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the verb answers
        try:
            return call()
        finally:
            caches.close_all()

    return race([partial(closing_its_own, call) for call in calls])


def test_of_many_decisions_at_once_one_wins_and_stays(store: CacheCredentials) -> None:
    for number in range(rounds()):
        digest = f"{number:064}"
        store.save_credential(_credential(digest), NOW)

        answers = _race([partial(_approve, store, digest, f'{{"n":{n}}}') for n in range(RACERS)])

        won = [one.credential for one in answers if one.outcome is DecisionOutcome.WON]
        lost = [one.credential for one in answers if one.outcome is DecisionOutcome.ALREADY_DECIDED]
        assert (len(won), len(lost)) == (1, RACERS - 1)
        assert {*lost, store.query_credential(KIND, digest)} == {won[0]}


def test_of_many_exchanges_at_once_one_wins(store: CacheCredentials) -> None:
    for number in range(rounds()):
        digest = f"{number:064}"
        store.save_credential(_credential(digest), NOW)
        _approve(store, digest)

        claims = _race([partial(store.claim_credential, KIND, digest, "c1", NOW)] * RACERS)

        outcomes = sorted(claim.outcome.value for claim in claims)
        assert outcomes == [*["already_used"] * (RACERS - 1), "won"]


# --- a cache that forgets, or does not answer ---


def _keys() -> list[str]:
    key = f"oauthstore:{KIND}:{'d' * 64}"
    return [key, f"{key}:decided", f"{key}:used"]


@pytest.mark.parametrize("lost", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2), (0, 2)])
def test_what_a_cache_evicts_makes_nothing_good_again(
    store: CacheCredentials, lost: tuple[int, ...]
) -> None:
    store.save_credential(_credential(), NOW)
    _approve(store)
    store.claim_credential(KIND, "d" * 64, "c1", NOW)

    caches["default"].delete_many([_keys()[index] for index in lost])

    assert _approve(store).outcome is not DecisionOutcome.WON
    claim = store.claim_credential(KIND, "d" * 64, "c1", NOW)
    assert claim.outcome in {ClaimOutcome.ALREADY_USED, ClaimOutcome.MISSING}


@pytest.mark.parametrize("lost", [(0,), (1,), (0, 1)])
def test_a_decision_that_a_cache_evicts_is_not_made_again(
    store: CacheCredentials, lost: tuple[int, ...]
) -> None:
    store.save_credential(_credential(), NOW)
    store.decide_credential(KIND, "d" * 64, DENIED, None, "{}", NOW)

    caches["default"].delete_many([_keys()[index] for index in lost])

    assert _approve(store).outcome is not DecisionOutcome.WON


def test_a_mark_that_is_gone_before_it_can_be_read_lets_nobody_win(
    store: CacheCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save_credential(_credential(), NOW)
    _approve(store)
    monkeypatch.setattr(store, "_add", lambda *_: False)

    with pytest.raises(ConflictError):
        store.claim_credential(KIND, "d" * 64, "c1", NOW)


@pytest.fixture
def proxied() -> Iterator[tuple[CacheCredentials, Proxy]]:
    with open_cache("redis") as cache:
        port = int(cache["LOCATION"].rpartition(":")[2])
        with closing(Proxy(port)) as proxy:
            behind = {**cache, "LOCATION": proxy.url, "OPTIONS": {"retry_on_timeout": True}}
            with configured(behind):
                yield CacheCredentials(SharedCache("default"), "oauthstore:"), proxy


def test_who_sends_again_after_a_lost_reply_does_not_lose_to_itself(
    proxied: tuple[CacheCredentials, Proxy],
) -> None:
    store, proxy = proxied
    store.save_credential(_credential(), NOW)
    _approve(store)

    # The first flight reads, the second marks.
    proxy.swallow(2)
    claim = store.claim_credential(KIND, "d" * 64, "c1", NOW)

    assert (proxy.swallowed, claim.outcome) == (1, ClaimOutcome.WON)
    assert store.claim_credential(KIND, "d" * 64, "c1", NOW).outcome is ClaimOutcome.ALREADY_USED


_AWAY: Final = {
    "redis": ("django.core.cache.backends.redis.RedisCache", "redis://127.0.0.1:1"),
    "django-redis": ("django_redis.cache.RedisCache", "redis://127.0.0.1:1"),
    "memcached": ("django.core.cache.backends.memcached.PyMemcacheCache", "127.0.0.1:1"),
}


@pytest.mark.parametrize("verb", ["save", "query", "decide", "claim", "nonce"])
@pytest.mark.parametrize("kind", SHARED)
def test_a_cache_without_an_answer_is_never_not_found(kind: str, verb: str) -> None:
    backend, location = _AWAY[kind]
    away = {"BACKEND": backend, "LOCATION": location}
    cache = SharedCache("default")
    store = CacheCredentials(cache, "oauthstore:")
    ask: dict[str, Callable[[], object]] = {
        "save": lambda: store.save_credential(_credential(), NOW),
        "query": lambda: store.query_credential(KIND, "d" * 64),
        "decide": lambda: _approve(store),
        "claim": lambda: store.claim_credential(KIND, "d" * 64, "c1", NOW),
        "nonce": lambda: CacheNonces(cache).claim_nonce("d" * 64, NOW + 1, NOW),
    }

    with (
        override_settings(CACHES={"default": away}),
        pytest.raises(StoreUnavailableError, match="the cache 'default' of CACHES"),
    ):
        ask[verb]()
