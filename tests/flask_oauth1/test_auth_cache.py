"""Temporary credentials in Redis, where OAUTH1_AUTH_CACHE_TYPE says so: a real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backends.redis.tests.servers import Server, open_server
from oauthstore_core.errors import StoreUnavailableError

from .site import Site, make_site
from .worlds import told


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    server = open_server("valkey")
    yield server
    server.close()


@pytest.fixture
def site(redis: Server, tmp_path: Path) -> Iterator[Site]:
    parts = urlsplit(redis.url)
    config: dict[str, object] = {
        "OAUTH1_AUTH_CACHE_TYPE": "redis",
        "OAUTH1_AUTH_CACHE_REDIS_HOST": parts.hostname,
        "OAUTH1_AUTH_CACHE_REDIS_PORT": parts.port,
        "OAUTH1_AUTH_CACHE_KEY_PREFIX": f"test-{tmp_path.name}:",
    }
    site = make_site(config, store=f"sqlite:///{tmp_path}/oauth.db")
    yield site
    site.server.close()


def test_the_flow_goes_through_redis_without_any_migration_by_hand(site: Site) -> None:
    client = site.token(site.register())

    assert site.me(client).json == {"sub": "alice", "client": client.client_id}
    assert site.server.stores.routes["credentials"] == "oauth1_auth_cache"


def test_a_temporary_credential_lies_there_under_the_prefix_as_a_digest(
    site: Site, redis: Server, tmp_path: Path
) -> None:
    prefix = f"test-{tmp_path.name}"

    temporary = site.temporary(site.register())

    keys = [key for key in redis.keys(prefix) if b"schema" not in key]
    assert keys
    dump = redis.dump(prefix)
    assert (temporary.token or "").encode() not in dump
    assert temporary.token_secret.encode() not in dump


def test_it_is_good_once_and_a_second_exchange_revokes_what_came_of_it(site: Site) -> None:
    temporary = site.temporary(site.register())
    verifier = site.verifier(temporary)
    found = told(site.exchange(temporary, verifier))
    client = temporary.using(found["oauth_token"], found["oauth_token_secret"])
    assert site.me(client).status_code == 200

    again = site.exchange(temporary, verifier)

    assert again.status_code == 401
    assert site.me(client).status_code == 401


def test_a_url_says_all_of_it(redis: Server) -> None:
    config: dict[str, object] = {
        "OAUTH1_AUTH_CACHE_TYPE": "redis",
        "OAUTH1_AUTH_CACHE_REDIS_URL": redis.url,
    }
    site = make_site(config, store="memory://")

    assert site.me(site.token(site.register())).status_code == 200
    site.server.close()


def test_a_server_that_does_not_answer_is_told_at_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config: dict[str, object] = {
        "OAUTH1_AUTH_CACHE_TYPE": "redis",
        "OAUTH1_AUTH_CACHE_REDIS_PORT": port,
    }

    with pytest.raises(StoreUnavailableError):
        make_site(config, store=f"sqlite:///{tmp_path}/oauth.db")
