"""What ``manage.py check`` tells: settings that do not fit, and with ``--deploy`` each rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core import checks
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.module_loading import import_string

from ...errors import SettingsError
from ...settings import Settings
from ...settings.rules import Verdict
from ..django_oauth2.configuration import OURS, load_settings, provider_of
from ..django_oauth2.languages import DjangoTranslation
from ..django_oauth2.places import METADATA_PATH
from .deployment import judge_deployment

__all__ = ["check_rules", "check_settings", "check_urls", "register_checks"]


def register_checks() -> None:
    """Let Django run them."""
    checks.register(check_settings, "oauthstore")
    checks.register(check_urls, "oauthstore")
    checks.register(check_rules, checks.Tags.security, deploy=True)


def check_settings(**_: Any) -> Sequence[checks.CheckMessage]:
    """Tell each mistake in the settings, and that nothing is kept where no store is named."""
    try:
        settings = load_settings()
        provider_of()
    except SettingsError as error:
        return [checks.Error(problem, id="oauthstore.E001") for problem in error.problems]
    found = [*_judge_languages(settings)]
    if settings.names_no_store and not django_settings.DEBUG:
        told = "No store is named: each process keeps clients and tokens for itself, in memory."
        hint = f'Name one in `{OURS}`, such as {{"store": "sqlite:////var/lib/site/oauth.db"}}.'
        found.append(checks.Warning(told, hint=hint, id="oauthstore.W001"))
    return found


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
