"""``OAUTHSTORE`` and ``AUTHLIB_OAUTH2_PROVIDER``; a test that overrides one is heeded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test.utils import override_settings

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer
from oauthstore_core.integrations.flask_oauth2.configuration import derived_keys

from ..flask_oauth2.site import make_app
from .site import Site, make_site

OURS = {"store": "memory://", "scopes": {"profile": "See your name", "mail": "Read your mail"}}
#: What a generator of a project was given.
_calls: list[Mapping[str, Any]] = []


def generate(**given: Any) -> str:
    """Return a token of a project's own making."""
    _calls.append(given)
    return f"own-{len(_calls)}"


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    _calls.clear()


@pytest.mark.parametrize("value", [generate, f"{__name__}.generate"], ids=["itself", "its path"])
def test_the_generators_are_functions_or_their_paths(value: object) -> None:
    keys = ("access_token_generator", "refresh_token_generator")
    site = make_site(dict.fromkeys(keys, value))
    client = site.register()

    tokens = site.issue(client)

    assert tokens["access_token"] == "own-1"
    assert tokens["refresh_token"].endswith("own-2")
    assert _calls[0]["user"].pk == "alice"
    assert site.ask("/profile", "own-1").status_code == 200
    assert site.refresh(client, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("value", [False, None])
def test_without_a_generator_no_refresh_token_is_issued(value: object) -> None:
    site = make_site({"refresh_token_generator": value})

    assert "refresh_token" not in site.issue(site.register())


def test_lifetimes_are_told_for_each_grant_type() -> None:
    site = make_site({"token_expires_in": {"client_credentials": 77}})
    client = site.register()

    assert site.token(client, "client_credentials").json["expires_in"] == 77
    assert site.issue(client)["expires_in"] == 3600


def test_the_supported_scopes_are_authlib_s_key_or_those_that_are_described() -> None:
    path = "/.well-known/oauth-authorization-server/oauth"
    named = make_site({"scopes_supported": ["mail"]})

    assert named.browser.get(path).json["scopes_supported"] == ["mail"]
    assert make_site().browser.get(path).json["scopes_supported"] == ["profile", "mail"]


WRONG: list[tuple[str, object]] = [
    ("access_token_generator", False),
    ("access_token_generator", 42),
    ("access_token_generator", "no_such_module.generate"),
    ("refresh_token_generator", f"{__name__}.OURS"),
    ("token_expires_in", 600),
    ("token_expires_in", {"client_credentials": "600"}),
    ("token_expires_in", {"client_credentials": -1}),
    ("scopes_supported", "profile mail"),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_of_authlib_s_is_named_before_a_request_is_answered(
    key: str, value: object
) -> None:
    with pytest.raises(SettingsError, match=key):
        make_site({key: value})


@pytest.mark.parametrize("value", ["sqlite:///oauth.db", ["store"]])
@pytest.mark.parametrize("name", ["OAUTHSTORE", "AUTHLIB_OAUTH2_PROVIDER"])
def test_what_is_no_dict_is_told(name: str, value: object) -> None:
    with override_settings(**{name: value}), pytest.raises(SettingsError, match=f"`{name}`"):
        AuthorizationServer().ensure_ready()


def test_an_unknown_setting_is_named() -> None:
    with override_settings(OAUTHSTORE={"grce": 5}), pytest.raises(SettingsError, match="grce"):
        AuthorizationServer().ensure_ready()


def test_nothing_is_read_or_opened_before_the_first_request(tmp_path: Path) -> None:
    with override_settings(OAUTHSTORE={**OURS, "store": f"sqlite:///{tmp_path}/oauth.db"}):
        server = AuthorizationServer()
        assert not (tmp_path / "oauth.db").exists()

        assert server.settings.scopes == OURS["scopes"]

    assert (tmp_path / "oauth.db").exists()


def test_a_setting_that_a_test_overrides_is_heeded_and_the_store_stays() -> None:
    with override_settings(OAUTHSTORE=OURS):
        site = Site(AuthorizationServer())
        client = site.register()

        with override_settings(OAUTHSTORE={**OURS, "lifetimes": {"access_token": 60}}):
            shorter = site.token(client, "client_credentials").json["expires_in"]
        with override_settings(AUTHLIB_OAUTH2_PROVIDER={"access_token_generator": generate}):
            own = site.token(client, "client_credentials").json["access_token"]
        usual = site.token(client, "client_credentials").json

    assert (shorter, own) == (60, "own-1")
    assert usual["expires_in"] == 3600
    assert not usual["access_token"].startswith("own")


def test_grants_that_are_not_served_any_more_are_refused_within_the_override() -> None:
    with override_settings(OAUTHSTORE=OURS):
        site = Site(AuthorizationServer())
        client = site.register()

        with override_settings(OAUTHSTORE={**OURS, "grants": ["authorization_code"]}):
            refused = site.token(client, "client_credentials")

        assert refused.json["error"] == "unsupported_grant_type"
        assert site.token(client, "client_credentials").status_code == 200


def test_all_servers_of_a_process_share_the_store_that_the_settings_name() -> None:
    with override_settings(OAUTHSTORE=OURS):
        first, second = Site(AuthorizationServer()), Site(AuthorizationServer())
        token = first.issue(first.register())["access_token"]

        assert second.ask("/profile", token).status_code == 200


def test_the_keys_are_derived_from_the_secret_key_as_under_flask() -> None:
    with override_settings(OAUTHSTORE=OURS, SECRET_KEY_FALLBACKS=["f" * 40]):
        keys = AuthorizationServer().load_settings().secret_keys

    app = make_app(SECRET_KEY=settings.SECRET_KEY, SECRET_KEY_FALLBACKS=["f" * 40])
    assert list(keys) == derived_keys(app)
    assert len(set(keys)) == 2


def test_a_secret_key_that_rotates_keeps_what_the_old_one_sealed(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/oauth.db"
    metadata = {"grant_types": ["client_credentials"], "scope": "mail"}
    with override_settings(SECRET_KEY="old" * 20):
        old = make_site(store=store)
        client = old.server.register_client(metadata, client_secret="imported")

    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=["old" * 20]):
        new = make_site(store=store)
    with override_settings(SECRET_KEY="new" * 20):
        newest = make_site(store=store)

    assert new.token(client, "client_credentials").status_code == 200
    assert newest.token(client, "client_credentials").status_code == 401


def test_without_a_secret_key_it_is_said_what_to_do() -> None:
    with (
        override_settings(OAUTHSTORE=OURS, SECRET_KEY=""),
        pytest.raises(SettingsError, match="SECRET_KEY"),
    ):
        AuthorizationServer().ensure_ready()


def test_without_a_store_one_warning_says_that_all_is_kept_in_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    servers = [AuthorizationServer(), AuthorizationServer()]

    for server in servers:
        server.ensure_ready()

    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "memory" in caplog.text


def test_another_host_than_loopback_is_not_taken_for_the_issuer() -> None:
    site = make_site()
    client = site.register()

    answer = site.browser.post("/oauth/token", base_url="https://evil.example")

    assert (answer.status_code, answer.json["error"]) == (421, "invalid_request")
    assert site.token(client, "client_credentials").status_code == 200
    assert site.server.issuer == "http://localhost/oauth"


def test_the_switch_that_turns_security_off_is_ignored_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")

    make_site()

    assert "AUTHLIB_INSECURE_TRANSPORT" in caplog.text
