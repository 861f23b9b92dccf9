"""What an authorization server inside of an application does where nothing is set.

Of no web framework: every edge that embeds the server stands on it::

    settings = load_settings({"store": store, "issuer": issuer, ...})
    stores = open_embedded(settings, migrate=migrate)
    settings = with_issuer(settings, "http://127.0.0.1:8000/oauth")    # from a request
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..backends import Backend
from ..clock import Clock
from ..errors import SettingsError
from ..memory import MemoryBackend
from ..settings import Settings, is_loopback
from ..settings.checks import judge_issuer
from ..settings.parts import DEFAULT_STORE
from ..stores import OPTIONAL_ROLES, REQUIRED_ROLES, Stores, open_stores

__all__ = [
    "derive_issuer",
    "derive_key",
    "load_settings",
    "migrate_local",
    "open_claims",
    "open_embedded",
    "with_issuer",
]

log = logging.getLogger("oauthstore")

#: Stores of one machine, whose schema nobody else has in use: it is brought up to date unasked.
_LOCAL: Final = frozenset({"memory", "sqlite"})


def load_settings(
    arguments: Mapping[str, object],
    *,
    config_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of arguments, environment and file, in this order of strength.

    `arguments` are nested as in the file; what is None counts as not given.
    Where all is kept in memory, secret keys are made, since what they seal
    ends with the process, too. `SettingsError` lists every problem.
    """
    settings = Settings.load(config_file, environ, arguments)
    if settings.secret_keys:
        return settings
    if _kept_in_memory(settings):
        return replace(settings, secret_keys=(secrets.token_urlsafe(48),))
    problem = (
        "`secret_keys` is empty, but what outlives this process is sealed under them. "
        'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"; keep it, '
        "and hand it over as `secret_keys=[...]` or in OAUTHSTORE_SECRET_KEYS."
    )
    raise SettingsError([problem])


def derive_key(secret_key: str | bytes) -> str:
    """Return the key to seal with that a web framework's own secret key makes, by HKDF."""
    material = secret_key.encode() if isinstance(secret_key, str) else secret_key
    derived = HKDF(algorithm=SHA256(), length=48, salt=None, info=b"oauthstore").derive(material)
    return base64.urlsafe_b64encode(derived).decode()


def _kept_in_memory(settings: Settings) -> bool:
    return all(store.scheme == "memory" for store in settings.stores.values())


def open_embedded(
    settings: Settings,
    *,
    migrate: bool | None = None,
    backends: Mapping[str, Backend] | None = None,
    clock: Clock | None = None,
    required_roles: Sequence[str] = REQUIRED_ROLES,
    optional_roles: Sequence[str] = OPTIONAL_ROLES,
    private: Collection[str] = (),
) -> Stores:
    """Return the open stores, whose schemas fit; the caller closes them.

    `migrate`: whether to bring schemas up to date; None: those of SQLite files
    only, for a database server has other users, and those of the stores that
    are `private` to this application. `backends` are open ones by store name,
    see `open_stores`. `ConfigurationError`: what does not fit.
    """
    with ExitStack() as resources:
        opened = open_stores(
            settings,
            backends=backends,
            clock=clock,
            required_roles=required_roles,
            optional_roles=optional_roles,
        )
        stores = resources.enter_context(opened)
        for name, backend in stores.backends.items():
            unasked = name in private or _is_local(settings, name)
            if unasked if migrate is None else migrate:
                backend.migrate()
            else:
                backend.ping()
        resources.pop_all()
    return stores


def open_claims(
    settings: Settings, setting: str, *, migrate: bool | None = None, clock: Clock | None = None
) -> Stores:
    """Return the store of nonces alone, which is all that own mode uses; see `open_embedded`.

    Where no store is named it is this process's memory, and a warning tells to
    set `setting`.
    """
    if not settings.names_no_store:
        return open_embedded(settings, migrate=migrate, clock=clock, required_roles=("nonces",))
    log.warning(
        "No store is named, so codes and refresh tokens are used once within this process only. "
        "Where several processes serve, set %s (pip install oauthstore-sqla).",
        setting,
    )
    return open_stores(
        settings,
        required_roles=("nonces",),
        optional_roles=(),
        backends={DEFAULT_STORE: MemoryBackend()},
        clock=clock,
    )


def migrate_local(settings: Settings, stores: Stores) -> None:
    """Bring the schemas of SQLite files up to date, and leave those of database servers."""
    for name, backend in stores.backends.items():
        if _is_local(settings, name):
            backend.migrate()


def _is_local(settings: Settings, name: str) -> bool:
    store = settings.stores.get(name)
    return store is not None and store.scheme.partition("+")[0] in _LOCAL


def with_issuer(settings: Settings, address: str) -> Settings:
    """Return the settings with an issuer: what is set, else the address of a request.

    `address` is the URL under which the request found this server: scheme, host
    and the path that the endpoints lie under. `SettingsError`: it is not on
    loopback; elsewhere a client could choose the issuer by its Host header.
    """
    if settings.issuer is not None:
        return settings
    issuer = derive_issuer(address)
    log.warning("No issuer is set: it is %s, for this address was asked first.", issuer)
    return replace(settings, issuer=issuer)


def derive_issuer(address: str) -> str:
    """Return the issuer that an address on loopback makes; `SettingsError` elsewhere."""
    issuer = address.rstrip("/")
    if judge_issuer(issuer) is None and is_loopback(issuer):
        return issuer
    problem = (
        "`issuer` is not set, and it is derived from a request on loopback only, but "
        f"this one came for {issuer!r}. Set `issuer` to the address that clients know, "
        "such as https://example.com/oauth."
    )
    raise SettingsError([problem])
