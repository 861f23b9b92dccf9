"""Authlib's OAUTH1 keys and ours, by Flask's configuration."""

# ruff: noqa: ANN401 - what Authlib takes without a type

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.flask_oauth1 import AuthorizationServer, ResourceProtector
from oauthstore_core.integrations.flask_oauth1.configuration import with_auth_cache
from oauthstore_core.oauth2.registration import InvalidClientMetadataError
from oauthstore_core.settings import Settings

from .site import make_app, make_site
from .worlds import told

CACHE = "OAUTH1_AUTH_CACHE_TYPE"


def generate() -> str:
    """Return a token of an application's own making."""
    return "generated-by-the-application"


@pytest.fixture(autouse=True)
def _own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("own_generators")
    module.generate, module.number = generate, 5
    monkeypatch.setitem(sys.modules, "own_generators", module)


def issued(config: dict[str, object], callback: str = "oob", **options: Any) -> dict[str, str]:
    """Return what a client is told that asks for temporary credentials."""
    site = make_site(config, **options)
    return told(site.initiate(site.register(), callback))


def test_tokens_and_secrets_have_the_lengths_that_are_configured() -> None:
    found = issued({"OAUTH1_TOKEN_LENGTH": 10, "OAUTH1_TOKEN_SECRET_LENGTH": 20})

    assert (len(found["oauth_token"]), len(found["oauth_token_secret"])) == (10, 20)


def test_a_verifier_has_the_length_that_is_configured() -> None:
    site = make_site({"OAUTH1_VERIFIER_LENGTH": 12})

    assert len(site.verifier(site.temporary(site.register()))) == 12


@pytest.mark.parametrize("value", [generate, "own_generators.generate", "own_generators:generate"])
@pytest.mark.parametrize(
    ("key", "parameter"),
    [
        ("OAUTH1_TOKEN_GENERATOR", "oauth_token"),
        ("OAUTH1_TOKEN_SECRET_GENERATOR", "oauth_token_secret"),
    ],
)
def test_a_generator_is_a_function_or_its_path(key: str, parameter: str, value: object) -> None:
    assert issued({key: value})[parameter] == generate()


def test_a_verifier_s_generator_is_a_function() -> None:
    site = make_site({"OAUTH1_VERIFIER_GENERATOR": generate})

    assert site.verifier(site.temporary(site.register())) == generate()


def test_the_token_generator_that_is_given_makes_both() -> None:
    made = {"oauth_token": "given-token", "oauth_token_secret": "given-secret"}

    found = issued({"OAUTH1_TOKEN_LENGTH": 10}, token_generator=lambda: made)

    assert found == {**made, "oauth_callback_confirmed": "true"}


def test_a_signature_method_that_is_not_listed_is_refused() -> None:
    site = make_site({"OAUTH1_SUPPORTED_SIGNATURE_METHODS": ("HMAC-SHA256",)})
    client = site.register()

    assert told(site.initiate(client))["error"] == "unsupported_signature_method"
    assert site.initiate(replace(client, method="HMAC-SHA256")).status_code == 200


def test_plaintext_is_for_those_that_are_allowed_it_only() -> None:
    site = make_site({"OAUTH1_SUPPORTED_SIGNATURE_METHODS": ["PLAINTEXT", "HMAC-SHA1"]})
    usual, allowed = site.register(), site.register(signature_methods=["PLAINTEXT"])

    def ask(client: Any) -> int:
        signature = f"{client.client_secret}&"
        parameters = {"signature_method": "PLAINTEXT", "signature": signature}
        return site.send(
            "POST", "/oauth1/initiate", client, callback="oob", **parameters
        ).status_code

    assert (ask(usual), ask(allowed)) == (400, 200)


def test_the_settings_name_the_methods_where_authlib_s_key_does_not() -> None:
    site = make_site({"OAUTHSTORE_OAUTH1": {"signature_methods": ["RSA-SHA1"]}})

    assert site.server.SUPPORTED_SIGNATURE_METHODS == ("RSA-SHA1",)


def test_a_temporary_credential_lives_as_long_as_is_configured() -> None:
    site = make_site({"OAUTH1_TEMPORARY_CREDENTIALS_EXPIRES_IN": 30})
    temporary = site.temporary(site.register())
    verifier = site.verifier(temporary)
    clock: Any = site.server.clock

    clock.advance(30)

    assert told(site.exchange(temporary, verifier))["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("OAUTH1_TOKEN_LENGTH", 7),
        ("OAUTH1_TOKEN_LENGTH", "42"),
        ("OAUTH1_TOKEN_LENGTH", True),
        ("OAUTH1_TOKEN_LENGTH", 85),
        ("OAUTH1_TOKEN_SECRET_LENGTH", 15),
        ("OAUTH1_VERIFIER_LENGTH", 0),
        ("OAUTH1_TOKEN_GENERATOR", 42),
        ("OAUTH1_TOKEN_GENERATOR", "own_generators.number"),
        ("OAUTH1_TOKEN_SECRET_GENERATOR", "no_such_module.generate"),
        ("OAUTH1_VERIFIER_GENERATOR", "own_generators.nothing"),
        ("OAUTH1_SUPPORTED_SIGNATURE_METHODS", "HMAC-SHA1"),
        ("OAUTH1_SUPPORTED_SIGNATURE_METHODS", []),
        ("OAUTH1_SUPPORTED_SIGNATURE_METHODS", [1]),
        ("OAUTH1_TEMPORARY_CREDENTIALS_EXPIRES_IN", 0),
        ("OAUTH1_TEMPORARY_CREDENTIALS_EXPIRES_IN", "600"),
        (CACHE, "null"),
        (CACHE, "memcache"),
        (CACHE, "filesystem"),
        (CACHE, "{{ cache_type }}"),
    ],
)
@pytest.mark.parametrize("query_client", [None, lambda _: None], ids=["store", "own"])
def test_a_wrong_value_is_named_at_the_start(key: str, value: object, query_client: Any) -> None:
    app = make_app(**{key: value})

    with pytest.raises(SettingsError, match=key) as raised:
        AuthorizationServer(app, query_client=query_client, store="memory://")

    (problem,) = raised.value.problems
    # What was asked, what was found, and what to do.
    assert problem.startswith(f"`{key}` is {value!r}, ")
    assert ". " in problem


# --- where temporary credentials live ---


def test_the_simple_cache_is_this_process_s_memory(tmp_path: Path) -> None:
    site = make_site({CACHE: "simple"}, store=f"sqlite:///{tmp_path}/oauth.db")

    routes = site.server.stores.routes

    assert routes["credentials"] == "oauth1_auth_cache"
    assert {routes[role] for role in ("clients", "tokens", "nonces")} == {"default"}
    assert site.me(site.token(site.register())).status_code == 200
    site.server.close()


def test_a_route_of_the_role_is_stronger_than_the_cache_s_type() -> None:
    stores = {"default": "memory://", "other": "memory://"}

    server = AuthorizationServer(
        make_app(**{CACHE: "simple"}), stores=stores, roles={"credentials": "other"}
    )

    assert server.stores.routes["credentials"] == "other"


@pytest.mark.parametrize(
    ("config", "url", "prefix"),
    [
        ({}, "redis://localhost:6379/0", None),
        (
            {"HOST": "cache", "PORT": 6380, "DB": 2, "PASSWORD": "p@ss/word"},
            "redis://:p%40ss%2Fword@cache:6380/2",
            None,
        ),
        ({"URL": "rediss://u:p@cache:1/3", "HOST": "other"}, "rediss://u:p@cache:1/3", None),
    ],
)
def test_redis_is_where_the_keys_say(
    config: dict[str, object], url: str, prefix: str | None
) -> None:
    keys = {f"OAUTH1_AUTH_CACHE_REDIS_{key}": value for key, value in config.items()}
    app = make_app(**{CACHE: "redis", **keys})

    settings = with_auth_cache(app, Settings.from_mapping({"store": "memory://"}))

    assert settings.stores["oauth1_auth_cache"].url == url
    assert settings.stores["oauth1_auth_cache"].options.get("prefix") == prefix


# --- signature methods of one's own ---


def test_a_method_is_registered_with_one_server_and_its_protector() -> None:
    one, other = make_site(), make_site()
    for site in (one, other):
        site.client = site.register()  # type: ignore[attr-defined]
    one.server.register_signature_method("X-TEST", lambda request: request.signature == "right")

    def ask(site: Any, signature: str) -> int:
        parameters = {"signature_method": "X-TEST", "signature": signature}
        return site.send(
            "POST", "/oauth1/initiate", site.client, callback="oob", **parameters
        ).status_code

    assert (ask(one, "right"), ask(one, "wrong"), ask(other, "right")) == (200, 401, 400)


def test_a_client_may_be_registered_for_a_method_of_one_s_own_alone() -> None:
    site = make_site()
    site.server.register_signature_method("X-TEST", lambda _: True)
    client = site.register(signature_methods=["X-TEST"])
    with pytest.raises(InvalidClientMetadataError, match="X-TEST"):
        site.register(signature_methods=["X-OTHER"])

    assert site.initiate(client).status_code == 400
    assert (
        site.send(
            *("POST", "/oauth1/initiate", client),
            callback="oob",
            signature_method="X-TEST",
            signature="x",
        ).status_code
        == 200
    )


def test_a_protector_accepts_what_is_registered_with_its_server_and_with_itself() -> None:
    site = make_site()
    protector = ResourceProtector(site.server)
    site.server.register_signature_method("X-SERVER", lambda _: True)
    protector.register_signature_method("X-OWN", lambda _: True)
    site.app.add_url_rule("/own", "own", protector(lambda: "own"))
    client = site.token(site.register())

    def ask(path: str, method: str) -> int:
        return site.send("GET", path, client, signature_method=method, signature="x").status_code

    assert [ask("/own", "X-SERVER"), ask("/own", "X-OWN"), ask("/me", "X-SERVER")] == [200] * 3
    assert ask("/me", "X-OWN") == 400


@pytest.mark.parametrize("owner", [AuthorizationServer, ResourceProtector])
def test_a_method_is_not_registered_with_a_class(owner: Any) -> None:
    with pytest.raises(TypeError, match=r"'X-TEST' was to be registered .* every server .* with"):
        owner.register_signature_method("X-TEST", lambda _: True)


# --- what is given, and what is opened ---


def test_a_hook_that_authlib_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="exists_nonce"):
        AuthorizationServer().register_hook("exist_nonce", lambda: None)


def test_a_server_with_clients_of_its_own_needs_a_store_of_nonces_only() -> None:
    server = AuthorizationServer(make_app(), query_client=lambda _: None, store="memory://")

    assert {"nonces", "credentials", "tokens"} <= set(server.stores.routes)


def test_a_model_without_a_query_is_refused_where_it_is_given() -> None:
    with pytest.raises(TypeError, match=r"class Plain .* no `query`.* query_client="):
        ResourceProtector(type("Plain", (), {}), lambda *_: SimpleNamespace())


def test_an_origin_that_is_none_is_refused_where_it_is_given() -> None:
    with pytest.raises(ValueError, match=r"https://api\.example/path"):
        ResourceProtector(origin="https://api.example/path")
