"""What Django's settings say of OAuth 1: Authlib's ``AUTHLIB_OAUTH1_PROVIDER``, and ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from django.conf import settings as django_settings
from django.core.cache import DEFAULT_CACHE_ALIAS
from django.utils.module_loading import import_string

from ...errors import SettingsError
from ...oauth1.embedded import GenerateToken
from ...settings import Settings
from ..authlib_keys import is_lifetime, judge_generator
from ..django_oauth2.configuration import READ as READ_BY_OAUTH2

__all__ = ["PROVIDER", "READ", "Provider", "provider_of"]

#: Authlib's dict.
PROVIDER: Final = "AUTHLIB_OAUTH1_PROVIDER"
#: The settings of Django's that are read here; a test that overrides one is heeded.
READ: Final = READ_BY_OAUTH2 | {PROVIDER, "CACHES"}
_METHODS: Final = "signature_methods"
_EXPIRES_IN: Final = "temporary_credential_expires_in"
_PREFIX: Final = "temporary_credential_key_prefix"
_NONCE: Final = "nonce_expires_in"
_GENERATOR: Final = "token_generator"
_CACHE: Final = "cache"
_SINGLE: Final = "single_process"


@dataclass(frozen=True, slots=True)
class Provider:
    """What the dict says, with defaults for what it does not."""

    #: The names of the methods that are accepted; None: those of ``OAUTHSTORE``.
    signature_methods: Sequence[str] | None
    #: For how many seconds a temporary credential lives; None: as ``OAUTHSTORE`` says.
    expires_in: int | None
    #: How the keys of temporary credentials begin in Django's cache.
    key_prefix: str
    token_generator: GenerateToken | None
    #: The alias of the cache; "default" where none is named.
    cache: str
    #: Whether one process serves alone, for which a cache in its memory will do.
    single_process: bool

    def with_lifetime(self, settings: Settings) -> Settings:
        """Return the settings with what the dict says of temporary credentials."""
        if self.expires_in is None:
            return settings
        lifetimes = replace(settings.lifetimes, temporary_credential=self.expires_in)
        return replace(settings, lifetimes=lifetimes)


def provider_of() -> Provider:
    """Return what Authlib's dict says. `SettingsError`: what cannot be meant."""
    found: object = getattr(django_settings, PROVIDER, None) or {}
    if not isinstance(found, Mapping):
        problem = (
            f"`{PROVIDER}` of Django's settings is of the type {type(found).__name__}. Write a "
            f'dict such as {{"{_METHODS}": ["HMAC-SHA1"]}}.'
        )
        raise SettingsError([problem])
    provider = cast("Mapping[str, Any]", found)
    problems = [told for key, judge in _JUDGES.items() for told in judge(key, provider.get(key))]
    if problems:
        raise SettingsError(problems)
    return Provider(
        provider.get(_METHODS) or None,
        provider.get(_EXPIRES_IN),
        provider.get(_PREFIX) or "oauthstore:",
        _generator_of(provider.get(_GENERATOR)),
        provider.get(_CACHE) or DEFAULT_CACHE_ALIAS,
        provider.get(_SINGLE) is True,
    )


def _generator_of(value: object) -> GenerateToken | None:
    name = f"`{_GENERATOR}` in `{PROVIDER}`"
    found = judge_generator(name, True if value is None else value, import_string)
    return cast("GenerateToken | None", found)


def _judge_methods(key: str, value: object) -> Sequence[str]:
    if not value or (isinstance(value, list | tuple) and all(isinstance(m, str) for m in value)):
        return ()
    problem = (
        f"`{key}` in `{PROVIDER}` is {value!r}, but it lists signature methods. Give a list such "
        'as ["HMAC-SHA1", "RSA-SHA1"], or leave the key out.'
    )
    return [problem]


def _judge_seconds(key: str, value: object) -> Sequence[str]:
    if value is None or is_lifetime(value):
        return ()
    problem = (
        f"`{key}` in `{PROVIDER}` is {value!r}, but it tells seconds. Give a whole number above 0, "
        "such as 600."
    )
    return [problem]


def _judge_text(key: str, value: object) -> Sequence[str]:
    if value is None or (isinstance(value, str) and value.isprintable() and " " not in value):
        return ()
    problem = (
        f"`{key}` in `{PROVIDER}` is {value!r}, but it is a name within Django's cache. Give a "
        "text without spaces, or leave the key out."
    )
    return [problem]


def _judge_switch(key: str, value: object) -> Sequence[str]:
    if value is None or isinstance(value, bool):
        return ()
    problem = (
        f"`{key}` in `{PROVIDER}` is {value!r}, but it is a switch. Give True or False, or leave "
        "the key out."
    )
    return [problem]


_JUDGES: Final[Mapping[str, Callable[[str, object], Sequence[str]]]] = {
    _METHODS: _judge_methods,
    _EXPIRES_IN: _judge_seconds,
    # A nonce is remembered as long as its timestamp is accepted, and needs to be no longer.
    _NONCE: _judge_seconds,
    _PREFIX: _judge_text,
    _CACHE: _judge_text,
    _SINGLE: _judge_switch,
}
