"""Pages that are somebody's: after a sign-in, or for administrators alone."""

from __future__ import annotations

from collections.abc import Callable

from ...http import HttpRequest, HttpResponse, redirect
from ...pages.consent import address_of
from ...pages.refusals import PageError
from ...translation import Message
from ..sessions import Session
from ..site import Site, View
from . import sign_in

__all__ = ["PersonalView", "for_administrators", "for_signed_in"]

PersonalView = Callable[[Site, HttpRequest, Session], HttpResponse]


def for_signed_in(view: PersonalView) -> View:
    """Return the page of whoever is signed in; others sign in first and come back to it."""

    def serve(site: Site, request: HttpRequest) -> HttpResponse:
        session = site.sessions.current(request)
        if session is None:
            here = address_of(request) if request.query_string else request.path
            return redirect(sign_in.address(site, here))
        return view(site, request, session)

    return serve


def for_administrators(view: PersonalView) -> View:
    """Return the same for accounts that are marked as administrators; for others a refusal."""

    def serve(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
        if not session.is_administrator:
            raise PageError(
                status=403,
                title=Message("This page is for administrators"),
                explanation=Message(
                    "Your account is not marked as one. You did nothing wrong, and nothing was "
                    "changed."
                ),
                advice=Message("If you should be one, ask whoever runs this server."),
                detail=f"subject {session.account.subject} is no administrator",
                link=(site.paths.home, Message("To the first page")),
            )
        return view(site, request, session)

    return for_signed_in(serve)
