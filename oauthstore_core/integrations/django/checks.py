"""What ``manage.py check`` tells: settings that do not fit, and with ``--deploy`` each rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core import checks
from django.urls import NoReverseMatch, get_resolver, get_script_prefix, reverse
from django.utils.module_loading import import_string

from ...errors import SettingsError
from ...settings import Settings
from ...settings.rules import Verdict
from ..django_oauth2 import default_server
from ..django_oauth2.configuration import OURS, load_settings, provider_of
from ..django_oauth2.languages import DjangoTranslation
from ..django_oauth2.places import METADATA_PATH
from ..django_oauth2.reading import SettingsReader, living_readers
from .deployment import judge_deployment

__all__ = ["check_rules", "check_settings", "check_urls", "register_checks"]


def register_checks() -> None:
    """Let Django run them."""
    checks.register(check_settings, "oauthstore")
    checks.register(check_urls, "oauthstore")
    checks.register(check_rules, checks.Tags.security, deploy=True)


def check_settings(**_: Any) -> Sequence[checks.CheckMessage]:
    """Tell each mistake in the settings, and what is only kept in memory, as no store is named."""
    try:
        settings = load_settings()
        provider_of()
    except SettingsError as error:
        return [checks.Error(problem, id="oauthstore.E001") for problem in error.problems]
    found = [*_judge_languages(settings)]
    if settings.names_no_store and not django_settings.DEBUG:
        found += _judge_memory()
    return found


def _judge_memory() -> Iterator[checks.CheckMessage]:
    """Tell what each process keeps for itself; a project may have all in models and a cache."""
    roles = _roles_in_memory()
    if not roles:
        return
    if roles.isdisjoint({"clients", "tokens"}):
        told = (
            "No store is named: each process remembers for itself, in memory, which codes and "
            "refresh tokens were used, and with several, each lets them be used once."
        )
    else:
        kept = " and ".join(role for role in ("clients", "tokens") if role in roles)
        told = f"No store is named: each process keeps {kept} for itself, in memory."
    hint = f'Name one in `{OURS}`, such as {{"store": "sqlite:////var/lib/site/oauth.db"}}.'
    yield checks.Warning(told, hint=hint, id="oauthstore.W001")


def _roles_in_memory() -> frozenset[str]:
    if getattr(django_settings, "ROOT_URLCONF", None):
        # What views use is made with their modules, and these come with the URLs.
        _ = get_resolver().url_patterns
    # Where there is none yet, the command and a protector are going to ask the app's own.
    readers = living_readers() or [default_server()]
    return frozenset(role for reader in readers for role in _roles_of(reader))


def _roles_of(reader: SettingsReader) -> Sequence[str]:
    try:
        return reader.roles_in_memory()
    except SettingsError:  # of this server alone, which tells by itself, or told by OAuth 1's check
        return ()


def _judge_languages(settings: Settings) -> Iterator[checks.CheckMessage]:
    """Tell of a language without a catalogue; a server with a translator needs none."""
    try:
        DjangoTranslation(settings.languages)
    except SettingsError as error:
        yield from (checks.Warning(problem, id="oauthstore.W003") for problem in error.problems)


def check_urls(**_: Any) -> Sequence[checks.CheckMessage]:
    """Tell where the app's URLs cannot work as they are included."""
    try:
        metadata = reverse("oauthstore:metadata", kwargs={"issuer_path": ""})
    except NoReverseMatch:  # views of the project's own
        return []
    found: list[checks.CheckMessage] = []
    # Where the project itself is mounted is nothing that it can change by its URLs.
    metadata = f"/{metadata.removeprefix(get_script_prefix())}"
    if metadata != METADATA_PATH:
        told = f"The metadata lies at {metadata}, where no client looks for it (RFC 8414)."
        hint = (
            'Include the URLs at the root, path("", include("oauthstore_core.integrations.django'
            '.urls")); they lie under the path of the issuer by themselves.'
        )
        found.append(checks.Warning(told, hint=hint, id="oauthstore.W002"))
    # A project without Django's accounts has a middleware of its own.
    if apps.is_installed("django.contrib.auth") and not any(
        map(_signs_in, django_settings.MIDDLEWARE)
    ):
        told = "The consent page asks who is signed in, but no middleware tells."
        hint = "Add django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE."
        found.append(checks.Error(told, hint=hint, id="oauthstore.E002"))
    return found


def _signs_in(middleware: str) -> bool:
    from django.contrib.auth.middleware import AuthenticationMiddleware  # noqa: PLC0415 - has models

    found = import_string(middleware)
    return isinstance(found, type) and issubclass(found, AuthenticationMiddleware)


def check_rules(**_: Any) -> Sequence[checks.CheckMessage]:
    """Tell each security rule: kept (Info), or looser by a setting (Warning)."""
    try:
        return [_tell(verdict) for verdict in judge_deployment(load_settings())]
    except SettingsError:  # told by `check_settings`
        return []


def _tell(verdict: Verdict) -> checks.CheckMessage:
    slug = re.sub(r"\W+", "_", verdict.rule.lower())
    identity = f"oauthstore.rule_{slug}"
    told = f"{verdict.rule} ({verdict.source}): {verdict.how}"
    if verdict.met:
        return checks.Info(told, id=identity)
    # What is wrong ends with what to do.
    problem, _, hint = told.rstrip(".").rpartition(". ")
    return checks.Warning(f"{problem}.", hint=f"{hint}.", id=identity)
