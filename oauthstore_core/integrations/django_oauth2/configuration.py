"""What Django's settings say: ours in ``OAUTHSTORE``, Authlib's in ``AUTHLIB_OAUTH2_PROVIDER``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ...errors import SettingsError
from ...oauth2.embedded import Generate
from ...settings import Settings
from ..authlib_keys import is_lifetime, judge_generator
from ..embedding import derive_key

__all__ = [
    "ACCESS",
    "EXPIRES_IN",
    "OURS",
    "PROVIDER",
    "READ",
    "REFRESH",
    "derived_keys",
    "generator_of",
    "load_settings",
    "provider_of",
]

#: The dict of this project's settings, named as in ``oauthstore.toml``.
OURS: Final = "OAUTHSTORE"
#: Authlib's dict.
PROVIDER: Final = "AUTHLIB_OAUTH2_PROVIDER"
#: The settings of Django's that are read here; a test that overrides one is heeded.
READ: Final = frozenset(
    {OURS, PROVIDER, "INSTALLED_APPS", "LOCALE_PATHS", "SECRET_KEY", "SECRET_KEY_FALLBACKS"}
)
ACCESS: Final = "access_token_generator"
REFRESH: Final = "refresh_token_generator"
EXPIRES_IN: Final = "token_expires_in"
_SCOPES: Final = "scopes_supported"


def load_settings(
    arguments: Mapping[str, object] | None = None, config_file: Path | None = None
) -> Settings:
    """Return the settings of arguments, Django's dict, environment and file.

    In this order of strength. Where no secret keys are set they are derived
    from SECRET_KEY, and its fallbacks. `SettingsError` lists every problem.
    """
    places = {f"`{OURS}` in Django's settings": _configured()}
    settings = Settings.load(config_file, overrides=arguments, places=places)
    if settings.secret_keys:
        return settings
    sources = {**settings.sources, "secret_keys": "`SECRET_KEY` in Django's settings"}
    return replace(settings, secret_keys=derived_keys(), sources=sources)


def _configured() -> dict[str, object]:
    found: object = getattr(django_settings, OURS, None) or {}
    if isinstance(found, Mapping):
        return {str(key): value for key, value in found.items()}
    problem = (
        f"`{OURS}` of Django's settings is of the type {type(found).__name__}, but it has settings "
        'by their names. Write a dict such as {"store": "sqlite:///oauth.db"}.'
    )
    raise SettingsError([problem])


def derived_keys() -> tuple[str, ...]:
    """Return a key for each of Django's secret keys. `SettingsError`: it has none."""
    try:
        current = django_settings.SECRET_KEY
    except ImproperlyConfigured as error:
        problem = (
            f"Keys to seal with are derived from SECRET_KEY, but {error} Set it, or "
            f"`secret_keys` in `{OURS}`."
        )
        raise SettingsError([problem]) from error
    return tuple(derive_key(key) for key in (current, *django_settings.SECRET_KEY_FALLBACKS))


def provider_of() -> Mapping[str, Any]:
    """Return Authlib's dict. `SettingsError`: what Authlib would fail of in a request."""
    found: object = getattr(django_settings, PROVIDER, None) or {}
    if not isinstance(found, Mapping):
        problem = (
            f"`{PROVIDER}` of Django's settings is of the type {type(found).__name__}. Write a "
            f'dict such as {{"{EXPIRES_IN}": {{"client_credentials": 600}}}}.'
        )
        raise SettingsError([problem])
    provider = cast("Mapping[str, Any]", found)
    problems = [*_judge_lifetimes(provider), *_judge_scopes(provider)]
    if problems:
        raise SettingsError(problems)
    for key in (ACCESS, REFRESH):
        generator_of(provider, key)
    return provider


def _judge_lifetimes(provider: Mapping[str, Any]) -> Sequence[str]:
    value = provider.get(EXPIRES_IN)
    if value is None or (isinstance(value, Mapping) and all(map(is_lifetime, value.values()))):
        return ()
    problem = (
        f"`{EXPIRES_IN}` in `{PROVIDER}` is {value!r}, but it tells seconds for each grant type. "
        'Give a dict of whole numbers such as {"client_credentials": 600}, or for all grant '
        f'types set "lifetimes": {{"access_token": 600}} in `{OURS}`.'
    )
    return [problem]


def _judge_scopes(provider: Mapping[str, Any]) -> Sequence[str]:
    value = provider.get(_SCOPES)
    listed = isinstance(value, Iterable) and not isinstance(value, str)
    if value is None or (listed and all(isinstance(item, str) for item in value)):
        return ()
    problem = (
        f"`{_SCOPES}` in `{PROVIDER}` is {value!r}, but it lists scopes. Give a list such as "
        f'["profile", "email"], or name them with what people are told as "scopes" in `{OURS}`.'
    )
    return [problem]


def generator_of(provider: Mapping[str, Any], key: str) -> Generate | None:
    """Return the application's token generator; None where there is none of its own.

    `SettingsError`: neither a function, nor its import path, nor True, nor for
    refresh tokens False or None.
    """
    value = provider.get(key, True)
    if key == REFRESH and value in (False, None):
        return None
    return judge_generator(f"`{key}` in `{PROVIDER}`", value, import_string)
