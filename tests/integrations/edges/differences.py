"""What edges may answer in ways of their own, each with its reason; all else is the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from .addresses import ENDPOINTS
from .applications import Edge
from .exchanges import Exchange
from .player import Taken

__all__ = ["OWN", "Own", "own_answer", "without_differences"]

# --- in every exchange ---

_Change = Callable[[Edge, Exchange, Taken], Taken]


def _body_of_head(_: Edge, exchange: Exchange, taken: Taken) -> Taken:
    """A web server sends no body to HEAD, whatever an application gives it."""
    return (*taken[:2], "") if exchange.method == "HEAD" else taken


def _type_of_nothing(_: Edge, __: Exchange, taken: Taken) -> Taken:
    """Flask and Django tell the type of a body also where there is none, as in a redirect."""
    status, head, body = taken
    if "Location" not in head:
        return taken
    return status, {k: v for k, v in head.items() if k != "Content-Type"}, body


def _unrouted(_: Edge, __: Exchange, taken: Taken) -> Taken:
    """What no route takes, and a method that a path does not, frameworks answer by themselves."""
    status, head, body = taken
    if status == HTTPStatus.NOT_FOUND:
        return status, {}, ""
    if status == HTTPStatus.METHOD_NOT_ALLOWED and not body.startswith("error="):
        # Some count these two, which they answer themselves.
        allowed = set(head.get("Allow", "").split(", ")) - {"HEAD", "OPTIONS"}
        return status, {"Allow": ", ".join(sorted(allowed))}, ""
    return taken


def _cors(_: Edge, __: Exchange, taken: Taken) -> Taken:
    """The standalone server answers scripts of other origins; frameworks have means for that."""
    status, head, body = taken
    return status, {k: v for k, v in head.items() if not k.startswith("Access-Control-")}, body


def _style(_: Edge, __: Exchange, taken: Taken) -> Taken:
    """The style sheet stands in an embedded page, and in a file of the standalone server's."""
    return _replaced(taken, "Content-Security-Policy", r"style-src [^;]+", "style-src {style}")


def _login(edge: Edge, __: Exchange, taken: Taken) -> Taken:
    """People sign in where the application has them do so."""
    return _replaced(taken, "Location", f"^{edge.login}\\?", "{login}?")


def _referrer(_: Edge, __: Exchange, taken: Taken) -> Taken:
    """Django's protection of forms needs the origin that they are from."""
    return _replaced(taken, "Referrer-Policy", "same-origin", "no-referrer")


def _private(_: Edge, __: Exchange, taken: Taken) -> Taken:
    """Django can have a cache for a whole site, which is told not to keep what is protected."""
    status, head, body = taken
    if head.get("Cache-Control") != "private":
        return taken
    return status, {k: v for k, v in head.items() if k != "Cache-Control"}, body


def _subject(edge: Edge, __: Exchange, taken: Taken) -> Taken:
    """An account of the standalone server has a subject that is not its name."""
    status, head, body = taken
    return status, head, body.replace(edge.subject, "alice")


def _replaced(taken: Taken, field: str, pattern: str, by: str) -> Taken:
    status, head, body = taken
    if field not in head:
        return taken
    return status, {**head, field: re.sub(pattern, by, head[field])}, body


_CHANGES: Sequence[_Change] = (
    *(_body_of_head, _unrouted, _type_of_nothing, _cors),
    *(_style, _login, _referrer, _private, _subject),
)


def without_differences(edge: Edge, exchange: Exchange, taken: Taken) -> Taken:
    """Return an answer without what may differ."""
    for change in _CHANGES:
        taken = change(edge, exchange, taken)
    return taken


# --- in some ---


@dataclass(frozen=True)
class Own:
    """Edges that answer some exchanges in their own way, and by which status."""

    edges: Collection[str]
    exchanges: Collection[str]
    status: int
    reason: str
    corpora: Collection[str] = ("oauth2",)


_ASGI = ("standalone", "Starlette", "FastAPI")
_DJANGO = ("Django by WSGI", "Django by ASGI")
OWN: Sequence[Own] = (
    Own(
        _DJANGO,
        (
            *("a decision of nobody", "a form from elsewhere", "no form", "JSON for a form"),
            "the question by PUT",
        ),
        403,
        "Django's protection looks at what is posted before anything of ours does",
    ),
    Own(
        _DJANGO,
        ("a form of nobody", "a form from elsewhere", "the question by PUT"),
        403,
        "so it does at the page of OAuth 1",
        ("oauth1",),
    ),
    Own(
        _DJANGO,
        [f"{asked}, on a host that is none" for asked in ENDPOINTS],
        400,
        "Django answers for a host that is not one of ALLOWED_HOSTS, or none",
        ("addresses",),
    ),
    Own(
        ("Django by ASGI",),
        ("a query with bytes",),
        400,
        "Django decodes the query of ASGI by itself, and refuses this one",
    ),
    Own(
        _ASGI,
        ("too long a form",),
        413,
        "our ASGI edge stops reading where it is too long",
        ("oauth1", "oauth2"),
    ),
    Own(
        ("Flask", "Flask, before it dispatches"),
        ("the question by OPTIONS", "the token endpoint by OPTIONS"),
        200,
        "Flask answers OPTIONS for every view",
    ),
    Own(("standalone",), ("the token endpoint by OPTIONS",), 200, "that is CORS, see `_cors`"),
    Own(("FastAPI",), ("a protected view to HEAD",), 405, "FastAPI's `get` takes GET alone"),
    Own(
        ("Starlette", "FastAPI"),
        (
            *("the token in the query", "no token", "no token, in German"),
            *("a scheme that is not Bearer", "a scheme alone"),
        ),
        401,
        "Flask and Django say in Authlib's words that no token was sent",
    ),
)


def own_answer(edge: str, corpus: str, exchange: str) -> Own | None:
    """Return how an edge answers an exchange in its own way, if it does."""
    for own in OWN:
        if edge in own.edges and corpus in own.corpora and exchange in own.exchanges:
            return own
    return None
