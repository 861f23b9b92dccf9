"""The security rules held against a Django project: our settings, and Django's where it decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model

from ...errors import SettingsError
from ...settings import Settings
from ...settings.parts import Lifetimes
from ...settings.rules import FIXED, Verdict, judge_rules
from ..django_oauth1.configuration import PROVIDER as OAUTH1_PROVIDER
from ..django_oauth1.configuration import provider_of as oauth1_provider_of
from ..django_oauth2.configuration import EXPIRES_IN, PROVIDER, provider_of
from ..django_oauth2.places import endpoint_prefix
from .project_servers import OAUTH2_ALONE, ProjectServers

__all__ = ["judge_deployment"]

#: What is wrong, and what to do about it; how the rule is kept, where nothing is.
Told = tuple[Sequence[str], str]


def judge_deployment(settings: Settings) -> Sequence[Verdict]:
    """Return a verdict on each rule, as a project with these settings keeps it.

    What the standalone server has of its own, such as sessions, is Django's
    here. No store is opened.
    """
    project = ProjectServers()
    verdicts = (_judge(verdict, settings) for verdict in judge_rules(_with_oauth1(settings)))
    return [_beside(verdict, project) for verdict in verdicts]


def _judge(verdict: Verdict, settings: Settings) -> Verdict:
    judge = _DJANGOS.get(verdict.rule)
    if judge is None or (not verdict.met and verdict.rule not in _INSTEAD):
        return verdict
    problems, how = judge(settings, verdict)
    if problems:
        return replace(verdict, met=False, how=" ".join(problems))
    return replace(verdict, met=True, how=how)


def _beside(verdict: Verdict, project: ProjectServers) -> Verdict:
    """Return the verdict with what the project's own models, grants and servers make of it."""
    found = project.judge(verdict.rule)
    problems = [one.told for one in found if one.is_problem]
    if problems:
        problems = [*problems, *([] if verdict.met else [verdict.how])]
        return replace(verdict, met=False, how=" ".join(problems))
    told = "; ".join(one.told for one in found)
    if not told or not verdict.met:
        return verdict
    if verdict.rule in OAUTH2_ALONE and project.has_only_own_mode:
        return replace(verdict, how=f"the project's own: {told}")
    return replace(verdict, how=f"ours: {verdict.how.removesuffix(FIXED)}; the project's: {told}")


def _with_oauth1(settings: Settings) -> Settings:
    """Return the settings with what Authlib's dict says of OAuth 1."""
    if not getattr(django_settings, OAUTH1_PROVIDER, None):
        return settings
    try:
        provider = oauth1_provider_of()
    except SettingsError:  # told elsewhere
        return settings
    oauth1 = replace(settings.oauth1, enabled=True)
    if provider.signature_methods is not None:
        oauth1 = replace(oauth1, signature_methods=tuple(provider.signature_methods))
    return replace(provider.with_lifetime(settings), oauth1=oauth1)


def _is_loopback(settings: Settings) -> bool:
    """Tell whether browsers reach it on this machine alone; without an issuer nothing says so."""
    return settings.issuer is not None and not _is_https(settings)


def _is_https(settings: Settings) -> bool:
    return (settings.issuer or "").startswith("https:")


def _one_winner(settings: Settings, verdict: Verdict) -> Told:
    kept = ProjectServers().roles_in_memory(settings)
    problem = (
        f"{', '.join(kept)}: in the memory of each process, so that of several workers each would "
        'have a winner. Name a `store`, such as "sqlite:////var/lib/site/oauth.db".'
    )
    return [problem] if kept else [], verdict.how


def _https(settings: Settings, verdict: Verdict) -> Told:
    if not _is_https(settings):
        return (), verdict.how
    if django_settings.SECURE_SSL_REDIRECT:
        return (), f"{verdict.how}; SECURE_SSL_REDIRECT sends who comes by http there"
    return (), f"{verdict.how}; SECURE_SSL_REDIRECT is off: what is in front sends there from http"


def _implicit_and_password(_: Settings, __: Verdict) -> Told:
    grants = ProjectServers().grants()
    loose = sorted({name for grant in grants for name in _loose_types(grant)})
    problem = f"{', '.join(loose)}: served by a grant that the project registers. Take it out."
    return [problem] if loose else [], "not served: no class that the project registers has them"


def _loose_types(grant: Any) -> Iterator[str]:
    if grant.GRANT_TYPE == "password":
        yield "password"
    types = getattr(grant, "RESPONSE_TYPES", ())
    if any({"token", "id_token"} & {*words.split()} for words in types):
        yield "implicit"


def _lifetimes(_: Settings, verdict: Verdict) -> Told:
    most = Lifetimes().access_token
    longer = [
        f"{grant_type} {seconds} s"
        for grant_type, seconds in (provider_of().get(EXPIRES_IN) or {}).items()
        if seconds > most
    ]
    problem = (
        f"`{EXPIRES_IN}` in `{PROVIDER}`: {', '.join(longer)}, the rule is at most {most} s. "
        "Shorten it."
    )
    return [problem] if longer else [], verdict.how


def _sessions(settings: Settings, _: Verdict) -> Told:
    problems = [problem for problem in _cookie_problems(settings) if problem]
    if not _ends_by_password():
        problems.append(
            "Another password does not end sessions: give AUTH_USER_MODEL the method "
            "`get_session_auth_hash`, as AbstractBaseUser has it."
        )
    secure = "Secure" if django_settings.SESSION_COOKIE_SECURE else "not Secure"
    how = f"Django's: {secure}, HttpOnly, SameSite={django_settings.SESSION_COOKIE_SAMESITE}"
    return problems, f"{how}; another password ends the session"


def _cookie_problems(settings: Settings) -> Iterator[str]:
    if not _is_loopback(settings):
        named = ["SESSION_COOKIE_SECURE"]
        if not django_settings.CSRF_USE_SESSIONS:
            named.append("CSRF_COOKIE_SECURE")
        is_known = _is_https(settings)
        reason = (
            "though the issuer is https" if is_known else "and no issuer says that this is loopback"
        )
        for name in named:
            if not getattr(django_settings, name):
                yield f"{name} is off, {reason}. Set it to True."
    if not django_settings.SESSION_COOKIE_HTTPONLY:
        yield "SESSION_COOKIE_HTTPONLY is off: scripts can read the session. Set it to True."
    if str(django_settings.SESSION_COOKIE_SAMESITE).lower() not in {"lax", "strict"}:
        yield 'Other sites can use the session: set SESSION_COOKIE_SAMESITE to "Lax".'


def _ends_by_password() -> bool:
    """Tell whether Django ends a session whose user has another password since."""
    if not apps.is_installed("django.contrib.auth"):  # the project's own sessions
        return True
    return hasattr(get_user_model(), "get_session_auth_hash")


def _sign_in(_: Settings, __: Verdict) -> Told:
    where = django_settings.LOGIN_URL
    return (), f"the project's own, at LOGIN_URL ({where}); Django itself does not limit attempts"


def _proxies(settings: Settings, _: Verdict) -> Told:
    believed = django_settings.SECURE_PROXY_SSL_HEADER
    if believed is not None:
        return (), f"{believed[0]} is believed: the proxy has to set it, whatever a client sends"
    how = "no header of a proxy is believed (SECURE_PROXY_SSL_HEADER)"
    if not _is_https(settings):
        return (), how
    return (), f"{how}; where one ends TLS, the consent form needs it, or CSRF_TRUSTED_ORIGINS"


def _origins(settings: Settings, _: Verdict) -> Told:
    if not apps.is_installed("corsheaders"):
        return (), "no other origin is let in"
    path = f"{endpoint_prefix(settings.issuer)}/authorize"
    covered = re.match(getattr(django_settings, "CORS_URLS_REGEX", r"^.*$"), path)
    if covered and getattr(django_settings, "CORS_ALLOW_CREDENTIALS", False):
        problem = (
            f"django-cors-headers lets other origins in with credentials, at {path}, too. Have "
            "CORS_URLS_REGEX leave our endpoints out, or CORS_ALLOW_CREDENTIALS off."
        )
        return [problem], ""
    return (), "django-cors-headers lets others in, without credentials at our endpoints"


#: What Django decides, alone or beside our settings.
_DJANGOS: Final[Mapping[str, Callable[[Settings, Verdict], Told]]] = {
    "CORS": _origins,
    "https": _https,
    "implicit and password": _implicit_and_password,
    "lifetimes": _lifetimes,
    "one winner": _one_winner,
    "proxies": _proxies,
    "sessions": _sessions,
    "sign-in": _sign_in,
}
#: Where the standalone server's verdict does not count.
_INSTEAD: Final = frozenset({"CORS", "proxies", "sessions", "sign-in"})
