"""Own mode: the project's models keep tokens; ours claims what may be used once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from authlib.integrations.django_oauth2 import AuthorizationServer as AuthlibServer
from authlib.oauth2.rfc6749 import grants
from django.db import OperationalError
from django.test.utils import override_settings

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer, RevocationEndpoint
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from ...seeds.test_django_authorization_server import Chapter, chapter, chapter_models
from ..flask_oauth2.site import basic

__all__ = ["chapter", "mode"]


@pytest.fixture
def mode() -> str:
    return "own models"


@pytest.fixture
def claims() -> Iterator[WatchedBackend]:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ("nonces",), watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        yield watched


def _code(chapter: Chapter) -> str:
    return chapter.decide(confirm="yes")["code"]


def _post(chapter: Chapter, form: dict[str, str]) -> Any:  # noqa: ANN401 - an answer
    return chapter.browser.post("/oauth/token", data=form, headers=basic("c1", "secret"))


def _tokens(chapter: Chapter) -> int:
    count: int = chapter.names["OAuth2Token"].objects.count()
    return count


def test_it_is_authlib_s_server_with_the_models_where_authlib_has_them(chapter: Chapter) -> None:
    assert isinstance(chapter.server, AuthlibServer)
    assert chapter.server.client_model is chapter.names["OAuth2Client"]
    assert chapter.server.token_model is chapter.names["OAuth2Token"]
    assert chapter.server.served.grant_types == ("authorization_code",)


def test_claims_that_cannot_be_made_are_503_and_nothing_is_stored_or_lost(
    chapter: Chapter, claims: WatchedBackend
) -> None:
    with override_settings(OAUTHSTORE={"store": "watched://"}):
        code = _code(chapter)

        with FailingAt(claims, 1, StoreUnavailableError):
            answer = chapter.redeem(code)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert _tokens(chapter) == 0
        assert chapter.redeem(code).status_code == 200


def test_a_code_is_claimed_after_everything_was_validated(chapter: Chapter) -> None:
    code = _code(chapter)
    wrong = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://x"}

    assert _post(chapter, wrong).status_code == 400
    assert chapter.redeem(code).status_code == 200


@pytest.mark.parametrize("verb", ["get", "save"])
def test_a_database_without_an_answer_is_503(
    chapter: Chapter, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = _code(chapter)

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        model = chapter.names["OAuth2Client" if verb == "get" else "OAuth2Token"]
        patched.setattr(model.objects if verb == "get" else model, verb, fail)
        answer = chapter.redeem(code)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["error"] == "temporarily_unavailable"


def test_a_client_id_that_no_database_takes_is_an_unknown_client(chapter: Chapter) -> None:
    headers = basic("c\0", "secret")

    answer = chapter.browser.post(
        "/oauth/token", data={"grant_type": "authorization_code"}, headers=headers
    )

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token"])
def test_a_token_is_revoked_whatever_the_hint_says(chapter: Chapter, hint: str) -> None:
    chapter.server.register_endpoint(RevocationEndpoint)
    token = chapter.redeem(_code(chapter)).json["access_token"]
    form = {"token": token, "token_type_hint": hint}
    http = chapter.browser.client.request().wsgi_request
    http.method, http._body = "POST", "&".join(f"{k}={v}" for k, v in form.items()).encode()
    http.META |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_HOST": "localhost"}
    http.META["HTTP_AUTHORIZATION"] = basic("c1", "secret")["Authorization"]

    answer = chapter.server.create_endpoint_response("revocation", http)

    assert answer.status_code == 200
    assert chapter.names["OAuth2Token"].objects.get(access_token=token).revoked


def test_of_a_subclass_with_a_save_token_of_its_own_a_code_is_claimed_as_well(
    chapter: Chapter,
) -> None:
    saved: list[str] = []

    class Server(AuthorizationServer):
        def save_token(self, token: dict[str, Any], request: Any) -> Any:  # noqa: ANN401
            saved.append(token["access_token"])
            return super().save_token(token, request)

    server = Server(chapter.names["OAuth2Client"], chapter.names["OAuth2Token"])
    server._token_grants = chapter.server._token_grants
    server._authorization_grants = chapter.server._authorization_grants
    chapter.names["server"] = server
    code = _code(chapter)

    answers = [chapter.redeem(code) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert saved == [answers[0].json["access_token"]]
    assert _tokens(chapter) == 1


def test_a_subclass_may_find_clients_itself() -> None:
    found = object()

    class Server(AuthorizationServer):
        def query_client(self, client_id: str) -> object:
            return found

    server = Server(token_model=chapter_models()["OAuth2Token"])

    assert server.own_mode
    assert server.query_client("c1") is found


def test_a_token_model_without_a_client_model_is_refused() -> None:
    with pytest.raises(ValueError, match="client model"):
        AuthorizationServer(token_model=chapter_models()["OAuth2Token"])


def test_the_clients_may_be_the_project_s_and_the_tokens_the_store_s(chapter: Chapter) -> None:
    server = AuthorizationServer(chapter.names["OAuth2Client"])
    chapter.names["OAuth2Client"].objects.update(grant_type="client_credentials")
    chapter.names["server"] = server

    answer = _post(chapter, {"grant_type": "client_credentials", "scope": "mail"})

    assert not server.own_mode
    assert (answer.status_code, answer.json["scope"]) == (200, "mail")
    assert _tokens(chapter) == 0


def test_without_a_store_a_warning_tells_where_codes_are_good_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = chapter_models()

    AuthorizationServer(names["OAuth2Client"], names["OAuth2Token"]).ensure_ready()

    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 1
    assert "OAUTHSTORE" in caplog.text


def test_in_store_mode_authlib_s_revocation_endpoint_is_the_store_s() -> None:
    server = AuthorizationServer(options={"store": "memory://"})
    server.register_endpoint(RevocationEndpoint)
    server.ensure_ready()

    (endpoint,) = server._endpoints["revocation"]

    assert type(endpoint).__module__ == "oauthstore_core.oauth2.endpoints"


def test_a_stock_grant_s_tokens_are_those_of_the_user_s_primary_key(chapter: Chapter) -> None:
    class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]  # of Authlib
        def authenticate_user(self, username: str, password: str) -> Any:  # noqa: ANN401
            return chapter.names["User"].objects.get(pk=username)

    server = AuthorizationServer(chapter.names["OAuth2Client"])
    server.register_grant(PasswordGrant)
    chapter.names["OAuth2Client"].objects.update(grant_type="password")
    chapter.names["server"] = server

    form = {"grant_type": "password", "username": "alice", "password": "x", "scope": "mail"}
    answer = _post(chapter, form)

    assert answer.status_code == 200
    (grant,) = server.stores.tokens.list_grants("c1", "alice", None, 10).items
    assert grant.subject == "alice"
