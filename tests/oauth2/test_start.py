"""Security checklist row 43: what the server refuses to start with."""

from __future__ import annotations

import logging
import warnings

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

from .world import SECRET_KEY, World

SWITCH = "AUTHLIB_INSECURE_TRANSPORT"


def _start(issuer: str | None) -> AuthorizationServer:
    # Past the checks of `from_mapping`.
    settings = Settings(issuer=issuer, secret_keys=(SECRET_KEY,))
    return AuthorizationServer(settings, open_stores(settings))


@pytest.mark.parametrize("switch", ["", "1"])
@pytest.mark.parametrize("issuer", ["http://auth.example.com", "ftp://x.example", "https://"])
def test_row_43_an_issuer_that_is_not_encrypted_is_refused_whatever_the_switch_says(
    monkeypatch: pytest.MonkeyPatch, issuer: str, switch: str
) -> None:
    monkeypatch.setenv(SWITCH, switch)

    with pytest.raises(SettingsError, match="issuer"):
        _start(issuer)


def test_row_43_authlib_s_switch_is_ignored_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SWITCH, "1")

    with caplog.at_level(logging.WARNING):
        World()

    assert [SWITCH in record.message for record in caplog.records] == [True]
    assert "http://127.0.0.1" in caplog.text


def test_row_43_without_the_switch_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(SWITCH, raising=False)

    World()

    assert not caplog.records


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:1"])
def test_row_43_loopback_needs_no_encryption(issuer: str) -> None:
    world = World(issuer=issuer)

    assert world.client_credentials(world.register()).status == 200


def test_without_an_issuer_there_is_no_server() -> None:
    with pytest.raises(ValueError, match="issuer"):
        _start(None)


def test_no_flow_uses_what_authlib_deprecates(world: World) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        party = world.register()
        tokens = world.issue(party)
        world.authorize(party, scope="unknown")
        world.authorize(party, user=None)
        world.client_credentials(party)
        world.refresh(party, tokens["refresh_token"])
        world.introspect(party, tokens["access_token"])

        assert world.revoke(party, tokens["access_token"]).status == 200
