from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from oauthstore_core.errors import (
    CapabilityError,
    ConfigurationError,
    SchemaError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from oauthstore_core.records import Client
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_core.stores.capabilities import check_capabilities
from oauthstore_core.testing.samples import client, fresh
from oauthstore_redis import RedisBackend, plugin
from oauthstore_redis.connections import SCHEMES, connect
from oauthstore_redis.options import Options

from .server_processes import DURABLE, RedisProcess, find_redis, find_valkey_wheel
from .servers import Server

NOW = 1_700_000_000


def started(*options: str) -> RedisProcess:
    program = find_valkey_wheel() or find_redis()
    assert program is not None
    process = RedisProcess(program, options)
    process.start()
    return process


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a server of the test's own, started with these options."""
    with closing(started(*request.param)) as process:
        yield process.url


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if "+" not in s])
def test_every_scheme_of_one_server_is_redis_pys(scheme: str) -> None:
    made = connect(f"{scheme}://user:pass@host:7000/3", Options()).connection_pool

    kwargs = made.connection_kwargs
    assert (kwargs["host"], kwargs["port"], kwargs["db"]) == ("host", 7000, 3)
    assert (kwargs["username"], kwargs["password"]) == ("user", "pass")
    assert made.connection_class.__name__.startswith("SSL") is (scheme in {"rediss", "valkeys"})


def test_every_scheme_is_an_entry_point() -> None:
    assert {plugin.name, *plugin.schemes} == set(SCHEMES)


def test_a_url_of_sentinels_names_them_the_service_and_the_database() -> None:
    made = connect("redis+sentinel://u:p@one,two:7/main/2?ssl=true", Options()).connection_pool

    sentinels = [s.connection_pool.connection_kwargs for s in made.sentinel_manager.sentinels]
    assert [(s["host"], s["port"]) for s in sentinels] == [("one", 26379), ("two", 7)]
    assert made.service_name == "main"
    assert made.connection_kwargs["db"] == 2
    assert made.connection_kwargs["password"] == "p"
    assert "SSL" in made.connection_class.__name__


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("rabbit://host", "speaks"),
        ("redis://host:port", "address"),
        ("redis://host?colour=red", "query"),
        ("redis://host?ssl=true", "query"),
        ("redis+cluster://one,two:x", "address"),
        ("redis+cluster://one?colour=red", "query"),
        ("redis+sentinel://one,two", "service"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(url: str, found: str) -> None:
    with pytest.raises(ConfigurationError, match=found):
        plugin.open(url, {})


@pytest.mark.parametrize(
    "options",
    [
        {"colour": "red"},
        {"prefix": "a{b}"},
        {"prefix": ""},
        {"slack": -1},
        {"slack": True},
        {"retries": 1.5},
        {"access_tokens_per_grant": 0},
        {"timeout": 0},
        {"timeout": "5"},
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        plugin.open("redis://host", options)


@pytest.mark.parametrize("url", [("--requirepass", "another")], indirect=True)
def test_no_password_is_shown(url: str) -> None:
    backend = plugin.open(url.replace("redis://", "redis://:sesame@"), {"retries": 0})

    with pytest.raises(StoreUnavailableError, match="password") as caught:
        backend.ping()
    assert "sesame" not in f"{caught.value} {backend!r}"
    assert "***" in str(caught.value)


def test_opening_asks_nothing_of_the_server() -> None:
    for url in ("redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1", "redis+sentinel://h:1/m"):
        plugin.open(url, {}).close()


def test_a_server_that_does_not_answer_is_a_timeout(valkey: Server) -> None:
    with closing(started(*DURABLE)) as process:
        backend = RedisBackend(process.url, {"timeout": 0.2, "retries": 1})
        backend.migrate()
        process.freeze()
        with pytest.raises(StoreTimeoutError, match="in time"):
            backend.nonces.claim_nonce(fresh(), NOW + 9, NOW)
        process.thaw()
        assert backend.nonces.claim_nonce(fresh(), NOW + 9, NOW)
        backend.close()


# --- what the server keeps ---


def test_a_description_tells_what_the_server_keeps(store: RedisBackend, prefix: str) -> None:
    facts = store.describe()

    assert json.loads(json.dumps(facts)) == facts
    assert facts["server"] == "valkey"
    assert facts["mode"] == "standalone"
    assert facts["prefix"] == prefix
    assert facts["schema"] == {"current": "1", "head": "1"}
    assert (facts["persistence"], facts["appendfsync"]) == ("aof", "always")
    assert (facts["eviction"], facts["durable"]) == ("none", True)
    assert abs(facts["clock_skew"]) < 5


@pytest.mark.parametrize(
    ("url", "eviction", "persistence", "durable"),
    [
        (("--appendonly", "yes"), "none", "aof", True),
        ((), "none", "none", False),
        (("--save", "60 1"), "none", "rdb", False),
        ((*DURABLE, "--maxmemory-policy", "allkeys-lru"), "none", "aof", True),
        ((*DURABLE, "--maxmemory", "50mb"), "noeviction", "aof", True),
        (
            (*DURABLE, "--maxmemory", "50mb", "--maxmemory-policy", "volatile-ttl"),
            "volatile-ttl",
            "aof",
            False,
        ),
        (
            (*DURABLE, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"),
            "allkeys-lru",
            "aof",
            False,
        ),
    ],
    indirect=["url"],
)
def test_a_store_is_durable_where_it_writes_all_and_evicts_nothing(
    url: str,
    eviction: str,
    persistence: str,
    durable: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    backend = plugin.open(url, {})

    facts = backend.describe()
    assert (facts["eviction"], facts["persistence"]) == (eviction, persistence)
    assert backend.capabilities.durable is facts["durable"] is durable
    backend.close()


@pytest.mark.parametrize(
    "url", [("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru", *DURABLE)], indirect=True
)
def test_the_core_refuses_a_store_that_evicts(url: str) -> None:
    settings = Settings.from_mapping({"store": url, "issuer": "http://127.0.0.1:1"})
    with closing(open_stores(settings)) as stores, pytest.raises(CapabilityError, match="evicti"):
        check_capabilities(settings, stores, workers=2)


@pytest.mark.parametrize("url", [(*DURABLE, "--maxmemory", "3mb")], indirect=True)
def test_a_full_server_is_unavailable_and_loses_nothing(url: str) -> None:
    backend = plugin.open(url, {})
    backend.migrate()
    saved: list[Client] = []
    for _ in range(100):
        try:
            saved.append(backend.clients.save_client(client(payload="x" * 100_000)))
        except StoreUnavailableError as error:
            assert "memory" in str(error)  # noqa: PT017 - when is the server's affair
            break

    assert 0 < len(saved) < 100
    assert [backend.clients.query_client(each.client_id) for each in saved] == saved
    backend.close()


# --- the schema ---


def test_a_new_store_wants_to_be_migrated_once(valkey: Server) -> None:
    address = valkey.address()
    backend = plugin.open(address.url, address.options)
    with pytest.raises(SchemaError, match="oauthstore migrate"):
        backend.ping()
    for _ in range(2):
        backend.migrate()
        backend.ping()
    backend.close()
    valkey.clear(address)


def test_a_store_that_is_newer_is_refused(store: RedisBackend, valkey: Server, prefix: str) -> None:
    valkey.client.set(f"{prefix}:schema", "2")

    for verb in (store.ping, store.migrate):
        with pytest.raises(SchemaError, match="newer"):
            verb()
    assert valkey.client.get(f"{prefix}:schema") == b"2"


def test_two_prefixes_are_two_stores(store: RedisBackend, valkey: Server) -> None:
    address = valkey.address()
    other = RedisBackend(address.url, address.options)
    saved = store.clients.save_client(client())

    assert other.clients.query_client(saved.client_id) is None
    assert other.clients.save_client(client(client_id=saved.client_id)).version == 1
    other.close()
    valkey.clear(address)
