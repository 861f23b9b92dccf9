"""What Flask's configuration says of OAuth 1: Authlib's ``OAUTH1_*`` keys, and a few beside."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from urllib.parse import quote

from flask import Flask
from werkzeug.utils import import_string

from ...errors import SettingsError
from ...settings import Settings
from ...settings.parts import StoreSettings

__all__ = [
    "CACHE_STORE",
    "Generators",
    "generators_of",
    "signature_methods_of",
    "with_auth_cache",
]

#: The store that OAUTH1_AUTH_CACHE_TYPE adds.
CACHE_STORE: Final = "oauth1_auth_cache"
_CACHE: Final = "OAUTH1_AUTH_CACHE_"
_CACHE_TYPES: Final = ("simple", "redis")
_METHODS: Final = "OAUTH1_SUPPORTED_SIGNATURE_METHODS"
_EXPIRES_IN: Final = "OAUTH1_TEMPORARY_CREDENTIALS_EXPIRES_IN"
_ALPHABET: Final = string.ascii_letters + string.digits

Generate = Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Random:
    """What a key for a length says: so many letters and digits."""

    key: str
    default: int
    #: Fewer could be guessed, or met by chance.
    least: int
    #: What a column of Authlib's models takes.
    most: int = 84


_TOKEN: Final = _Random("OAUTH1_TOKEN_LENGTH", 42, 8)
_SECRET: Final = _Random("OAUTH1_TOKEN_SECRET_LENGTH", 48, 16)
_VERIFIER: Final = _Random("OAUTH1_VERIFIER_LENGTH", 36, 8)


@dataclass(frozen=True, slots=True)
class Generators:
    """What makes tokens, their secrets and verifiers; None: nothing is configured."""

    token: Generate | None
    secret: Generate | None
    verifier: Generate | None


def generators_of(app: Flask) -> Generators:
    """Return the generators that are configured; `SettingsError` lists what cannot be meant."""
    problems: list[str] = []
    found = Generators(
        _generator(app, "OAUTH1_TOKEN_GENERATOR", _TOKEN, problems),
        _generator(app, "OAUTH1_TOKEN_SECRET_GENERATOR", _SECRET, problems),
        _generator(app, "OAUTH1_VERIFIER_GENERATOR", _VERIFIER, problems),
    )
    if problems:
        raise SettingsError(problems)
    return found


def _generator(app: Flask, key: str, random: _Random, problems: list[str]) -> Generate | None:
    value = app.config.get(key)
    if value is None:
        return _of_length(app, random, problems)
    found = _imported(key, value, problems)
    if found is not None and not callable(found):
        problems.append(
            f"`{key}` is {value!r}, but a generator is a function without arguments, or the "
            f"import path of one. Give one, or leave the key out and set `{random.key}`."
        )
    return cast("Generate | None", found)


def _imported(key: str, value: object, problems: list[str]) -> object:
    if not isinstance(value, str):
        return value
    try:
        found: object = import_string(value)
    except ImportError as error:
        problems.append(
            f"`{key}` is {value!r}, which cannot be imported: {error}. "
            "Give the path of a function, such as `your_project.tokens.generate`."
        )
        return None
    return found


def _of_length(app: Flask, random: _Random, problems: list[str]) -> Generate | None:
    length = app.config.get(random.key)
    if length is None:
        return None
    if type(length) is int and random.least <= length <= random.most:
        return lambda: "".join(secrets.choice(_ALPHABET) for _ in range(length))
    problems.append(
        f"`{random.key}` is {length!r}, but it tells how many letters and digits are made. Give a "
        f"whole number from {random.least} to {random.most}; Authlib's default is {random.default}."
    )
    return None


def signature_methods_of(app: Flask) -> Sequence[str] | None:
    """Return the names of the methods that are accepted; None: it is not configured.

    A name may be one that is registered later. `SettingsError`: it is no list of names.
    """
    value = app.config.get(_METHODS)
    if value is None:
        return None
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
    problem = (
        f"`{_METHODS}` is {value!r}, but it lists signature methods. Give a list such as "
        "['HMAC-SHA1', 'RSA-SHA1'], or leave the key out."
    )
    raise SettingsError([problem])


def with_auth_cache(app: Flask, settings: Settings) -> Settings:
    """Return the settings with what the keys say of temporary credentials: where, and how long.

    A route of the role `credentials` that is set goes before. `SettingsError`:
    the cache is of no type that keeps what may be used once.
    """
    settings = _with_lifetime(app, settings)
    kind = app.config.get(f"{_CACHE}TYPE")
    if kind is None or settings.source_of("roles.credentials") != "default":
        return settings
    if kind not in _CACHE_TYPES:
        raise SettingsError([_unknown_type(kind)])
    store = StoreSettings("memory://") if kind == "simple" else _redis(app)
    return replace(
        settings,
        stores={**settings.stores, CACHE_STORE: store},
        roles={**settings.roles, "credentials": CACHE_STORE},
    )


def _unknown_type(kind: object) -> str:
    return (
        f"`{_CACHE}TYPE` is {kind!r}, but temporary credentials, which may be used once, are kept "
        "in 'simple' (this process's memory) or 'redis'. Set one of these, or route them: "
        "OAUTHSTORE_ROLES = {'credentials': ...}."
    )


def _redis(app: Flask) -> StoreSettings:
    """Return the store of ``OAUTH1_AUTH_CACHE_REDIS_*``, each by default ``CACHE_REDIS_*``."""
    prefix = _cached(app, "KEY_PREFIX")
    options = {"prefix": prefix.rstrip(":")} if prefix else {}
    if url := _cached(app, "REDIS_URL"):
        return StoreSettings(url, options)
    password = _cached(app, "REDIS_PASSWORD")
    user = f":{quote(str(password), safe='')}@" if password else ""
    host, port = _cached(app, "REDIS_HOST") or "localhost", _cached(app, "REDIS_PORT") or 6379
    return StoreSettings(f"redis://{user}{host}:{port}/{_cached(app, 'REDIS_DB') or 0}", options)


def _cached(app: Flask, key: str) -> Any:
    value = app.config.get(f"{_CACHE}{key}")
    return app.config.get(f"CACHE_{key}") if value is None else value


def _with_lifetime(app: Flask, settings: Settings) -> Settings:
    seconds = app.config.get(_EXPIRES_IN)
    if seconds is None:
        return settings
    if type(seconds) is not int or seconds < 1:
        problem = (
            f"`{_EXPIRES_IN}` is {seconds!r}, but it tells for how many seconds a temporary "
            "credential lives. Give a whole number above 0, such as 600."
        )
        raise SettingsError([problem])
    lifetimes = replace(settings.lifetimes, temporary_credential=seconds)
    return replace(settings, lifetimes=lifetimes)
