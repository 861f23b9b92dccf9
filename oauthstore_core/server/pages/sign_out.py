"""Signing out, also in order to be somebody else."""

from __future__ import annotations

from ...http import HttpRequest, HttpResponse, redirect
from ...pages.csrf import single
from ..site import Site
from . import sign_in

__all__ = ["show", "submit"]


def show(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer GET: the question; a link alone signs nobody out."""
    session = site.sessions.current(request)
    if session is None:
        return redirect(site.paths.home)
    return site.renderer.page(request, "sign_out.html", site.context(session))


def submit(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer POST: signed out; then home, or to the sign-in for what `next` names."""
    session = site.sessions.current(request)
    if session is None:
        return redirect(site.paths.home)
    site.refuse_forged(session.session_id, request)
    target = site.paths.safe_return(single(request.form, "next"))
    at_home = target == site.paths.home
    answer = redirect(target if at_home else sign_in.address(site, target))
    answer.headers.extend(site.sessions.close(session))
    return answer
