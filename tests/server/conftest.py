"""The server in this process, on memory, with a browser of few skills."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from argon2 import PasswordHasher

from oauthstore_core.integrations.asgi import Routes
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.application import open_server, routes_of
from oauthstore_core.server.demo import SCOPES, demo_settings
from oauthstore_core.server.site import build_site
from oauthstore_core.settings import Settings
from oauthstore_core.testing.clock import FakeClock

from ..live.figures import pytest_terminal_summary, report
from .browser import ISSUER, PASSWORD, Ask, Browser, NewBrowser, QueryOf

__all__ = ["pytest_terminal_summary", "report"]

CALLBACK = "https://app.example.org/callback"
VERIFIER = "v" * 43


def cheap_hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1_800_000_000)


@pytest.fixture
def settings() -> Settings:
    return Settings.from_mapping(
        {
            "issuer": ISSUER,
            "store": "memory://",
            "secret_keys": ["k" * 40],
            "scopes": {"profile": "See your name", "mail": "Read your mail"},
        }
    )


@pytest.fixture
def server(settings: Settings, clock: FakeClock) -> Iterator[AuthorizationServer]:
    server = open_server(demo_settings(settings), clock)
    register_client(
        server.stores.clients,
        {
            "client_name": "Photo <b>Album</b>",
            "client_uri": "https://album.example.org/about",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "scope": "profile mail",
        },
        key_ring=server.key_ring,
        clock=clock,
        client_id="album",
    )
    with server.stores:
        yield server


@pytest.fixture
def accounts(server: AuthorizationServer) -> Accounts:
    store = server.stores.accounts
    assert store is not None
    accounts = Accounts(store, server.clock, cheap_hasher())
    accounts.create("alice", PASSWORD)
    return accounts


@pytest.fixture
def routes(server: AuthorizationServer, accounts: Accounts) -> Routes:
    return routes_of(build_site(server, accounts, demo_scopes=SCOPES))


@pytest.fixture
def new_browser(routes: Routes) -> NewBrowser:
    return partial(Browser, routes)


@pytest.fixture
def browser(new_browser: NewBrowser) -> Browser:
    return new_browser()


@pytest.fixture
def ask() -> Ask:
    """Return the URL of an authorization request; None leaves a parameter out."""

    def url(**changes: str | None) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": "album",
            "redirect_uri": CALLBACK,
            "scope": "profile",
            "state": "xyz &=+%",
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            **changes,
        }
        return "/authorize?" + urlencode({k: v for k, v in asked.items() if v is not None})

    return url


@pytest.fixture
def query_of() -> QueryOf:
    return lambda location: dict(parse_qsl(urlsplit(location or "").query))
