"""The settings and stores of OAuth 1 in a Flask application: its own, or those of OAuth 2."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Flask

from ...clock import Clock
from ...memory import MemoryBackend
from ...settings import Settings
from ...settings.parts import DEFAULT_STORE
from ...stores import REQUIRED_ROLES, Stores
from ..embedding import open_embedded
from ..flask_oauth2 import AuthorizationServer as OAuth2Server
from ..flask_oauth2.configuration import settings_of
from .configuration import CACHE_STORE, with_auth_cache

__all__ = ["EXTENSION", "Opened", "open_for"]

log = logging.getLogger("oauthstore")

#: Where Flask keeps the server of an application.
EXTENSION: Final = "oauthstore_oauth1"
_OAUTH2_EXTENSION: Final = "oauthstore"
#: What may be said besides where the stores of OAuth 2 serve.
_BESIDE: Final = frozenset({"issuer", "oauth1"})


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened, and whether it is to be closed by who asked for it."""

    settings: Settings
    stores: Stores
    is_shared: bool

    def close(self) -> None:
        """Close the stores, unless they are of another server."""
        if not self.is_shared:
            self.stores.close()


def open_for(
    app: Flask,
    arguments: Mapping[str, Any],
    roles: Sequence[str],
    *,
    migrate: bool | None,
    clock: Clock,
) -> Opened:
    """Return the settings and the stores; `roles` are those that cannot be done without.

    Where nothing of storage is said and the application has an OAuth 2 server
    on a store, its stores serve: the same clients and grants.
    `ConfigurationError`: what does not fit.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    beside = app.extensions.get(_OAUTH2_EXTENSION)
    if isinstance(beside, OAuth2Server) and not beside.own_mode and set(given) <= _BESIDE:
        return _share(app, beside, given, migrate=migrate, clock=clock)
    settings = settings_of(app, given)
    backends = None
    if settings.names_no_store and set(roles) != set(REQUIRED_ROLES):
        log.warning(
            "No store is named, so nonces and temporary credentials are used once within this "
            "process only. Where several processes serve, set OAUTHSTORE_STORE, for example to "
            "sqlite:///oauth.db (pip install oauthstore-sqla)."
        )
        backends = {DEFAULT_STORE: MemoryBackend()}
    settings = with_auth_cache(app, settings)
    stores = _open(settings, roles, backends, migrate=migrate, clock=clock)
    return Opened(settings, stores, is_shared=False)


def _share(
    app: Flask,
    beside: OAuth2Server,
    given: Mapping[str, Any],
    *,
    migrate: bool | None,
    clock: Clock,
) -> Opened:
    settings = beside.settings
    if "issuer" in given:
        settings = replace(settings, issuer=given["issuer"])
    if "oauth1" in given:
        told = Settings.from_mapping({"oauth1": given["oauth1"]})
        settings = replace(settings, oauth1=told.oauth1)
    cached = with_auth_cache(app, settings)
    if cached.roles == settings.roles:
        return Opened(cached, beside.stores, is_shared=True)
    backends = beside.stores.backends
    stores = _open(cached, REQUIRED_ROLES, backends, migrate=migrate, clock=clock)
    return Opened(cached, stores, is_shared=False)


def _open(
    settings: Settings,
    roles: Sequence[str],
    backends: Mapping[str, Any] | None,
    *,
    migrate: bool | None,
    clock: Clock,
) -> Stores:
    return open_embedded(
        settings,
        migrate=migrate,
        backends=backends,
        clock=clock,
        required_roles=roles,
        # Whatever the application's hooks leave to the store, as far as it serves that.
        optional_roles=[role for role in REQUIRED_ROLES if role not in roles],
        # Who names a cache in Authlib's words has no command in mind to set it up.
        private=(CACHE_STORE,),
    )
