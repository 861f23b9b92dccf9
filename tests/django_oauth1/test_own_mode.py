"""What the project keeps itself goes before the store: its models, and methods of a subclass."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from authlib.integrations.django_oauth1 import BaseServer as AuthlibBaseServer
from authlib.integrations.django_oauth1 import (
    CacheAuthorizationServer as AuthlibCacheAuthorizationServer,
)
from authlib.integrations.django_oauth1 import ResourceProtector as AuthlibResourceProtector
from authlib.oauth1 import TemporaryCredential
from authlib.oauth1.rfc5849.errors import OAuth1Error
from django.core.cache import caches
from django.test.utils import override_settings

from oauthstore_core.integrations.django_oauth1 import (
    AuthorizationServer,
    BaseServer,
    CacheAuthorizationServer,
    ResourceProtector,
)

from ..flask_oauth1.own_application import CALLBACK, METHODS, SECRET
from ..flask_oauth1.signing import RSA_PUBLIC_KEY
from ..flask_oauth1.worlds import told
from ..integrations.django_oauth2.people import find_person
from .own_models import fill
from .worlds import CACHES, DjangoWorld

KINDS = (AuthorizationServer, CacheAuthorizationServer)


@pytest.fixture(autouse=True)
def _configure() -> Iterator[None]:
    provider = {"signature_methods": METHODS}
    ours = {"store": "memory://"}
    with override_settings(AUTHLIB_OAUTH1_PROVIDER=provider, CACHES=CACHES, OAUTHSTORE=ours):
        caches["default"].clear()
        yield


@pytest.fixture
def models() -> Any:
    return fill(SECRET, RSA_PUBLIC_KEY, CALLBACK)


class OwnTemporaries(BaseServer):
    """A server as Authlib's documentation has it, with temporary credentials of its own.

    Each method looks first and writes later; none of them claims anything.
    """

    kept: ClassVar[dict[str, TemporaryCredential]] = {}

    def create_temporary_credential(self, request: Any) -> Any:
        token = self.token_generator()
        made = TemporaryCredential(
            **token, client_id=request.client_id, oauth_callback=request.redirect_uri
        )
        self.kept[token["oauth_token"]] = made
        return made

    def get_temporary_credential(self, request: Any) -> Any:
        return self.kept.get(request.token)

    def delete_temporary_credential(self, request: Any) -> None:
        """Forget to."""

    def create_authorization_verifier(self, request: Any) -> str:
        request.credential["user_id"] = request.user.pk
        request.credential["oauth_verifier"] = "a verifier"
        return "a verifier"


def _world(server: Any, models: Any = None) -> DjangoWorld:
    return DjangoWorld("own", server, ResourceProtector(server), models)


def _register(server: Any) -> None:
    metadata = {"redirect_uris": [CALLBACK]}
    server.register_client(metadata, client_id="c1", client_secret=SECRET)


def test_the_classes_are_authlib_s_with_the_models_where_authlib_has_them(models: Any) -> None:
    server = CacheAuthorizationServer(models.Client, models.Token)
    protector = ResourceProtector(models.Client, models.Token)

    assert isinstance(server, AuthlibBaseServer | AuthlibCacheAuthorizationServer)
    assert isinstance(protector, AuthlibResourceProtector)
    for made in (server, protector):
        assert (made.client_model, made.token_model) == (models.Client, models.Token)
    assert {*server.token_generator()} == {"oauth_token", "oauth_token_secret"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", ["Client", "Token", "Client Token", ""])
def test_each_part_may_be_the_project_s_or_the_store_s(
    models: Any, parts: str, kind: Callable[..., Any]
) -> None:
    own = {"client_model": models.Client, "token_model": models.Token}
    given = {f"{part.lower()}_model": own[f"{part.lower()}_model"] for part in parts.split()}
    server = kind(**given)
    if "Client" not in parts:
        _register(server)
    world = DjangoWorld("own", server, ResourceProtector(**given), models)
    if not given:
        world = _world(server)

    temporary = world.temporary()
    verifier = world.authorize(temporary)
    found = told(world.exchange(temporary, verifier))
    client = temporary.using(found["oauth_token"], found["oauth_token_secret"])

    assert world.me(client).json == {"user": 1, "client": "c1"}
    assert world.exchange(temporary, verifier).status_code == 401
    assert models.Token.objects.count() == ("Token" in parts)


# --- methods of a subclass ---


@pytest.mark.parametrize("with_models", [True, False])
def test_a_subclass_keeps_temporary_credentials_itself_with_one_winner(
    models: Any,
    with_models: bool,  # noqa: FBT001 - a case
) -> None:
    server = OwnTemporaries(*((models.Client, models.Token) if with_models else ()))
    if not with_models:
        _register(server)
    world = _world(server)
    temporary, denied = world.temporary(), world.temporary()

    assert world.authorize(temporary) == "a verifier"
    assert world.decide(temporary, user=2).status_code == 401
    assert [world.decide(denied, user=user).status_code for user in (0, 1)] == [302, 401]
    assert [world.exchange(temporary, "a verifier").status_code for _ in "ab"] == [200, 401]


def test_a_subclass_that_calls_its_parent_does_not_lose_to_itself() -> None:
    called: list[str] = []

    class Server(AuthorizationServer):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            called.append("nonce")
            return super().exists_nonce(nonce, request)

        def create_authorization_verifier(self, request: Any) -> str:
            called.append("verifier")
            return super().create_authorization_verifier(request)

        def create_token_credential(self, request: Any) -> Any:
            called.append("token")
            return super().create_token_credential(request)

    server = Server()
    _register(server)
    world = _world(server)
    temporary = world.temporary()
    verifier = world.authorize(temporary)

    assert world.decide(temporary).status_code == 401
    assert [world.exchange(temporary, verifier).status_code for _ in "ab"] == [200, 401]
    assert called == ["nonce", "verifier", "nonce", "token", "nonce"]


def test_a_subclass_that_remembers_no_nonce_has_it_claimed_all_the_same() -> None:
    class Server(AuthorizationServer):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

    class Protector(ResourceProtector):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return nonce == "known"

    server = Server()
    _register(server)
    world = DjangoWorld("own", server, Protector(server), None)
    headers = world.client.header("POST", "/oauth1/initiate", callback=CALLBACK)
    client = world.token()

    answers = [world.open("/oauth1/initiate", "POST", headers=headers) for _ in "ab"]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert world.me(client, nonce="known").status_code == 401
    asked = client.header("GET", "/me")
    assert [world.open("/me", "GET", headers=asked).status_code for _ in "ab"] == [200, 401]


def test_a_subclass_may_find_clients_itself(models: Any) -> None:
    class Server(CacheAuthorizationServer):
        def get_client_by_id(self, client_id: str) -> Any:
            return super().get_client_by_id(client_id.removeprefix("x"))

    world = _world(Server(models.Client, models.Token))

    assert world.temporary(world.client.__class__("xc1", SECRET)).token


def test_a_subclass_may_say_times_and_methods_as_with_authlib() -> None:
    class Server(AuthorizationServer):
        EXPIRY_TIME = 5
        SUPPORTED_SIGNATURE_METHODS: ClassVar[list[str]] = ["PLAINTEXT"]

    with override_settings(AUTHLIB_OAUTH1_PROVIDER={}):
        server = Server()
        _register(server)
        world = _world(server)
        old = str(server.clock.now() - 60)

        assert world.initiate().status_code == 400
        assert told(world.initiate())["error"] == "unsupported_signature_method"
        assert told(world.initiate(timestamp=old))["error"] == "invalid_request"


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_method_of_one_s_own_counts_for_the_server_that_it_is_registered_with(
    is_ready: bool,  # noqa: FBT001 - a case
) -> None:
    server, another = AuthorizationServer(), AuthorizationServer()
    _register(server)
    (server.ensure_ready if is_ready else server.forget_settings)()
    server.register_signature_method("OURS", lambda request: request.signature == "signed")
    asked = {"signature_method": "OURS", "signature": "signed"}

    assert _world(server).initiate(**asked).status_code == 200
    assert _world(server).initiate(**{**asked, "signature": "forged"}).status_code == 401
    refused = told(_world(another).initiate(**asked))
    assert refused["error"] == "unsupported_signature_method"


# --- what makes tokens ---


def _numbered() -> dict[str, str]:
    return {"oauth_token": "token-of-mine-1", "oauth_token_secret": "secret-of-mine-1"}


@pytest.mark.parametrize("how", ["argument", "settings", "path"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_project_s_generator_makes_tokens(kind: Callable[..., Any], how: str) -> None:
    named = {"settings": _numbered, "path": f"{__name__}._numbered"}.get(how)
    with override_settings(AUTHLIB_OAUTH1_PROVIDER={"token_generator": named} if named else {}):
        server = kind(None, None, _numbered if how == "argument" else None)
        _register(server)

        assert _world(server).temporary().token == "token-of-mine-1"


# --- the database's and the user's part ---


def test_a_user_who_is_gone_gets_no_token_credential(ours: DjangoWorld) -> None:
    find_person("3")
    temporary = ours.temporary()
    verifier = ours.authorize(temporary, user=3)
    find_person("3").delete()

    answer = ours.exchange(temporary, verifier)

    assert (answer.status_code, told(answer)["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("place", ["client_id", "token"])
def test_what_no_database_takes_is_unknown(ours: DjangoWorld, place: str) -> None:
    strange = {"client_id": "c\0", "token": "t\0"}[place]
    changed = ours.client.__class__("c1", SECRET, token="t")
    answer = ours.me(changed, **{"consumer_key" if place == "client_id" else "token": strange})

    # The header is refused before a database is asked.
    assert answer.status_code == 400


def test_nobody_decides_nothing_and_an_anonymous_user_denies() -> None:
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415 - it has models

    server = AuthorizationServer()
    _register(server)
    world = _world(server)
    temporary = world.temporary()
    http = world.test_client().client.request().wsgi_request
    http.META |= {"QUERY_STRING": f"oauth_token={temporary.token}", "HTTP_HOST": "localhost"}

    answer = server.create_authorization_response(http, AnonymousUser())

    assert "error=access_denied" in answer.headers["Location"]
    with pytest.raises(OAuth1Error) as raised:
        server.check_authorization_request(http)
    assert raised.value.error == "invalid_token"
