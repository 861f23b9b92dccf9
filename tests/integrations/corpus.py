"""Requests of clients, and of the person alice, in an order: each edge gives the same answers.

Who asks them registers the clients of `CLIENTS` first. A word in braces stands for what an
earlier answer has given: ``{code}``, ``{access_token}``, ``{refresh_token}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from .flask_oauth2.site import ConsentForm, basic
from .opened import CALLBACK, VERIFIER, ask, told

__all__ = ["CLIENTS", "CORPUS", "Browser", "Exchange", "Taken", "play"]

#: Client id to metadata; the confidential ones have the secret `secret`.
CLIENTS: Mapping[str, Mapping[str, Any]] = {
    "c1": {
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "profile mail",
    },
    "c2": {
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "none",
        "scope": "profile",
    },
    "c3": {"grant_types": ["client_credentials"], "scope": "mail"},
}
FORM = "application/x-www-form-urlencoded"
#: What of a response's head is compared.
_HEAD = (
    *("Content-Type", "Cache-Control", "Pragma", "WWW-Authenticate", "Retry-After", "Location"),
    *("Content-Security-Policy", "X-Frame-Options"),
)
_TAKEN = ("access_token", "refresh_token")


class Browser(Protocol):
    """What sends a request: Werkzeug's test client, or one with its words."""

    def open(self, path: str, **options: Any) -> Any:  # noqa: ANN401 - Werkzeug's own
        """Return the answer."""
        ...


@dataclass(frozen=True)
class Exchange:
    """A request, or alice's decision at the consent page."""

    name: str
    path: str
    form: Mapping[str, str | Sequence[str]] | bytes | None = None
    client: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = FORM
    #: What alice presses, where the path is a request for her consent.
    decision: str | None = None


def _redeem(**changes: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": "{code}", "redirect_uri": CALLBACK}
    return {**form, "code_verifier": VERIFIER, **changes}


TOKEN, REVOKE, INTROSPECT = "/oauth/token", "/oauth/revoke", "/oauth/introspect"
ALLOW = Exchange("alice allows", ask("c1", prompt="consent"), decision="allow")
OWN = {"grant_type": "client_credentials"}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "{refresh_token}"}
BEARER = {"Authorization": "Bearer {access_token}"}

CORPUS: Sequence[Exchange] = (
    Exchange("the metadata", "/.well-known/oauth-authorization-server/oauth"),
    # --- the authorization endpoint
    Exchange("the question", ask("c1")),
    Exchange("an unknown client", ask("nobody")),
    Exchange("no client", "/oauth/authorize"),
    Exchange(
        "a redirect URI that is not registered", ask("c1", redirect_uri="https://evil.example")
    ),
    Exchange("no PKCE", ask("c1", code_challenge="")),
    Exchange("plain PKCE", ask("c1", code_challenge_method="plain")),
    Exchange("an unknown scope", ask("c1", scope="admin")),
    Exchange("a scope with a quote", ask("c1", scope='pro"file')),
    Exchange("a response type that is none", ask("c1", response_type="token")),
    Exchange("no response type", ask("c1", response_type="")),
    Exchange("a response mode that is none", ask("c1", response_mode="nonsense")),
    Exchange("a client that may not", ask("c3")),
    Exchange("a parameter twice", ask("c1") + "&scope=mail"),
    Exchange("a NUL", ask("c1", state="a\0b")),
    Exchange("a query that is not UTF-8", "/oauth/authorize?client_id=%FF"),
    Exchange("an unknown resource", ask("c1", resource="https://other.example")),
    Exchange("a form without a token", ask("c1"), {"decision": "allow"}),
    Exchange("alice denies", ask("c1", prompt="consent"), decision="deny"),
    Exchange("alice presses nothing", ask("c1", prompt="consent"), decision=""),
    # --- the token endpoint
    ALLOW,
    Exchange("a wrong verifier", TOKEN, _redeem(code_verifier="w" * 43), "c1"),
    Exchange("no verifier", TOKEN, _redeem(code_verifier=""), "c1"),
    Exchange("another redirect URI", TOKEN, _redeem(redirect_uri=CALLBACK + "/x"), "c1"),
    Exchange("another client's code", TOKEN, _redeem(client_id="c2")),
    Exchange("the code", TOKEN, _redeem(), "c1"),
    Exchange("a protected view", "/profile", headers=BEARER),
    Exchange("too little scope", "/both", headers=BEARER),
    Exchange("one of two scopes", "/either", headers=BEARER),
    Exchange("a refresh", TOKEN, REFRESH, "c1"),
    Exchange("a refresh for more", TOKEN, {**REFRESH, "scope": "profile mail"}, "c1"),
    Exchange("introspection", INTROSPECT, {"token": "{access_token}"}, "c1"),
    Exchange("introspection by another", INTROSPECT, {"token": "{access_token}"}, "c3"),
    Exchange("introspection by nobody", INTROSPECT, {"token": "{access_token}"}),
    Exchange("introspection of nothing", INTROSPECT, {}, "c1"),
    Exchange("a revocation by another", REVOKE, {"token": "{access_token}"}, "c3"),
    Exchange("a revocation", REVOKE, {"token": "{refresh_token}"}, "c1"),
    Exchange("a revocation of nothing known", REVOKE, {"token": "x"}, "c1"),
    Exchange("a revocation of nothing", REVOKE, {}, "c1"),
    Exchange("a revoked token", "/profile", headers=BEARER),
    Exchange("introspection of it", INTROSPECT, {"token": "{access_token}"}, "c1"),
    Exchange("a revoked refresh", TOKEN, REFRESH, "c1"),
    ALLOW,
    Exchange("another code", TOKEN, _redeem(), "c1"),
    Exchange("that code again", TOKEN, _redeem(), "c1"),
    Exchange("what came of it", "/profile", headers=BEARER),
    Exchange("a client's own token", TOKEN, OWN, "c1"),
    Exchange("a client's token of one scope", TOKEN, {**OWN, "scope": "mail"}, "c3"),
    Exchange("a scope of another client's", TOKEN, {**OWN, "scope": "profile"}, "c3"),
    Exchange("a public client's own token", TOKEN, {**OWN, "client_id": "c2"}),
    Exchange("no grant type", TOKEN, {"scope": "mail"}, "c1"),
    Exchange("an unknown grant type", TOKEN, {"grant_type": "password"}, "c1"),
    Exchange("no client at the token endpoint", TOKEN, OWN),
    Exchange("a wrong secret", TOKEN, OWN, headers=basic("c1", "wrong")),
    Exchange("an unknown one's secret", TOKEN, OWN, headers=basic("nobody", "secret")),
    Exchange("two methods", TOKEN, {**OWN, "client_id": "c1", "client_secret": "secret"}, "c1"),
    Exchange("a parameter of two values", TOKEN, {**OWN, "scope": ["mail", "profile"]}, "c1"),
    Exchange("parameters in the address", f"{TOKEN}?{urlencode(OWN)}", {}, "c1"),
    Exchange("JSON", TOKEN, b'{"grant_type":"client_credentials"}', "c1", {}, "application/json"),
    Exchange("a form that is not UTF-8", TOKEN, b"grant_type=%FF", "c1"),
    Exchange("a form that is not encoded", TOKEN, b"grant_type=\xff", "c1"),
    Exchange("too many fields", TOKEN, b"&".join([b"a=1"] * 200), "c1"),
    Exchange("too long a form", TOKEN, b"a=" + b"x" * (1 << 19), "c1"),
    # --- protected views
    Exchange("no token", "/profile"),
    Exchange("another scheme", "/profile", headers={"Authorization": "Token abc"}),
    Exchange("a scheme alone", "/profile", headers={"Authorization": "Bearer"}),
    Exchange("an unknown token", "/profile", headers={"Authorization": "Bearer abc"}),
    Exchange("no token where none is needed", "/optional"),
    Exchange("an unknown token there", "/optional", headers={"Authorization": "Bearer abc"}),
)


@dataclass(frozen=True)
class Taken:
    """What is compared of an answer; what is issued stands as its name."""

    name: str
    status: int
    head: Mapping[str, str]
    body: bytes


def play(browser: Browser) -> Iterator[Taken]:
    """Yield the answers of an edge; `browser` is alice's."""
    known: dict[str, str] = {}
    for exchange in CORPUS:
        answer = _send(browser, exchange, known)
        issued = told(answer.location or "") if exchange.decision else {}
        known |= {name: issued[name] for name in ("code",) if name in issued}
        if answer.mimetype == "application/json":
            known |= {name: answer.json[name] for name in _TAKEN if name in answer.json}
        yield _take(exchange, answer, known)


def _send(browser: Browser, exchange: Exchange, known: Mapping[str, str]) -> Any:  # noqa: ANN401
    form = exchange.form
    if exchange.decision is not None:
        shown = ConsentForm(browser.open(exchange.path, method="GET").text)
        form = {**shown.hidden, "decision": exchange.decision}
    headers = {name: _filled(value, known) for name, value in exchange.headers.items()}
    if exchange.client is not None:
        headers |= basic(exchange.client, "secret")
    if form is not None and not isinstance(form, bytes):
        filled = {k: _filled(v, known) if isinstance(v, str) else v for k, v in form.items()}
        form = urlencode(filled, doseq=True).encode()
    method = "GET" if form is None else "POST"
    content = {} if form is None else {"data": form, "content_type": exchange.content_type}
    return browser.open(exchange.path, method=method, headers=headers, **content)


def _filled(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], text)


def _take(exchange: Exchange, answer: Any, known: Mapping[str, str]) -> Taken:  # noqa: ANN401
    head = {name: answer.headers[name] for name in _HEAD if name in answer.headers}
    # Pages have a form's token in them, and a reason id, and are each framework's templates.
    body = b"" if answer.mimetype == "text/html" else answer.data
    for name, value in known.items():
        body = body.replace(value.encode(), name.encode())
        head = {field: text.replace(value, name) for field, text in head.items()}
    return Taken(exchange.name, answer.status_code, head, body)
