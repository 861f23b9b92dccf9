"""What Django's settings say of OAuth 1, also where a test overrides them."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test.utils import override_settings

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.django_oauth1 import (
    AuthorizationServer,
    CacheAuthorizationServer,
    ResourceProtector,
)
from oauthstore_core.testing.clock import FakeClock

from ..flask_oauth1.own_application import CALLBACK, SECRET
from ..flask_oauth1.worlds import told
from .worlds import CACHES, DjangoWorld

NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def _configure() -> Iterator[None]:
    with override_settings(CACHES=CACHES, OAUTHSTORE={"store": "memory://"}):
        caches["default"].clear()
        yield


def _world(kind: Any = AuthorizationServer, **options: Any) -> DjangoWorld:
    server = kind(**options)
    _register(server)
    return DjangoWorld("store", server, ResourceProtector(server), None)


def _register(server: Any) -> None:
    metadata = {"redirect_uris": [CALLBACK]}
    server.register_client(metadata, client_id="c1", client_secret=SECRET)


def _error(answer: Any) -> str:
    return told(answer)["error"]


def test_the_methods_of_authlib_s_dict_go_before_ours() -> None:
    ours = {"store": "memory://", "oauth1": {"signature_methods": ["HMAC-SHA1"]}}
    with override_settings(OAUTHSTORE=ours):
        world = _world()
        assert world.initiate().status_code == 200

        with override_settings(AUTHLIB_OAUTH1_PROVIDER={"signature_methods": ["RSA-SHA1"]}):
            assert _error(world.initiate()) == "unsupported_signature_method"

        assert world.initiate().status_code == 200


@pytest.mark.parametrize("kind", [AuthorizationServer, CacheAuthorizationServer])
def test_a_temporary_credential_lives_as_long_as_the_dict_says(kind: Any) -> None:
    clock = FakeClock(NOW)
    with override_settings(AUTHLIB_OAUTH1_PROVIDER={"temporary_credential_expires_in": 60}):
        world = _world(kind, clock=clock)
        world.client = world.client.__class__("c1", SECRET, now=clock.now)
        early, late = world.temporary(), world.temporary()
        clock.advance(59)
        assert world.decide(early).status_code == 302
        clock.advance(1)

        assert world.decide(late).status_code == 401


def test_keys_in_the_cache_begin_as_the_dict_says() -> None:
    with override_settings(AUTHLIB_OAUTH1_PROVIDER={"temporary_credential_key_prefix": "ours:"}):
        _world(CacheAuthorizationServer).temporary()
        cache: Any = caches["default"]

        assert sum(":ours:temporary_credential:" in key for key in cache.keys()) == 1  # noqa: SIM118


def test_another_store_counts_from_the_next_request_on_and_the_first_one_comes_back() -> None:
    world = _world()
    client = world.token()

    with override_settings(OAUTHSTORE={"store": "memory://another"}):
        assert _error(world.initiate()) == "invalid_client"
        assert world.me(client).json["error"] == "invalid_client"

    assert world.me(client).status_code == 200


def test_another_cache_counts_from_the_next_request_on() -> None:
    world = _world(CacheAuthorizationServer)
    temporary = world.temporary()
    another = {**CACHES["default"], "LOCATION": "another"}

    with override_settings(CACHES={"default": another}):
        assert world.decide(temporary).status_code == 401

    assert world.decide(temporary).status_code == 302


def test_settings_of_one_server_go_before_the_project_s() -> None:
    world = _world(options={"oauth1": {"signature_methods": ["RSA-SHA1"]}})

    assert _error(world.initiate()) == "unsupported_signature_method"


def test_the_issuer_s_scheme_and_host_are_what_clients_sign() -> None:
    ours = {"store": "memory://", "issuer": "https://auth.example/oauth"}
    with override_settings(OAUTHSTORE=ours):
        world = _world()
        assert _error(world.initiate()) == "invalid_signature"

        world.client = world.client.__class__("c1", SECRET, origin="https://auth.example")
        assert world.initiate().status_code == 200
        assert world.server.issuer == "https://auth.example/oauth"


def test_without_an_issuer_a_page_is_told_the_address_that_was_asked() -> None:
    world = _world()
    world.initiate()
    http = world.test_client().client.request().wsgi_request
    http.META["HTTP_HOST"] = "localhost:8000"
    world.server.read_http(http)

    assert world.server.issuer == "http://localhost:8000"


def test_a_dict_that_is_none_is_told_with_the_first_request() -> None:
    server = AuthorizationServer()

    with (
        override_settings(AUTHLIB_OAUTH1_PROVIDER=["HMAC-SHA1"]),
        pytest.raises(SettingsError, match="AUTHLIB_OAUTH1_PROVIDER"),
    ):
        server.ensure_ready()


def test_making_servers_and_protectors_reads_no_settings() -> None:
    with override_settings(OAUTHSTORE={"no": "such setting"}, AUTHLIB_OAUTH1_PROVIDER=7):
        AuthorizationServer()
        CacheAuthorizationServer()
        ResourceProtector()
