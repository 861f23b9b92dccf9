"""What the application keeps itself goes before the store, each part by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from authlib.oauth1.rfc5849.errors import OAuth1Error
from flask import Flask, request
from flask.typing import ResponseReturnValue

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    create_exists_nonce_func,
    current_credential,
    register_nonce_hooks,
    register_temporary_credential_hooks,
)

from .own_application import CALLBACK, SECRET
from .own_application import create_app as create_own_app
from .worlds import World


class Cache:
    """What cachelib's SimpleCache is to its users; `has` and `set` are two steps."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.before_set = lambda: None

    def get(self, key: str) -> Any:  # noqa: ANN401 - as caches are
        return self.kept.get(key)

    def set(self, key: str, value: object, timeout: int) -> None:
        assert timeout > 0
        self.before_set()
        self.kept[key] = value

    def has(self, key: str) -> bool:
        return key in self.kept

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


class AddingCache(Cache):
    """One that adds in one step, as Redis does."""

    def add(self, key: str, value: object, timeout: int) -> bool:
        assert timeout > 0
        self.before_set()
        if key in self.kept:
            return False
        self.kept[key] = value
        return True


class Client:
    """A client of the application's own, which has nothing but what Authlib asks for."""

    def get_default_redirect_uri(self) -> str:
        return CALLBACK

    def get_client_secret(self) -> str:
        return SECRET

    def get_rsa_public_key(self) -> None:
        return None


class Person:
    """A user of the application's own, of a number."""

    def get_user_id(self) -> int:
        return 7


class Token(dict[str, Any]):
    """A token credential of the application's own."""

    def get_oauth_token(self) -> str:
        return str(self["oauth_token"])

    def get_oauth_token_secret(self) -> str:
        return str(self["oauth_token_secret"])


class Application:
    """An application that keeps some parts itself, and leaves the others to the store."""

    def __init__(self, *parts: str, cache: Cache | None = None, **options: Any) -> None:
        self.app = Flask("application")
        self.app.config["SECRET_KEY"] = "s" * 40
        self.cache = cache or Cache()
        self.tokens: dict[str, Token] = {}
        own = "clients" in parts
        self.server = AuthorizationServer(
            self.app, query_client=self._query_client if own else None, store="memory://", **options
        )
        if not own:
            metadata = {"redirect_uris": [CALLBACK]}
            self.server.register_client(metadata, client_id="c1", client_secret=SECRET)
        if "temporaries" in parts:
            register_temporary_credential_hooks(self.server, self.cache)
        if "tokens" in parts:
            self.server.register_hook("create_token_credential", self._create_token)
        if "nonces" in parts:
            register_nonce_hooks(self.server, self.cache)
        protector = ResourceProtector(
            self.app,
            query_client=self._query_client if own else None,
            query_token=self._query_token if "tokens" in parts else None,
            exists_nonce=create_exists_nonce_func(self.cache) if "nonces" in parts else None,
        )
        self._add_views(protector)
        self.world = World("own", self.app, self.server)

    def _query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == "c1" else None

    def _query_token(self, client_id: str, oauth_token: str) -> Token | None:
        token = self.tokens.get(oauth_token)
        return token if token and token["client_id"] == client_id else None

    def _create_token(self, token: Mapping[str, str], temporary: Any) -> Token:  # noqa: ANN401 - of either
        client_id, user_id = temporary.get_client_id(), temporary.get_user_id()
        made = Token(token, client_id=client_id, user_id=user_id)
        self.tokens[made.get_oauth_token()] = made
        return made

    def _add_views(self, protector: ResourceProtector) -> None:
        @self.app.post("/oauth1/authorize")
        def authorize() -> ResponseReturnValue:
            granted = request.form["user"] != "0"
            response: ResponseReturnValue
            try:
                response = self.server.create_authorization_response(Person() if granted else None)
            except OAuth1Error as error:
                return error.description, error.status_code
            return response

        @self.app.get("/me")
        @protector
        def me() -> dict[str, Any]:
            known = current_credential
            return {"user": known["user_id"] if isinstance(known, dict) else known.get_user_id()}

        self.app.post("/oauth1/initiate")(self.server.create_temporary_credential_response)
        self.app.post("/oauth1/token")(self.server.create_token_response)


PARTS = ("clients", "temporaries", "tokens", "nonces")
MIXTURES = [
    tuple(part for bit, part in enumerate(PARTS) if number >> bit & 1) for number in range(16)
]


@pytest.mark.parametrize("parts", MIXTURES, ids=lambda parts: "+".join(parts) or "nothing")
def test_each_part_may_be_the_application_s_or_the_store_s(parts: tuple[str, ...]) -> None:
    application = Application(*parts)
    world = application.world

    client = world.token(world.client)

    # A hook gets the user's id as the application's user has it; the store keeps text.
    assert world.me(client).json == {"user": 7 if "tokens" in parts else "7"}
    assert world.me(client, nonce="n", timestamp=str(int(time.time()))).status_code == 200
    assert len(application.tokens) == ("tokens" in parts)
    assert bool(application.cache.kept) == ("nonces" in parts)


@pytest.mark.parametrize("parts", MIXTURES, ids=lambda parts: "+".join(parts) or "nothing")
def test_whoever_keeps_it_a_temporary_credential_is_decided_and_exchanged_once(
    parts: tuple[str, ...],
) -> None:
    world = Application(*parts).world
    temporary, denied = world.temporary(), world.temporary()
    verifier = world.authorize(temporary)
    world.decide(denied, user=0)

    assert world.exchange(temporary, verifier).status_code == 200
    assert world.exchange(temporary, verifier).status_code == 401
    assert [world.decide(decided).status_code for decided in (temporary, denied)] == [401, 401]


@pytest.mark.parametrize("cache", [Cache, AddingCache])
def test_of_two_requests_while_a_cache_is_between_its_steps_one_is_first(
    cache: type[Cache],
) -> None:
    application = Application("nonces", cache=cache())
    world = application.world
    client = world.token(world.client)
    headers, answers = client.header("GET", "/me"), list[int]()

    def send() -> None:
        answers.append(world.open("/me", "GET", headers=headers).status_code)

    def meanwhile() -> None:
        application.cache.before_set = lambda: None
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()

    application.cache.before_set = meanwhile
    send()
    application.cache.before_set = lambda: None
    send()

    assert sorted(answers) == [200, 401, 401]


def test_no_two_nonces_share_a_key_in_a_cache() -> None:
    exists_nonce = create_exists_nonce_func(Cache())

    assert not exists_nonce("a-1", "2", "c", None)
    assert not exists_nonce("a", "1-2", "c", None)
    assert not exists_nonce("a", "1", "2-c", None)
    assert not exists_nonce("a", "1", "2", "c")
    assert exists_nonce("a", "1", "2", "c")


def test_a_temporary_credential_in_a_cache_shows_nothing_in_its_repr() -> None:
    application = Application("temporaries")
    temporary = application.world.temporary()

    found = application.server._hooks["get_temporary_credential"](temporary.token)  # type: ignore[misc]

    assert repr(found) == "<TemporaryCredential of 'c1'>"
    assert not any(found.check_verifier(value) for value in ("", "None"))


def test_the_store_of_claims_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    app = Flask("bare")

    AuthorizationServer(app, query_client=lambda _: None)
    ResourceProtector(app, query_client=lambda _: None, query_token=lambda *_: None)

    warnings = [r.getMessage() for r in caplog.records if "No store is named" in r.getMessage()]
    assert len(warnings) == 1
    assert "OAUTHSTORE_STORE" in warnings[0]


def test_what_outlives_the_process_needs_a_secret_key_of_the_application(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="secret_keys"):
        AuthorizationServer(Flask("bare"), store=f"sqlite:///{tmp_path}/oauth.db")


@pytest.fixture
def authlib_s(folder: Path) -> Iterator[Flask]:
    app = create_own_app("oauthstore_core.integrations", f"sqlite:///{folder}/own.db")
    yield app
    with app.app_context():
        app.extensions["models"].db.engine.dispose()


def test_an_application_of_authlib_s_needs_no_store_to_start(authlib_s: Flask) -> None:
    assert authlib_s.extensions["server"].stores.routes["nonces"] == "default"
