"""What ``manage.py check`` tells of OAuth 1: whether Django's cache lets one of several win."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.conf import settings as django_settings
from django.core import checks
from django.core.cache import caches
from django.urls import get_resolver

from ...errors import SettingsError
from ..django_cache import is_per_process, weakness_of
from ..django_oauth2.reading import living_readers
from .configuration import PROVIDER, provider_of
from .edge import Edge

__all__ = ["check_caches", "check_deployed_caches", "register_checks"]

#: How many workers several web servers and hosts start unless a command says otherwise.
_WORKERS: Final = "WEB_CONCURRENCY"
_HINT: Final = (
    "Name a cache on one server of Redis, Valkey or Memcached in CACHES, by its alias as "
    f'"cache" in `{PROVIDER}` where it is not the default one.'
)


def register_checks() -> None:
    """Let Django run them."""
    checks.register(check_caches, "oauthstore")
    checks.register(check_deployed_caches, checks.Tags.security, deploy=True)


def check_caches(**_: Any) -> Sequence[checks.CheckMessage]:
    """Tell what is wrong in Authlib's dict, and of a cache that cannot do what it has to."""
    try:
        provider_of()
    except SettingsError as error:
        return [checks.Error(problem, id="oauthstore.E011") for problem in error.problems]
    found: list[checks.CheckMessage] = []
    for alias in _used_caches():
        found += _judge_memory(alias) if is_per_process(alias) else _judge(alias)
    return found


def check_deployed_caches(**_: Any) -> Sequence[checks.CheckMessage]:
    """Refuse a cache in the memory of each process, of which a deployment has several."""
    try:
        is_told = provider_of().single_process
    except SettingsError:  # told by `check_caches`
        return []
    if is_told or _names_several_workers():
        return []
    return [_refusal(alias) for alias in _used_caches() if is_per_process(alias)]


def _used_caches() -> Sequence[str]:
    """Return the aliases that the project's servers and protectors use, none of them twice."""
    if getattr(django_settings, "ROOT_URLCONF", None):
        # What views use is made with their modules, and these come with the URLs.
        _ = get_resolver().url_patterns
    return sorted({alias for reader in living_readers() for alias in _cache_of(reader)})


def _cache_of(reader: object) -> Iterator[str]:
    if not isinstance(reader, Edge) or reader.follows_another:
        return
    try:
        place = reader.cache_place(reader.load_settings(), provider_of())
    except SettingsError:  # told by the checks of the settings
        return
    if place is not None:
        yield place.alias


def _judge(alias: str) -> Sequence[checks.CheckMessage]:
    weakness = weakness_of(alias)
    if not weakness:
        return ()
    told = f"OAuth 1 keeps in the cache {alias!r} what may be used once, but {weakness}."
    return [checks.Error(told, hint=_HINT, id="oauthstore.E012")]


def _judge_memory(alias: str) -> Sequence[checks.CheckMessage]:
    if _names_several_workers():
        return [_refusal(alias)]
    if django_settings.DEBUG:
        return ()
    most: int = caches.create_connection(alias)._max_entries  # noqa: SLF001 - it has no other name
    told = (
        f"OAuth 1 keeps in the cache {alias!r} what may be used once, but that keeps {most} "
        "entries at most (MAX_ENTRIES): a nonce that it forgets may be used again."
    )
    return [checks.Warning(told, hint=_HINT, id="oauthstore.W011")]


def _refusal(alias: str) -> checks.CheckMessage:
    told = (
        f"OAuth 1 keeps in the cache {alias!r} what may be used once, but that is in the memory "
        "of each process: with several workers, each lets a nonce be used."
    )
    alone = f' Where one process serves alone, say "single_process": True in `{PROVIDER}`.'
    return checks.Error(told, hint=_HINT + alone, id="oauthstore.E013")


def _names_several_workers() -> bool:
    named = os.environ.get(_WORKERS, "")
    return named.isdecimal() and int(named) > 1
