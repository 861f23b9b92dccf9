"""The authorization endpoint: who asks for what, allowed or denied by the one signed in."""

from __future__ import annotations

from collections.abc import Callable

from ...http import HttpRequest, HttpResponse, redirect
from ...oauth2.resource_owner import ResourceOwner
from ...pages.consent import SignInNeededError, Visitor, address_of
from ..sessions import Session
from ..site import Site
from . import sign_in

__all__ = ["answer_visitor", "decide", "show"]


def show(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer GET: the question, after a sign-in; no question where it was answered before."""
    return answer_visitor(site, request, site.consent.show)


def decide(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer POST: a code or a denial for the client, by a redirect."""
    return answer_visitor(site, request, site.consent.decide)


def answer_visitor(
    site: Site,
    request: HttpRequest,
    answer: Callable[[HttpRequest, Visitor | None], HttpResponse],
) -> HttpResponse:
    """Return the answer for whoever is signed in; where that is nobody, to the sign-in."""
    present_at = site.server.clock.now()
    session = site.sessions.current(request)
    try:
        return answer(request, _visitor(site, session, present_at))
    except SignInNeededError:
        return _to_sign_in(site, request)


def _visitor(site: Site, session: Session | None, present_at: int) -> Visitor | None:
    if session is None:
        return None
    owner = ResourceOwner(session.account.subject, session.auth_time, present_at)
    return Visitor(owner, session.session_id, session.account.name, site.context(session))


def _to_sign_in(site: Site, request: HttpRequest) -> HttpResponse:
    return redirect(sign_in.address(site, address_of(request)))
