"""Authlib's configuration keys and ours, by Flask's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer
from oauthstore_core.oauth2.registration import InvalidClientMetadataError

from ..opened import ask, told
from .site import NOW, basic, make_app, make_site

#: What a generator of an application was given, by the name of the key.
_calls: list[Mapping[str, Any]] = []


def generate(**given: Any) -> str:
    """Return a token of an application's own making."""
    _calls.append(given)
    return f"own-{len(_calls)}"


def expires_in(client: Any, grant_type: str) -> int:  # noqa: ANN401 - Authlib's own
    """Return seconds, as an application has them."""
    return {"client_credentials": 77}.get(grant_type, 88)


HERE = f"{__name__}:generate"


@pytest.fixture(autouse=True)
def _no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    _calls.clear()
    module = type(__import__("types"))("own_generators")
    module.generate, module.expires_in, module.number = generate, expires_in, 5
    monkeypatch.setitem(__import__("sys").modules, "own_generators", module)


@pytest.mark.parametrize("value", [generate, "own_generators.generate", "own_generators:generate"])
def test_the_access_token_s_generator_is_a_function_or_its_path(value: object) -> None:
    site = make_site({"OAUTH2_ACCESS_TOKEN_GENERATOR": value})
    client = site.register()

    token = site.token(client, "client_credentials", scope="mail").json["access_token"]

    assert token == "own-1"
    assert _calls[0]["grant_type"] == "client_credentials"
    assert _calls[0]["client"].client_id == client.client.client_id
    assert _calls[0]["scope"] == "mail"
    assert site.ask("/function", token).status_code == 200


def test_the_refresh_token_s_generator_is_told_of_client_user_and_scope_each_time() -> None:
    site = make_site({"OAUTH2_REFRESH_TOKEN_GENERATOR": generate})
    client = site.register()
    first = site.issue(client)["refresh_token"]

    second = site.refresh(client, first).json["refresh_token"]

    assert first.endswith("own-1")
    assert second.endswith("own-2")
    for call, grant_type in zip(_calls, ("authorization_code", "refresh_token"), strict=True):
        assert call["client"].client_id == client.client.client_id
        assert call["user"].get_user_id() == "alice"
        assert (call["scope"], call["grant_type"]) == ("profile", grant_type)
    assert site.refresh(client, second).status_code == 200


@pytest.mark.parametrize("value", [False, None])
def test_without_a_generator_no_refresh_token_is_issued(value: object) -> None:
    site = make_site({"OAUTH2_REFRESH_TOKEN_GENERATOR": value})

    assert "refresh_token" not in site.issue(site.register())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ({"client_credentials": 77}, 77),
        ({"password": 77}, 3600),
        (expires_in, 77),
        ("own_generators.expires_in", 77),
        (None, 3600),
    ],
)
def test_lifetimes_are_told_for_each_grant_type(value: object, seconds: int) -> None:
    site = make_site({"OAUTH2_TOKEN_EXPIRES_IN": value})
    client = site.register()

    answer = site.token(client, "client_credentials").json

    assert answer["expires_in"] == seconds
    site.server.clock.advance(seconds)  # type: ignore[attr-defined]
    assert site.ask("/any", answer["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "uris", [{"invalid_client": "https://e/#c"}, [("invalid_client", "https://e/#c")]]
)
def test_an_error_leads_to_its_page(uris: object) -> None:
    site = make_site({"OAUTH2_ERROR_URIS": uris})
    wrong = basic("nobody", "wrong")

    answer = site.app.test_client().post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers=wrong
    )

    assert answer.json["error_uri"] == "https://e/#c"


def test_an_error_that_the_client_is_redirected_with_leads_to_its_page_too() -> None:
    site = make_site({"OAUTH2_ERROR_URIS": {"invalid_scope": "https://e/#s"}})
    client = site.register()

    answer = site.browser.get(ask(client.client.client_id, scope="unknown"))

    assert told(answer.location)["error_uri"] == "https://e/#s"


def test_a_scope_that_the_server_does_not_have_is_refused_and_the_metadata_has_the_others() -> None:
    site = make_site({"OAUTH2_SCOPES_SUPPORTED": ["profile"]})
    with pytest.raises(InvalidClientMetadataError, match="no scope mail"):
        site.register(scope="profile mail")
    metadata = {"grant_types": ["client_credentials"], "scope": "profile mail"}
    client = site.server.register_client(metadata, scopes=())

    answer = site.token(client, "client_credentials", scope="mail")

    assert answer.json["error"] == "invalid_scope"
    metadata = site.browser.get("/.well-known/oauth-authorization-server/oauth").json
    assert metadata["scopes_supported"] == ["profile"]


WRONG: list[tuple[str, object]] = [
    ("OAUTH2_ACCESS_TOKEN_GENERATOR", False),
    ("OAUTH2_ACCESS_TOKEN_GENERATOR", None),
    ("OAUTH2_ACCESS_TOKEN_GENERATOR", 42),
    ("OAUTH2_ACCESS_TOKEN_GENERATOR", "no_such_module.generate"),
    ("OAUTH2_ACCESS_TOKEN_GENERATOR", "own_generators.number"),
    ("OAUTH2_REFRESH_TOKEN_GENERATOR", 42),
    ("OAUTH2_REFRESH_TOKEN_GENERATOR", "own_generators.nothing"),
    ("OAUTH2_TOKEN_EXPIRES_IN", 600),
    ("OAUTH2_TOKEN_EXPIRES_IN", {"client_credentials": "600"}),
    ("OAUTH2_TOKEN_EXPIRES_IN", {"client_credentials": -1}),
    ("OAUTH2_TOKEN_EXPIRES_IN", "no_such_module.expires_in"),
    ("OAUTH2_SCOPES_SUPPORTED", "profile mail"),
    ("OAUTH2_SCOPES_SUPPORTED", 5),
    ("OAUTH2_ERROR_URIS", "https://e"),
    ("OAUTH2_ERROR_URIS", [("invalid_client",)]),
    ("OAUTH2_ERROR_URIS", {"invalid_client": 5}),
]


@pytest.mark.parametrize("own_mode", [False, True])
@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_named_at_the_start(key: str, value: object, *, own_mode: bool) -> None:
    app = make_app(**{key: value})
    own: Any = {"save_token": print, "query_client": print} if own_mode else {}

    with pytest.raises(SettingsError, match=key):
        AuthorizationServer(app, **own, store="memory://")


def test_the_server_s_settings_may_be_flask_s_configuration(tmp_path: Path) -> None:
    app = make_app(
        OAUTHSTORE_STORE=f"sqlite:///{tmp_path}/oauth.db",
        OAUTHSTORE_ISSUER="https://example.com/auth",
        OAUTHSTORE_LIFETIMES={"access_token": 60},
    )

    server = AuthorizationServer(app)

    assert server.settings.issuer == "https://example.com/auth"
    assert server.settings.lifetimes.access_token == 60
    assert (tmp_path / "oauth.db").exists()
    server.close()


def test_an_argument_is_stronger_than_the_configuration() -> None:
    app = make_app(OAUTHSTORE_STORE="sqlite:////nowhere/oauth.db", OAUTHSTORE_REUSE_GRACE=5)

    server = AuthorizationServer(app, store="memory://", reuse_grace=7)

    assert server.settings.reuse_grace == 7


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="grce"):
        AuthorizationServer(make_app(OAUTHSTORE_GRCE=5), store="memory://")


def test_what_outlives_the_process_needs_a_secret_key_of_the_application(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="secret_keys"):
        AuthorizationServer(Flask("bare"), store=f"sqlite:///{tmp_path}/oauth.db")


def test_a_secret_key_that_rotates_keeps_what_the_old_one_sealed(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/oauth.db"
    old = make_site({"SECRET_KEY": "old" * 20}, store=store)
    client = old.server.register_client(
        {"grant_types": ["client_credentials"], "scope": "mail"}, client_secret="imported"
    )
    old.server.close()

    new = make_site({"SECRET_KEY": "new" * 20, "SECRET_KEY_FALLBACKS": ["old" * 20]}, store=store)

    assert new.token(client, "client_credentials").status_code == 200
    new.server.close()


def test_without_a_store_one_warning_says_that_all_is_kept_in_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    AuthorizationServer(make_app())

    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "memory" in caplog.text


def test_the_switch_that_turns_security_off_is_ignored_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")

    site = make_site(clock=None)

    assert "AUTHLIB_INSECURE_TRANSPORT" in caplog.text
    answer = site.app.test_client().post(
        "/oauth/token", base_url="http://example.com", data={"grant_type": "client_credentials"}
    )
    assert answer.status_code == 421


def test_the_clock_is_the_one_that_is_handed_in() -> None:
    assert make_site().server.clock.now() == NOW
