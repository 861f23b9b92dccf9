"""The client cache: fresh enough, bounded, and never behind its own process's writes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from oauthstore_core.client_cache import CachingClientStore
from oauthstore_core.errors import SettingsError
from oauthstore_core.hookspecs import hookimpl
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.records import Client
from oauthstore_core.settings import Settings
from oauthstore_core.stores import ForwardingClientStore, open_stores, read_anew


class Counting(ForwardingClientStore):
    """Counts what reaches the store, and may stop there."""

    def __init__(self) -> None:
        super().__init__(MemoryBackend().clients)
        self.queries = 0
        self.has_read = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        self.queries += 1
        client = self.store.query_client(client_id)
        self.has_read.set()
        assert self.may_answer.wait(5)
        return client


class Hand:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def store() -> Counting:
    counting = Counting()
    for client_id in ("c1", "c2", "c3"):
        counting.save_client(Client(client_id))
    return counting


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def cache(store: Counting, hand: Hand) -> CachingClientStore:
    return CachingClientStore(store, seconds=5, size=2, monotonic=hand)


def test_a_client_is_asked_for_once_within_the_seconds(
    cache: CachingClientStore, store: Counting, hand: Hand
) -> None:
    first = cache.query_client("c1")
    hand.time = 4.9
    again = cache.query_client("c1")

    assert first == again == Client("c1", version=1)
    assert store.queries == 1


def test_after_the_seconds_it_is_asked_for_again(
    cache: CachingClientStore, store: Counting, hand: Hand
) -> None:
    cache.query_client("c1")
    store.delete_client("c1")
    hand.time = 5.0

    assert cache.query_client("c1") is None
    assert store.queries == 2


def test_what_is_not_found_is_not_remembered(cache: CachingClientStore, store: Counting) -> None:
    assert cache.query_client("c9") is None
    store.save_client(Client("c9"))

    assert cache.query_client("c9") is not None


def test_own_writes_are_read_at_once(cache: CachingClientStore) -> None:
    client = cache.query_client("c1")
    assert client is not None
    cache.save_client(replace(client, owner="alice"))
    changed = cache.query_client("c1")
    cache.delete_client("c1")

    assert changed is not None
    assert changed.owner == "alice"
    assert cache.query_client("c1") is None


def test_who_reads_anew_is_told_what_the_store_has_and_so_are_others_from_then_on(
    cache: CachingClientStore, store: Counting
) -> None:
    before = cache.query_client("c1")
    assert before is not None
    store.save_client(replace(before, owner="alice"))
    remembered = cache.query_client("c1")
    with read_anew():
        anew = cache.query_client("c1")

    assert remembered == before
    assert anew == cache.query_client("c1") == Client("c1", owner="alice", version=2)
    assert store.queries == 2


def test_a_purge_forgets_all(cache: CachingClientStore, store: Counting) -> None:
    store.save_client(Client("c4", expires_at=10))
    cache.query_client("c4")
    cache.purge_clients(10, 100)

    assert cache.query_client("c4") is None


def test_no_more_than_its_size_is_remembered_the_least_used_goes(
    cache: CachingClientStore, store: Counting
) -> None:
    for client_id in ("c1", "c2", "c1", "c3"):
        cache.query_client(client_id)
    before = store.queries
    cache.query_client("c1")
    cache.query_client("c2")

    assert (before, store.queries) == (3, 4)


def test_a_read_that_a_write_overtook_is_not_remembered(
    cache: CachingClientStore, store: Counting
) -> None:
    store.may_answer.clear()
    reader = threading.Thread(target=cache.query_client, args=["c1"])
    reader.start()
    assert store.has_read.wait(5)
    cache.delete_client("c1")
    store.may_answer.set()
    reader.join()

    assert cache.query_client("c1") is None


def test_its_seconds_go_into_the_fence() -> None:
    default = open_stores(Settings(plugins=("client_cache",)))
    chosen = open_stores(
        Settings(plugins=("client_cache",), plugin_options={"client_cache": {"seconds": 9}})
    )

    assert (default.cache_seconds, chosen.cache_seconds) == (5, 9)
    assert default.clients.query_client("c1") is None


@pytest.mark.parametrize("option", ["seconds", "size"])
def test_less_than_one_is_refused(option: str) -> None:
    settings = Settings(plugins=("client_cache",), plugin_options={"client_cache": {option: 0}})

    with pytest.raises(SettingsError) as error:
        open_stores(settings)

    assert error.value.problems == (
        (
            f"`plugin_options.client_cache.{option}` is 0, but must be at least 1. "
            "Take `client_cache` out of `plugins` to do without it."
        ),
    )
