"""The security rules that a server keeps, held against settings: met or not, and how.

Most are fixed in the code, and are listed all the same: whoever runs a server
is to see what it keeps, and what no setting can turn off. Models, grants and
servers of an application's own are in no setting: nothing is said of them here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Final

from .checks import is_loopback
from .model import Settings
from .parts import Lifetimes, OAuth1Settings

__all__ = ["FIXED", "Verdict", "judge_rules"]

#: How a verdict ends on what is fixed in the code.
FIXED: Final = "; no setting changes it"

#: Seconds.
_REUSE_GRACE: Final = Settings().reuse_grace


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule."""

    rule: str
    #: Where the rule comes from.
    source: str
    met: bool
    how: str


Judge = Callable[[Settings], tuple[bool, str]]


def judge_rules(settings: Settings) -> Sequence[Verdict]:
    """Return a verdict on each rule that settings alone decide, or nothing does."""
    return [Verdict(rule, source, *judge(settings)) for rule, source, judge in _RULES]


def _always(how: str) -> Judge:
    return lambda _: (True, f"{how}{FIXED}")


def _issuer(settings: Settings) -> tuple[bool, str]:
    issuer = settings.issuer
    if issuer is None:
        return False, "`issuer` is not set. Set it to the https address that clients know."
    if issuer.startswith("https:"):
        return True, f"{issuer}, whatever a request or a proxy says"
    # Settings do not load with another one.
    return is_loopback(issuer), f"{issuer}: http, on loopback only"


def _lifetimes(settings: Settings) -> tuple[bool, str]:
    usual = Lifetimes()
    lives = [(item.name, getattr(settings.lifetimes, item.name)) for item in fields(Lifetimes)]
    longer = [
        f"`lifetimes.{name}` is {seconds} s, the rule at most {getattr(usual, name)}"
        for name, seconds in lives
        if seconds > getattr(usual, name)
    ]
    if longer:
        return False, f"{'; '.join(longer)}. Shorten it."
    return True, f"as we issue them: {', '.join(f'{name} {seconds} s' for name, seconds in lives)}"


def _rotation(settings: Settings) -> tuple[bool, str]:
    grace = settings.reuse_grace
    how = (
        f"our grant: each use rotates; for {grace} s the same successor comes again; reuse ends "
        "the grant"
    )
    if grace > _REUSE_GRACE:
        return False, f"{how}. The rule is {_REUSE_GRACE} s: shorten `reuse_grace`."
    return True, how


def _secrets(settings: Settings) -> tuple[bool, str]:
    count = len(settings.secret_keys)
    if count == 0:
        return False, "`secret_keys` is empty: nothing can be sealed. Set one of 32 characters."
    return True, f"keys: {count}, the first seals; stores keep tokens and secrets as digests"


def _audience(settings: Settings) -> tuple[bool, str]:
    known = len(settings.resources)
    how = f"resources: {known}" if known else "no resource is known"
    return True, f"{how}; a request that names another is invalid_target"


def _revocation(settings: Settings) -> tuple[bool, str]:
    what = "its grant" if settings.revoke_access_token_revokes_grant else "itself"
    return True, f"a refresh token takes its grant, an access token {what}; final when answered"


def _origins(settings: Settings) -> tuple[bool, str]:
    named = ", ".join(settings.server.allowed_origins)
    return True, (
        f"token and revocation endpoint: {named or 'no origin is named'}, and those of the public "
        "client that asks; never with credentials"
    )


def _proxies(settings: Settings) -> tuple[bool, str]:
    named = ", ".join(settings.server.trusted_proxies)
    if not named and (settings.issuer or "").startswith("https:"):
        return False, (
            "the issuer is https, but `server.trusted_proxies` names no proxy: attempts to sign in "
            "are not counted by address. Name it."
        )
    return True, f"X-Forwarded-For is believed of: {named or 'nobody'}"


def _cookies(settings: Settings) -> tuple[bool, str]:
    secure = (settings.issuer or "").startswith("https:")
    how = "__Host-, Secure" if secure else "not Secure, for http on loopback"
    if settings.issuer is None:
        how = "__Host- and Secure where the issuer is https"
    ends = "signing out or another password ends the session"
    return True, f"sealed, HttpOnly, SameSite=Lax, {how}; {ends}"


def _signatures(settings: Settings) -> tuple[bool, str]:
    oauth1, usual = settings.oauth1, OAuth1Settings()
    how = f"{', '.join(oauth1.signature_methods)}; {oauth1.timestamp_window} s both ways"
    problems = []
    if "PLAINTEXT" in oauth1.signature_methods:
        problems.append("PLAINTEXT sends the secrets themselves: leave it out")
    if oauth1.timestamp_window > usual.timestamp_window:
        problems.append(f"the rule is {usual.timestamp_window} s: shorten the window")
    if problems:
        return False, f"`oauth1`: {how}. {'. '.join(problems)}."
    state = "" if oauth1.enabled else "our endpoints are off (`oauth1.enabled`); "
    return True, f"{state}{how}; a nonce counts once, after the signature"


def _trail(settings: Settings) -> tuple[bool, str]:
    if "audit" in settings.plugins:
        return True, "refusals have reason ids; the plugin audit writes what happened to tokens"
    return False, "the plugin audit is not among `plugins`: nothing tells what happened. Add it."


_RULES: Final[tuple[tuple[str, str, Judge], ...]] = (
    (
        "one winner",
        "RFC 6749 4.1.2, RFC 9700 4.14, RFC 5849 2.3",
        _always("what is used once is claimed in one step, by one request; reuse ends the grant"),
    ),
    ("https", "RFC 6749 1.6, RFC 9700 4.13", _issuer),
    ("secrets at rest", "RFC 6819 5.1.4.1", _secrets),
    (
        "PKCE",
        "RFC 9700 2.1.1",
        _always("our grant takes S256 only, of every client and for every code"),
    ),
    (
        "redirect URIs",
        "RFC 9700 2.1, RFC 8252 7.3",
        _always("compared exactly, but for the port on loopback"),
    ),
    (
        "redirected errors",
        "RFC 6749 4.1.2.1",
        _always("none leads on before client and redirect URI are validated"),
    ),
    ("iss", "RFC 9207", _always("in every authorization response, errors too")),
    ("lifetimes", "RFC 9700, RFC 6749 4.1.2", _lifetimes),
    ("refresh rotation", "RFC 9700 4.14.2", _rotation),
    (
        "implicit and password",
        "RFC 9700 2.1.2, 2.4",
        _always("not served; only an application that registers Authlib's classes has them"),
    ),
    (
        "client authentication",
        "RFC 6749 2.3, RFC 6819 4.3",
        _always(
            "one method a request; generated secrets of 256 bits; unknown and wrong look alike"
        ),
    ),
    ("token endpoint", "RFC 6749 3.2", _always("form only, nothing repeated, no-store")),
    ("audience", "RFC 8707", _audience),
    ("revocation", "RFC 7009", _revocation),
    (
        "introspection",
        "RFC 7662 4",
        _always("the token's client, and resource servers that it is for; inactive to others"),
    ),
    (
        "pages",
        "RFC 9700 4.16",
        _always("no script, strict policy, no frames, a form's token for each rendering"),
    ),
    ("sessions", "ASVS 7", _cookies),
    ("sign-in", "ASVS 6.3", _always("slowed, then locked, by name and address, over all workers")),
    ("proxies", "RFC 9700 4.13", _proxies),
    ("CORS", "RFC 9700 2.6", _origins),
    ("OAuth 1 signatures", "RFC 5849 3.2-3.4, 4.4", _signatures),
    (
        "OAuth 1 credentials",
        "RFC 5849 2",
        _always("bound to their client, decided once, exchanged once; stores keep secrets sealed"),
    ),
    ("bad input, outages", "RFC 6749 5.2", _always("4xx with the RFC's error; 503, Retry-After")),
    ("trail", "ASVS 16", _trail),
)
