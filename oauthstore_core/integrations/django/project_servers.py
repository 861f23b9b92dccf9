"""What a project's own models, grants and servers make of the rules, which settings cannot tell.

What is looser for certain is a problem. Of what only the project's code decides
it is told that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth1.rfc5849.base_server import BaseServer
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from django.conf import settings as django_settings
from django.urls import get_resolver

from ...errors import SettingsError
from ...oauth2.grants import RefreshTokenGrant
from ...oauth2.pkce import S256CodeChallenge
from ...settings import Settings
from ...settings.parts import Lifetimes, OAuth1Settings
from ...stores import REQUIRED_ROLES
from ..django_oauth1.configuration import provider_of as oauth1_provider_of
from ..django_oauth1.edge import Edge
from ..django_oauth1.opening import CACHED_ROLES
from ..django_oauth2 import AuthorizationServer
from ..django_oauth2.configuration import EXPIRES_IN, load_settings, provider_of
from ..django_oauth2.reading import SettingsReader, living_readers
from .project_models import keeps_readable, name_models

__all__ = ["OAUTH2_ALONE", "Finding", "ProjectServers"]

#: Rules of which nothing is ours where all servers of OAuth 2 are in own mode.
OAUTH2_ALONE: Final = frozenset(
    {
        "PKCE",
        "audience",
        "client authentication",
        "introspection",
        "lifetimes",
        "redirect URIs",
        "refresh rotation",
        "revocation",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is looser than a rule, or else what only the project's code decides of it."""

    told: str
    is_problem: bool = False


class ProjectServers:
    """The servers and protectors that there are once the project's URLs are loaded."""

    def __init__(self) -> None:
        """Load the URLs: what views use is made with their modules."""
        if getattr(django_settings, "ROOT_URLCONF", None):
            _ = get_resolver().urlconf_module
        self.readers = living_readers()
        #: Of OAuth 2.
        self.servers = [one for one in self.readers if isinstance(one, AuthorizationServer)]
        #: Of OAuth 1, with protectors that have models of their own.
        self.edges = [
            one for one in self.readers if isinstance(one, Edge) and not one.follows_another
        ]
        self.own = [one for one in self.servers if one.own_mode]

    @property
    def has_only_own_mode(self) -> bool:
        """Whether OAuth 2's tokens are all in the project's models."""
        return bool(self.servers) and len(self.own) == len(self.servers)

    def grants(self) -> Iterator[Any]:
        """Yield the grant classes of all servers."""
        for server in self.servers:
            yield from server.registered_grants

    def judge(self, rule: str) -> Sequence[Finding]:
        """Return what is to be told of a rule, each once. `SettingsError`: what does not fit."""
        judge = _JUDGES.get(rule)
        return () if judge is None else list(dict.fromkeys(judge(self)))

    def roles_in_memory(self, settings: Settings) -> Sequence[str]:
        """Return the roles that the servers use, and that are in the memory of each process."""
        if settings.names_no_store:
            found = {role for one in self.readers for role in _forgotten(one)}
        else:
            now = load_settings()
            stored: list[AuthorizationServer | Edge] = [*self.servers, *self.edges]
            found = {role for one in stored for role in _remembered(one, settings, now)}
        if not self.readers:
            found = {role for role in REQUIRED_ROLES if _is_in_memory(settings, role)}
        return [role for role in REQUIRED_ROLES if role in found]


def _forgotten(reader: SettingsReader) -> Sequence[str]:
    try:
        return reader.roles_in_memory()
    except SettingsError:  # told by another check
        return ()


def _remembered(
    one: AuthorizationServer | Edge, settings: Settings, now: Settings
) -> Sequence[str]:
    try:
        own = one.load_settings()
        # Without options of its own it has those that are judged.
        settings = settings if own == now else own
        used = _used(one, settings)
    except SettingsError:  # the same
        return ()
    return [role for role in used if _is_in_memory(settings, role)]


def _used(one: AuthorizationServer | Edge, settings: Settings) -> Sequence[str]:
    """Return the roles that a server has in a store."""
    if isinstance(one, AuthorizationServer) and one.own_mode:
        return ["nonces"]
    models = {"clients": one.client_model, "tokens": one.token_model}
    elsewhere = {role for role, model in models.items() if model is not None}
    if isinstance(one, Edge) and one.cache_place(settings, oauth1_provider_of()) is not None:
        elsewhere |= {*CACHED_ROLES}
    return [role for role in REQUIRED_ROLES if role not in elsewhere]


def _is_in_memory(settings: Settings, role: str) -> bool:
    return settings.stores[settings.roles[role]].scheme == "memory"


def _name(server: AuthorizationServer) -> str:
    """Return how a server is told from others: by what keeps its tokens."""
    return (server.token_model or type(server)).__name__


# --- rules ---


def _pkce(project: ProjectServers) -> Iterator[Finding]:
    for server in project.servers:
        pairs: Sequence[Any] = server._authorization_grants  # noqa: SLF001 - no reader has the extensions
        for grant, extensions in pairs:
            if "code" in grant.RESPONSE_TYPES:
                yield from _judge_challenges(grant, extensions or ())
                break
        else:
            if server.own_mode:
                yield Finding(f"{_name(server)} comes of no codes: no grant for them is registered")


def _judge_challenges(grant: Any, extensions: Sequence[Any]) -> Iterator[Finding]:
    advice = "Register it with `oauth2.pkce.S256CodeChallenge(required=True)`."
    challenges = [one for one in extensions if isinstance(one, CodeChallenge)]
    if any(isinstance(one, S256CodeChallenge) for one in challenges):
        return
    name = grant.__name__
    if not challenges:
        yield Finding(f"{name} is registered without PKCE. {advice}", is_problem=True)
        return
    methods = {name for one in challenges for name in one.SUPPORTED_CODE_CHALLENGE_METHOD}
    if methods != {"S256"}:
        yield Finding(f"{name} takes {', '.join(sorted(methods))}. {advice}", is_problem=True)
    elif any(_is_authlib_s(one) for one in challenges):
        yield Finding(f"{name} lets confidential clients do without. {advice}", is_problem=True)
    else:
        yield Finding(f"{name} asks for it as {type(challenges[0]).__name__} does")


def _is_authlib_s(challenge: CodeChallenge) -> bool:
    kinds = ("validate_code_challenge", "validate_code_verifier")
    return all(getattr(type(challenge), name) is getattr(CodeChallenge, name) for name in kinds)


def _rotation(project: ProjectServers) -> Iterator[Finding]:
    for server in project.own:
        if all(grant.GRANT_TYPE != "refresh_token" for grant in server.registered_grants):
            yield Finding(f"{_name(server)}: no refresh token can be used")
    for grant in project.grants():
        if grant.GRANT_TYPE != "refresh_token" or issubclass(grant, RefreshTokenGrant):
            continue
        name = grant.__name__
        if grant.INCLUDE_NEW_REFRESH_TOKEN:
            yield Finding(f"{name} rotates; whether reuse ends the grant, and when, is up to it")
        else:
            told = f"{name} lets a refresh token stay. Set its INCLUDE_NEW_REFRESH_TOKEN to True."
            yield Finding(told, is_problem=True)


def _lifetimes(project: ProjectServers) -> Iterator[Finding]:
    for server in project.own:
        name = type(server).__name__
        if _makes_tokens_itself(server):
            yield Finding(f"tokens of {name} live as long as its own token generator says")
        else:
            yield from _judge_issued(server)
        yield Finding(
            f"how long codes and refresh tokens of {name} live, its grants and models say"
        )


def _makes_tokens_itself(server: Any) -> bool:
    method = "create_bearer_token_generator"
    if getattr(type(server), method) is not getattr(AuthorizationServer, method):
        return True
    known = (None, server._made_generator)  # noqa: SLF001 - nothing else tells
    return any(one not in known for one in server._token_generators.values())  # noqa: SLF001


def _judge_issued(server: AuthorizationServer) -> Iterator[Finding]:
    issued = {
        **BearerTokenGenerator.GRANT_TYPES_EXPIRES_IN,
        **(provider_of().get(EXPIRES_IN) or {}),
    }
    types = dict.fromkeys(grant.GRANT_TYPE for grant in server.registered_grants)
    lives = {
        name: issued.get(name, BearerTokenGenerator.DEFAULT_EXPIRES_IN) for name in types if name
    }
    most = Lifetimes().access_token
    longer = ", ".join(f"{name} {seconds} s" for name, seconds in lives.items() if seconds > most)
    if longer:
        told = (
            f"Access tokens of {_name(server)} live for {longer}, the rule is at most {most} "
            f"s. Set `{EXPIRES_IN}` in `AUTHLIB_OAUTH2_PROVIDER`."
        )
        yield Finding(told, is_problem=True)
    elif lives:
        told = ", ".join(f"{name} {seconds} s" for name, seconds in lives.items())
        yield Finding(f"access tokens of {_name(server)}: {told}")


def _secrets(project: ProjectServers) -> Iterator[Finding]:
    oauth2 = [(server.token_model, ("access_token", "refresh_token")) for server in project.own]
    oauth1 = [(edge.token_model, ("oauth_token", "oauth_token_secret")) for edge in project.edges]
    for model, names in (*oauth2, *oauth1):
        if model is None:
            continue
        readable = [f"{model.__name__}.{name}" for name in names if keeps_readable(model, name)]
        if readable:
            told = (
                f"{', '.join(readable)}: as it was issued, for whoever reads the table. Leave the "
                "token model out, so that the store has digests, or encrypt the field."
            )
            yield Finding(told, is_problem=True)
        else:
            yield Finding(f"how tokens are kept, {model.__name__} decides")
    if any(server.token_model is None for server in project.own):
        yield Finding("how tokens are kept, a `save_token` of its own decides")
    for name in name_models(_clients(project)):
        yield Finding(f"how secrets of clients are kept, {name} decides")


def _clients(project: ProjectServers) -> Sequence[Any]:
    found = [one.client_model for one in (*project.servers, *project.edges)]
    return [model for model in found if model is not None]


def _oauth2_clients(project: ProjectServers) -> Sequence[str]:
    found = [server.client_model or type(server) for server in project.servers if _finds(server)]
    return name_models(found)


def _finds(server: AuthorizationServer) -> bool:
    """Tell whether a server finds its clients elsewhere than in the store."""
    overrides = type(server).query_client is not AuthorizationServer.query_client
    return server.client_model is not None or overrides


def _redirects(project: ProjectServers) -> Iterator[Finding]:
    for name in _oauth2_clients(project):
        yield Finding(f"of {name}'s clients its `check_redirect_uri` decides")


def _authentication(project: ProjectServers) -> Iterator[Finding]:
    for name in _oauth2_clients(project):
        yield Finding(f"secrets of {name} are as strong as the project makes and compares them")


def _own(told: str) -> Callable[[ProjectServers], Iterator[Finding]]:
    def judge(project: ProjectServers) -> Iterator[Finding]:
        for server in project.own:
            yield Finding(told.format(_name(server)))

    return judge


def _signatures(project: ProjectServers) -> Iterator[Finding]:
    most = OAuth1Settings().timestamp_window
    for edge in project.edges:
        name = type(edge).__name__
        try:
            methods, window = _signing(edge)
        except SettingsError:  # told by another check
            continue
        if "PLAINTEXT" in methods:
            told = (
                f"{name} accepts PLAINTEXT, which sends the secrets themselves. Leave it out of "
                "its signature methods."
            )
            yield Finding(told, is_problem=True)
        if window > most:
            told = f"{name} takes timestamps within {window} s, the rule is {most} s. Shorten it."
            yield Finding(told, is_problem=True)
        yield Finding(f"{name}: {', '.join(methods)}")


def _signing(edge: Any) -> tuple[Sequence[str], int]:
    """Return the methods and the window of a server or a protector; its class may say them."""
    own, settings = type(edge), edge.load_settings().oauth1
    said: dict[str, Any] = {
        name: getattr(own, name)
        for name in ("SUPPORTED_SIGNATURE_METHODS", "EXPIRY_TIME")
        if getattr(own, name) is not getattr(BaseServer, name)
    }
    methods = said.get("SUPPORTED_SIGNATURE_METHODS") or settings.signature_methods
    chosen = oauth1_provider_of().signature_methods or methods
    registered = edge._registered_methods  # noqa: SLF001 - nothing else tells before a request
    return [*chosen, *registered], said.get("EXPIRY_TIME") or settings.timestamp_window


def _credentials(project: ProjectServers) -> Iterator[Finding]:
    for edge in project.edges:
        if edge.token_model is not None:
            name = edge.token_model.__name__
            yield Finding(f"secrets of tokens are kept as {name} does, see secrets at rest")


_JUDGES: Final[Mapping[str, Callable[[ProjectServers], Iterator[Finding]]]] = {
    "OAuth 1 credentials": _credentials,
    "OAuth 1 signatures": _signatures,
    "PKCE": _pkce,
    "audience": _own("what `resource` names, the grants of {} heed, or do not"),
    "client authentication": _authentication,
    "introspection": _own("at {} it is what the project registers"),
    "lifetimes": _lifetimes,
    "one winner": _own("that reuse ends the grant is for the grants of {} to see to"),
    "redirect URIs": _redirects,
    "refresh rotation": _rotation,
    "revocation": _own("at {} it is what the project registers"),
    "secrets at rest": _secrets,
}
