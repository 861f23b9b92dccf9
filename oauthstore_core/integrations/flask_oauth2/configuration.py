"""Settings out of Flask's configuration: ``OAUTHSTORE_*`` keys, and Authlib's ``OAUTH2_*``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from flask import Flask
from werkzeug.utils import import_string

from ...errors import SettingsError
from ...oauth2.embedded import Generate
from ...settings import Settings
from ..authlib_keys import import_function, is_lifetime, judge_generator
from ..embedding import derive_key, load_settings

__all__ = [
    "ACCESS",
    "EXPIRES_IN",
    "REFRESH",
    "check_authlib_keys",
    "derived_keys",
    "expires_in_of",
    "generator_of",
    "has_functions",
    "settings_of",
]

_PREFIX: Final = "OAUTHSTORE_"
ACCESS: Final = "OAUTH2_ACCESS_TOKEN_GENERATOR"
REFRESH: Final = "OAUTH2_REFRESH_TOKEN_GENERATOR"
EXPIRES_IN: Final = "OAUTH2_TOKEN_EXPIRES_IN"
_SCOPES: Final = "OAUTH2_SCOPES_SUPPORTED"
_ERROR_URIS: Final = "OAUTH2_ERROR_URIS"


def settings_of(
    app: Flask, arguments: Mapping[str, object], *, only_claims: bool = False
) -> Settings:
    """Return the settings of arguments, Flask's configuration, environment and file.

    In this order of strength. Where no secret keys are set they are derived
    from the application's SECRET_KEY, and its fallbacks. `only_claims`: nothing
    is sealed, so keys are not needed. `SettingsError` lists every problem.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    configured = _configured(app)
    # A store by argument is instead of all that the configuration says of storage.
    if "store" in given:
        configured = {k: v for k, v in configured.items() if k not in {"stores", "roles"}}
    layers = {**configured, **given}
    if "secret_keys" in layers:
        return load_settings(layers)
    keys = derived_keys(app)
    if not keys and only_claims:
        keys = [secrets.token_urlsafe(48)]
    return _with_derived(layers, keys) if keys else load_settings(layers)


def _configured(app: Flask) -> dict[str, object]:
    found = app.config.items()
    return {k.removeprefix(_PREFIX).lower(): v for k, v in found if k.startswith(_PREFIX)}


def _with_derived(layers: Mapping[str, object], keys: Sequence[str]) -> Settings:
    """Return the settings, with these keys where no other source has any."""
    settings = Settings.load(overrides=layers)
    return settings if settings.secret_keys else replace(settings, secret_keys=tuple(keys))


def derived_keys(app: Flask) -> Sequence[str]:
    """Return a key for each of the application's secret keys; none where it has none."""
    current = app.config.get("SECRET_KEY")
    if not current:
        return ()
    fallbacks = app.config.get("SECRET_KEY_FALLBACKS") or ()
    return [derive_key(key) for key in (current, *fallbacks)]


def generator_of(app: Flask, key: str) -> Generate | None:
    """Return the application's token generator; None where there is none of its own.

    `SettingsError`: neither a function, nor its import path, nor True, nor for
    refresh tokens False or None.
    """
    value = app.config.get(key, True)
    if key == REFRESH and value in (False, None):
        return None
    return judge_generator(f"`{key}`", value, import_string)


def expires_in_of(app: Flask, otherwise: Callable[[Any, str], int]) -> Callable[[Any, str], int]:
    """Return what tells the seconds that an access token of a client and grant type lives.

    `SettingsError`: OAUTH2_TOKEN_EXPIRES_IN is neither a dict nor the import path of a function.
    """
    value = _expires_in(app)
    if value is None:
        return otherwise
    if callable(value):
        return cast("Callable[[Any, str], int]", value)
    if isinstance(value, Mapping) and all(is_lifetime(seconds) for seconds in value.values()):
        return lambda client, grant_type: value.get(grant_type) or otherwise(client, grant_type)
    problem = (
        f"`OAUTH2_TOKEN_EXPIRES_IN` is {value!r}, but it tells seconds for each grant type. "
        "Give a dict of whole numbers such as {'client_credentials': 600}, or for all grant "
        "types set OAUTHSTORE_LIFETIMES = {'access_token': 600}."
    )
    raise SettingsError([problem])


def _expires_in(app: Flask) -> object:
    return import_function(f"`{EXPIRES_IN}`", app.config.get(EXPIRES_IN), import_string)


def has_functions(app: Flask) -> bool:
    """Tell whether some of Authlib's keys name functions of the application's."""
    generators = (generator_of(app, key) for key in (ACCESS, REFRESH))
    return any(generators) or callable(_expires_in(app))


def check_authlib_keys(app: Flask) -> None:
    """Raise `SettingsError` for what Authlib takes at start and fails of in a request."""
    problems = []
    scopes, uris = app.config.get(_SCOPES), app.config.get(_ERROR_URIS)
    if scopes is not None and not _are_texts(scopes):
        problems.append(
            f"`{_SCOPES}` is {scopes!r}, but it lists scopes. Give a list such as "
            "['profile', 'email'], or name them with what people are told in OAUTHSTORE_SCOPES."
        )
    if uris is not None and not _are_pairs(uris):
        problems.append(
            f"`{_ERROR_URIS}` is {uris!r}, but it tells an address for each error. Give a list "
            "such as [('invalid_client', 'https://example.com/errors#invalid-client')]."
        )
    if problems:
        raise SettingsError(problems)


def _are_texts(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return False
    return all(isinstance(item, str) for item in cast("Iterable[object]", value))


def _are_pairs(value: object) -> bool:
    try:
        pairs = dict(cast("Any", value))
    except (TypeError, ValueError):
        return False
    return all(isinstance(text, str) for pair in pairs.items() for text in pair)
