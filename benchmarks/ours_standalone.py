"""Ours: the standalone server's ASGI application, with the plugins that `oauthstore init` names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from oauthstore_core.errors import DuplicateError
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.server.application import application_of, open_server
from oauthstore_core.settings import Settings

from .setting import CLIENT_ID, CLIENT_SECRET, METADATA, SCOPE, SECRET_KEY, Setting

__all__ = ["create_application", "create_in_memory", "open_registered"]


def create_application() -> Application:
    """Return the application on the database that the environment names."""
    setting = Setting.of_environment()
    return _create({"url": setting.url, "options": {"synchronous": setting.synchronous}})


def create_in_memory() -> Application:
    """Return the application on a store in memory."""
    return _create({"url": "memory://"})


def open_registered(store: Mapping[str, Any], issuer: str) -> AuthorizationServer:
    """Return the server on a store, where the client is registered; its stores are to be closed."""
    settings = Settings.load(
        overrides={
            "issuer": issuer,
            "stores": {"default": store},
            "secret_keys": [SECRET_KEY],
            "plugins": ["client_cache", "audit"],
            "scopes": {SCOPE: "See your name"},
        }
    )
    server = open_server(settings)
    server.stores.migrate()
    with suppress(DuplicateError):
        _register(server)
    return server


def _create(store: Mapping[str, Any]) -> Application:
    return application_of(open_registered(store, os.environ["BENCHMARK_ISSUER"]))


def _register(server: AuthorizationServer) -> None:
    served = server.served
    register_client(
        server.stores.clients,
        METADATA,
        key_ring=server.key_ring,
        clock=server.clock,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        grant_types=served.grant_types,
        response_types=served.response_types,
        scopes=served.scopes,
    )
