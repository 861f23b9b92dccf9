"""The authorization endpoint of OAuth 1: as that of OAuth 2, for the one who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...http import HttpRequest, HttpResponse
from ...pages.consent import Visitor
from ..site import OAuth1Site, Site, View
from . import consent

__all__ = ["views_of"]

Answer = Callable[[HttpRequest, Visitor | None], HttpResponse]


def views_of(oauth1: OAuth1Site) -> Mapping[str, View]:
    """Return method to view: the question after a sign-in, and its decision."""
    return {"GET": _view(oauth1.consent.show), "POST": _view(oauth1.consent.decide)}


def _view(answer: Answer) -> View:
    def serve(site: Site, request: HttpRequest) -> HttpResponse:
        return consent.answer_visitor(site, request, answer)

    return serve
