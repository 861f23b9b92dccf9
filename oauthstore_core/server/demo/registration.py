"""What the demo needs in the store: made at its first start, kept ever after."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ...oauth2.clients import ClientRecord
from ...oauth2.registration import register_client
from ...oauth2.server import AuthorizationServer
from ...settings import Settings
from ...translation import Message
from ..accounts import Accounts
from ..paths import Paths

__all__ = ["ACCOUNT", "APP_ID", "CLIENT_ID", "SCOPES", "DemoNotes", "demo_settings", "prepare_demo"]

CLIENT_ID: Final = "oauthstore-demo"
APP_ID: Final = "oauthstore-demo-app"
ACCOUNT: Final = "demo"
SCOPES: Final[Mapping[str, str]] = {"profile": Message("See your account's name and id")}


@dataclass(frozen=True, slots=True)
class DemoNotes:
    """What was made just now, and is told this once; None: it was there already."""

    client_secret: str | None = field(repr=False)
    password: str | None = field(repr=False)


def demo_settings(settings: Settings) -> Settings:
    """Return the settings with the demo's scope, where they list any scopes at all."""
    if not settings.scopes:
        return settings
    return replace(settings, scopes={**SCOPES, **settings.scopes})


def prepare_demo(server: AuthorizationServer, accounts: Accounts) -> DemoNotes:
    """Create what is missing of the demo's two clients and its account."""
    _prepare_app(server, f"{Paths(server.issuer).demo}/callback")
    return DemoNotes(_prepare_client(server), _prepare_account(accounts))


def _prepare_client(server: AuthorizationServer) -> str | None:
    if server.query_client_anew(CLIENT_ID) is not None:
        return None
    metadata = {
        "client_name": "Demo service",
        "grant_types": ["client_credentials"],
        "scope": " ".join(SCOPES),
    }
    return _register(server, CLIENT_ID, metadata)


def _prepare_app(server: AuthorizationServer, callback: str) -> None:
    redirect_uri = Paths(server.issuer).absolute(callback)
    app = server.query_client_anew(APP_ID)
    if app is not None:
        _follow_issuer(server, app, redirect_uri)
        return
    metadata = {
        "client_name": "Demo application",
        "client_uri": server.issuer,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "scope": " ".join(SCOPES),
    }
    _register(server, APP_ID, metadata)


def _follow_issuer(server: AuthorizationServer, app: ClientRecord, redirect_uri: str) -> None:
    """Register the redirect URI anew where the server moved to another address."""
    if redirect_uri in app.redirect_uris:
        return
    moved = {"redirect_uris": [redirect_uri], "client_uri": server.issuer}
    payload = {**app.payload, "metadata": {**app.client_metadata, **moved}}
    server.stores.clients.save_client(replace(app.client, payload=json.dumps(payload)))


def _register(
    server: AuthorizationServer, client_id: str, metadata: Mapping[str, Any]
) -> str | None:
    registration = register_client(
        server.stores.clients,
        metadata,
        key_ring=server.key_ring,
        clock=server.clock,
        client_id=client_id,
    )
    return registration.client_secret


def _prepare_account(accounts: Accounts) -> str | None:
    if accounts.store.query_account(ACCOUNT) is not None:
        return None
    password = secrets.token_urlsafe(12)
    accounts.create(ACCOUNT, password, administrator=True)
    return password
