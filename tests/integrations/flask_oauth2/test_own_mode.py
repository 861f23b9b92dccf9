"""Own mode: the application stores tokens itself; ours claims what may be used once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import grants
from flask import Flask

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from .own_application import CALLBACK, GRANT_TYPES, create_app, fill
from .site import basic
from .worlds import World, open_world, parameters, query

PREFIX = "oauthstore_core.integrations"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world("own", tmp_path)


@pytest.fixture
def claims() -> Iterator[WatchedBackend]:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ("nonces",), watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        yield watched


def _save(token: dict[str, Any], request: object) -> None:
    """Keep nothing."""


def _open(folder: Path, **config: object) -> World:
    app = create_app(PREFIX, f"sqlite:///{folder}/own.db", **config)
    fill(app)

    def authorize(url: str) -> str:
        location: str = app.test_client().post(url, data={"confirm": "yes"}).location
        return location

    return World("own", app, app.extensions["server"], authorize)


def test_nothing_is_built_in() -> None:
    server = AuthorizationServer(Flask("bare"), print, _save, store="memory://")

    assert server.own_mode
    assert server.served.grant_types == ()
    with pytest.raises(RuntimeError, match="There is no 'revocation' endpoint"):
        server.create_endpoint_response("revocation")


def test_without_a_store_a_warning_tells_where_codes_are_good_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    AuthorizationServer(Flask("bare"), print, _save)

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "OAUTHSTORE_STORE" in caplog.text


def test_with_a_store_there_is_nothing_to_warn_of_and_no_secret_key_is_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = f"sqlite:///{tmp_path}/claims.db"
    server = AuthorizationServer(Flask("bare"), print, _save, store=store)

    assert (tmp_path / "claims.db").exists()
    assert [r for r in caplog.records if r.levelname == "WARNING"] == []
    server.close()


def test_claims_that_cannot_be_made_are_503_and_nothing_is_stored_or_lost(
    tmp_path: Path, claims: WatchedBackend
) -> None:
    world = _open(tmp_path, OAUTHSTORE_STORE="watched://")
    code = world.code()
    saved: list[bool] = []
    world.app.extensions["before_save"] = lambda: saved.append(True)

    with FailingAt(claims, 1, StoreUnavailableError):
        answer = world.redeem(code)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["error"] == "temporarily_unavailable"
    assert saved == []
    assert world.redeem(code).status_code == 200


def test_a_code_is_claimed_after_everything_was_validated(world: World) -> None:
    code = world.code()
    wrong = {"code": code, "redirect_uri": CALLBACK + "/other"}

    assert world.token("authorization_code", **wrong).status_code == 400
    assert world.redeem(code).status_code == 200


def test_a_refresh_token_that_stays_valid_may_be_used_again(world: World) -> None:
    class Staying(grants.RefreshTokenGrant):  # type: ignore[misc]  # of Authlib, untyped
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def authenticate_refresh_token(self, refresh_token: str) -> object:
            models = world.app.extensions["models"]
            return models.Token.query.filter_by(refresh_token=refresh_token).first()

        def authenticate_user(self, refresh_token: Any) -> object:  # noqa: ANN401 - of Authlib
            models = world.app.extensions["models"]
            return models.db.session.get(models.User, refresh_token.user_id)

        def revoke_old_credential(self, refresh_token: object) -> None:
            pass

    token = world.issue()["refresh_token"]
    world.server._token_grants.insert(0, (Staying, None))

    answers = [world.token("refresh_token", refresh_token=token) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("refresh_token" not in answer.json for answer in answers)


def test_a_lifetime_may_be_a_function_itself(tmp_path: Path) -> None:
    world = _open(tmp_path, OAUTHSTORE_STORE="memory://", OAUTH2_TOKEN_EXPIRES_IN=lambda *_: 77)

    assert world.token("client_credentials").json["expires_in"] == 77


@pytest.mark.parametrize("grant_type", GRANT_TYPES[2:])
def test_plain_http_is_refused_whatever_the_environment_says(
    world: World, grant_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    form = {"grant_type": grant_type, "username": "a", "password": "wonderland"}
    headers = basic("c1", "secret")

    outcomes = [
        world.outcome("/oauth/token", form, headers=headers, base_url=f"{scheme}://auth.example")
        for scheme in ("http", "https")
    ]

    assert outcomes == ["400 insecure_transport", "200"]


def test_behind_a_proxy_the_issuer_s_scheme_decides(tmp_path: Path) -> None:
    world = _open(tmp_path, OAUTHSTORE_STORE="memory://", OAUTHSTORE_ISSUER="https://auth.example")
    form, headers = {"grant_type": "client_credentials"}, basic("c1", "secret")

    answer = world.send("/oauth/token", form, headers=headers, base_url="http://auth.example")

    assert answer.status_code == 200


def test_a_response_names_no_issuer_that_the_application_did_not_bring(world: World) -> None:
    assert set(parameters(world.authorize(query()))) == {"code", "state"}


def test_at_the_token_endpoint_a_get_is_read_where_the_grant_allows_it(world: World) -> None:
    class ByGet(grants.ClientCredentialsGrant):  # type: ignore[misc]  # of Authlib, untyped
        GRANT_TYPE = "urn:example:get"
        TOKEN_ENDPOINT_HTTP_METHODS = ("GET",)

    world.server.register_grant(ByGet)
    models = world.app.extensions["models"]
    with world.app.app_context():
        client = models.Client.query.filter_by(client_id="c1").one()
        client.set_client_metadata({"grant_types": [ByGet.GRANT_TYPE], "scope": "profile"})
        models.db.session.commit()

    answer = world.send(
        f"/oauth/token?grant_type={ByGet.GRANT_TYPE}", headers=basic("c1", "secret")
    )

    assert answer.status_code == 200
