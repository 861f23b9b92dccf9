"""Hazards of Authlib's OAuth 1 that need no framework to be seen: there, and closed on ours.

The others are in the table of `tests/flask_oauth1`, where its whole server stands beside ours.
"""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from authlib.oauth1 import AuthorizationServer as AuthlibServer
from authlib.oauth1 import ClientMixin, OAuth1Request, TemporaryCredential
from authlib.oauth1.rfc5849.errors import OAuth1Error

from oauthstore_core.digests import digest
from oauthstore_core.http import HttpRequest

from .signer import Signer
from .world import INITIATE, NOW, TOKEN, World

DAY = 24 * 60 * 60


class Client(ClientMixin):  # type: ignore[misc]  # of Authlib, untyped
    """A row of an application's."""

    def get_client_secret(self) -> str:
        return "secret"

    def get_default_redirect_uri(self) -> str:
        return "https://client.example/cb"


class Stock(AuthlibServer):  # type: ignore[misc]  # of Authlib, untyped
    """Authlib's server on a dict, as its documentation has it, at a time that is made up."""

    EXPIRY_TIME = None

    def __init__(self) -> None:
        self.temporary: dict[str, TemporaryCredential] = {}

    def get_client_by_id(self, client_id: str) -> Any:
        return Client()

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def create_oauth1_request(self, request: HttpRequest) -> Any:
        url = f"{request.scheme}://{request.headers['Host']}{request.path}"
        return OAuth1Request(request.method, url, None, request.headers)

    def handle_response(self, status: int, payload: Any, headers: Any) -> Any:
        return status, dict(payload)

    def create_temporary_credential(self, request: Any) -> Any:
        made = TemporaryCredential(
            oauth_token="temporary",
            oauth_token_secret="temporary secret",
            client_id=request.client_id,
            oauth_callback=request.redirect_uri,
        )
        self.temporary["temporary"] = made
        return made

    def get_temporary_credential(self, request: Any) -> Any:
        return self.temporary.get(request.token)

    def delete_temporary_credential(self, request: Any) -> None:
        self.temporary.pop(request.token, None)

    def create_token_credential(self, request: Any) -> Any:
        return request.credential


def ask_stock(server: Stock, asked: HttpRequest) -> Any:
    create = (
        server.create_temporary_credentials_response
        if asked.path.endswith("/initiate")
        else server.create_token_response
    )
    try:
        return create(asked)
    except OAuth1Error as error:
        return error.status_code, dict(error.get_body())


STOCK = Signer("client", "secret")


@pytest.mark.parametrize("callback", ["https://evil.example/", "javascript://x/alert(1)"])
def test_a_callback_that_nobody_registered(callback: str) -> None:
    stock = ask_stock(Stock(), STOCK.sign("POST", INITIATE, NOW, oauth_callback=callback))
    world = World()
    signer = world.register(metadata={"redirect_uris": ["https://client.example/cb"]})

    assert stock[0] == 200
    assert world.initiate(signer, oauth_callback=callback).outcome == (400, "invalid_request")


def test_a_temporary_credential_of_yesterday() -> None:
    server, world = Stock(), World()
    ask_stock(server, STOCK.sign("POST", INITIATE, NOW, oauth_callback="https://c.example/"))
    server.temporary["temporary"]["oauth_verifier"] = "verifier"
    signer = Signer("client", "secret", "temporary", "temporary secret")
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)

    world.clock.advance(DAY)
    late = signer.sign("POST", TOKEN, NOW + DAY, oauth_verifier="verifier")

    assert ask_stock(server, late)[0] == 200
    assert world.exchange(temporary, verifier).outcome == (401, "invalid_token")


def test_secrets_that_lie_open_in_the_store() -> None:
    server, world = Stock(), World()
    ask_stock(server, STOCK.sign("POST", INITIATE, NOW, oauth_callback="https://c.example/"))
    temporary = world.begin(world.register())

    stored = world.stores.credentials.query_credential(
        "temporary_credential", digest(temporary.token or "")
    )

    assert server.temporary["temporary"]["oauth_token_secret"] == "temporary secret"
    assert stored is not None
    assert temporary.token_secret not in stored.payload
    assert (temporary.token or "") not in repr(stored) + stored.payload


class Spy(str):
    """A verifier that notes what all of them are compared with."""

    __slots__ = ()
    __hash__ = str.__hash__
    compared: ClassVar[list[object]] = []

    def __eq__(self, other: object) -> bool:
        self.compared.append(other)
        return str.__eq__(self, other)


def test_a_verifier_that_is_compared_character_by_character() -> None:
    """A string's own comparison ends at the first difference; digests are compared in whole."""
    stock, world = TemporaryCredential(oauth_verifier="right"), World()
    temporary = world.begin(world.register())
    world.verifier(temporary)
    asked = world.server.create_oauth1_request(
        temporary.sign("POST", TOKEN, NOW, oauth_verifier="x")
    )
    ours = world.server.get_temporary_credential(asked)

    Spy.compared.clear()
    assert not stock.check_verifier(Spy("wrong"))
    assert Spy.compared == ["right"]
    Spy.compared.clear()
    assert not ours.check_verifier(Spy("wrong"))
    assert Spy.compared == []
