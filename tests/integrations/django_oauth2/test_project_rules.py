"""`check --deploy` of a project with models, grants and servers of its own."""

# ruff: noqa: ANN401, DJ008 - of Authlib, which declares no types; nobody looks at them

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any, Final

import pytest
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from django.core import checks
from django.test.utils import override_settings

from oauthstore_core.integrations.django.checks import check_rules
from oauthstore_core.integrations.django_oauth1 import AuthorizationServer as OAuth1Server
from oauthstore_core.integrations.django_oauth1 import CacheAuthorizationServer
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer
from oauthstore_core.oauth2.pkce import S256CodeChallenge

from ...django_oauth1.own_models import own_models
from .test_deployment import OURS, SAFE

_NO_URLS: Final = ModuleType("no_urls")
_NO_URLS.urlpatterns = []  # type: ignore[attr-defined]  # a module that is made


@pytest.fixture(autouse=True)
def _deploy(only_this_project: None) -> Iterator[None]:
    with override_settings(ROOT_URLCONF=_NO_URLS, **SAFE):
        yield


def _told(rule: str, ours: Mapping[str, Any] = OURS) -> checks.CheckMessage:
    with override_settings(OAUTHSTORE={**OURS, **ours}):
        found = {str(message.id): message for message in check_rules()}
    return found[f"oauthstore.rule_{rule}"]


@cache
def _models() -> tuple[Any, Any]:
    from django.db import models  # noqa: PLC0415 - only once the project is set up

    class OAuth2Client(models.Model, ClientMixin):  # type: ignore[misc]  # of Authlib, untyped
        client_id = models.CharField(max_length=48, unique=True)

        class Meta:
            app_label = "people"

    class OAuth2Token(models.Model, TokenMixin):  # type: ignore[misc]  # the same
        client_id = models.CharField(max_length=48)
        access_token = models.CharField(max_length=255, unique=True)
        refresh_token = models.CharField(max_length=255, blank=True)

        class Meta:
            app_label = "people"

    return OAuth2Client, OAuth2Token


def _own_server(*registered: Any) -> AuthorizationServer:
    server = AuthorizationServer(*_models())
    for grant, extensions in registered:
        server.register_grant(grant, extensions)
    return server


class _Rotating(grants.RefreshTokenGrant):  # type: ignore[misc]  # of Authlib, untyped
    INCLUDE_NEW_REFRESH_TOKEN = True


class _S256(CodeChallenge):  # type: ignore[misc]  # the same
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - as Authlib has it


class _Demanding(_S256):
    def validate_code_challenge(self, grant: Any, redirect_uri: Any) -> None:
        super().validate_code_challenge(grant, redirect_uri)


class _PlainServer(OAuth1Server):
    SUPPORTED_SIGNATURE_METHODS = ("PLAINTEXT",)


class _PatientServer(OAuth1Server):
    EXPIRY_TIME = 900


class _Finding(AuthorizationServer):
    def query_client(self, client_id: str) -> Any:
        return None


CODE: Final = grants.AuthorizationCodeGrant


def test_tokens_of_own_mode_live_as_long_as_authlib_has_them() -> None:
    server = _own_server((CODE, None), (grants.ClientCredentialsGrant, None))

    told = _told("lifetimes")
    assert told.level == checks.WARNING
    assert "authorization_code 864000 s, client_credentials 864000 s" in told.msg
    assert "token_expires_in" in str(told.hint)
    hour = {"authorization_code": 3600, "client_credentials": 600}
    with override_settings(AUTHLIB_OAUTH2_PROVIDER={"token_expires_in": hour}):
        told = _told("lifetimes")
    assert told.level == checks.INFO
    assert "client_credentials 600 s" in told.msg
    assert "access_token 3600 s" not in told.msg
    del server


def test_of_tokens_that_a_generator_of_the_project_s_makes_no_lifetime_is_claimed() -> None:
    server = _own_server((CODE, None))
    made: Any = lambda **_: {}  # noqa: E731 - of any kind
    server.register_token_generator("default", made)

    told = _told("lifetimes")

    assert (told.level, "token generator says" in told.msg) == (checks.INFO, True)


def test_tokens_that_lie_readable_in_a_table_are_told() -> None:
    server = _own_server()

    told = _told("secrets_at_rest")

    assert told.level == checks.WARNING
    assert "OAuth2Token.access_token" in told.msg
    del server


@pytest.mark.parametrize("kind", [OAuth1Server, CacheAuthorizationServer])
def test_secrets_of_oauth_1_that_lie_readable_in_a_table_are_told(kind: Any) -> None:
    models = own_models()
    server = kind(models.Client, models.Token)

    told = _told("secrets_at_rest")

    assert told.level == checks.WARNING
    assert "Token.oauth_token_secret" in told.msg
    assert "kept as Token does" in _told("oauth_1_credentials").msg
    del server


def test_a_model_that_may_encrypt_is_left_to_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _own_server()
    monkeypatch.setattr(server.token_model, "save", lambda *_: None)

    told = _told("secrets_at_rest")

    assert (told.level, "OAuth2Token decides" in told.msg) == (checks.INFO, True)


@pytest.mark.parametrize(
    ("extensions", "words"),
    [
        (None, "without PKCE"),
        ([CodeChallenge()], "takes S256, plain"),
        ([_S256()], "lets confidential clients do without"),
    ],
    ids=["none", "plain", "not all clients"],
)
@pytest.mark.parametrize("own", [True, False])
def test_a_grant_of_the_project_s_that_can_do_without_pkce_is_told(
    extensions: Any,
    words: str,
    own: bool,  # noqa: FBT001 - the mode
) -> None:
    server = _own_server() if own else AuthorizationServer()
    server.register_grant(CODE, extensions)

    told = _told("pkce")

    assert (told.level, words in told.msg) == (checks.WARNING, True)
    assert "S256CodeChallenge" in str(told.hint)


def test_pkce_of_the_project_s_own_is_kept_or_left_to_it() -> None:
    server = _own_server((CODE, [S256CodeChallenge(required=True)]))
    assert _told("pkce").level == checks.INFO

    another = _own_server((CODE, [_Demanding()]))
    told = _told("pkce")

    assert (told.level, "as _Demanding does" in told.msg) == (checks.INFO, True)
    assert "no setting changes it" not in told.msg
    del server, another


def test_what_own_mode_does_not_serve_is_not_said_to_be_kept() -> None:
    server = _own_server((grants.ClientCredentialsGrant, None))

    assert "no codes" in _told("pkce").msg
    assert "S256" not in _told("pkce").msg
    assert "no refresh token" in _told("refresh_rotation").msg
    assert "for 10 s" not in _told("refresh_rotation").msg
    del server


@pytest.mark.parametrize(
    ("grant", "level", "words"),
    [
        (grants.RefreshTokenGrant, checks.WARNING, "INCLUDE_NEW_REFRESH_TOKEN"),
        (_Rotating, checks.INFO, "_Rotating rotates"),
    ],
)
def test_rotation_is_told_as_the_project_s_grant_has_it(grant: Any, level: int, words: str) -> None:
    server = _own_server((grant, None))

    told = _told("refresh_rotation")

    assert told.level == level
    assert words in f"{told.msg} {told.hint}"
    assert "for 10 s" not in told.msg
    del server


@pytest.mark.parametrize(
    "rule", ["audience", "client_authentication", "introspection", "redirect_uris", "revocation"]
)
def test_what_models_and_grants_decide_is_left_to_the_project(rule: str) -> None:
    before = _told(rule).msg
    server = _own_server()

    told = _told(rule)

    assert told.level == checks.INFO
    assert "the project's own: " in told.msg
    assert told.msg != before
    del server


@pytest.mark.parametrize("rule", ["client_authentication", "redirect_uris"])
def test_clients_that_a_subclass_finds_itself_are_left_to_it(rule: str) -> None:
    server = _Finding(None, _models()[1])

    told = _told(rule).msg

    assert "_Finding" in told
    assert "no setting changes it" not in told
    del server


def test_beside_a_server_on_the_store_both_are_told() -> None:
    servers = [_own_server(), AuthorizationServer()]

    told = _told("introspection").msg

    assert "ours: the token's client" in told
    assert "the project's: at OAuth2Token" in told
    del servers


def test_methods_that_a_subclass_accepts_are_told() -> None:
    server = _PlainServer()

    told = _told("oauth_1_signatures")

    assert (told.level, "_PlainServer accepts PLAINTEXT" in told.msg) == (checks.WARNING, True)
    # The dict goes before the class.
    with override_settings(AUTHLIB_OAUTH1_PROVIDER={"signature_methods": ["HMAC-SHA1"]}):
        told = _told("oauth_1_signatures")
    assert (told.level, "_PlainServer: HMAC-SHA1" in told.msg) == (checks.INFO, True)
    del server


def test_a_method_and_a_window_of_one_server_alone_are_told() -> None:
    server = OAuth1Server(options={"oauth1": {"signature_methods": ["PLAINTEXT"]}})
    assert "PLAINTEXT" in _told("oauth_1_signatures").msg
    del server
    patient = _PatientServer()

    assert "within 900 s" in _told("oauth_1_signatures").msg
    del patient


def test_servers_of_oauth_1_without_authlib_s_dict_are_told_to_serve() -> None:
    assert "our endpoints are off" in _told("oauth_1_signatures").msg
    server = CacheAuthorizationServer()

    told = _told("oauth_1_signatures").msg

    assert "CacheAuthorizationServer: HMAC-SHA1" in told
    assert "not served" not in told
    del server


@pytest.mark.parametrize("ours", [{"store": "memory://"}, {"store": None}])
def test_what_is_in_memory_is_what_the_project_s_servers_have_in_a_store(
    ours: Mapping[str, Any],
) -> None:
    everything = "clients, tokens, credentials, nonces: in the memory"
    assert everything in _told("one_winner", ours).msg
    server = _own_server()

    told = _told("one_winner", ours).msg

    assert "): nonces: in the memory" in told
    del server


def test_a_server_with_a_store_of_its_own_forgets_nothing() -> None:
    server = AuthorizationServer(options={"store": "sqlite:///own.db"})

    assert _told("one_winner", {"store": "memory://"}).level == checks.INFO
    del server


@pytest.mark.parametrize("issuer", [None, "https://example.com/oauth"])
def test_sessions_are_not_kept_where_their_cookie_may_be_sent_in_the_clear(
    issuer: str | None,
) -> None:
    with override_settings(SESSION_COOKIE_SECURE=False):
        told = _told("sessions", {"issuer": issuer})

    assert (told.level, "SESSION_COOKIE_SECURE is off" in told.msg) == (checks.WARNING, True)
