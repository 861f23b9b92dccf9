"""Signing in, on the way to a consent or by itself."""

from __future__ import annotations

from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error

from ...http import HttpRequest, HttpResponse, redirect
from ...oauth2.clients import ClientRecord
from ...pages.csrf import single
from ...pages.headers import form_target
from ...pages.refusals import PageError
from ...translation import Message
from ..accounts import normalize_name
from ..site import Site
from ..throttle import LOCKED

__all__ = ["address", "show", "submit"]


def address(site: Site, return_to: str) -> str:
    """Return the page's address for somebody who shall come back to `return_to`.

    The languages that an authorization request there asks for hold here, too.
    """
    asked = HttpRequest("GET", "", query_string=return_to.partition("?")[2])
    languages = single(asked.query, "ui_locales")
    parameters = {"next": return_to} | ({"ui_locales": languages} if languages else {})
    return f"{site.paths.sign_in}?{urlencode(parameters)}"


def show(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer GET: the form, or on to where the visitor is going."""
    if site.sessions.current(request) is not None:
        return redirect(_target(site, request))
    return _form(site, request)


def submit(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer POST: sign in and go on, or show the form again."""
    site.refuse_forged(site.sessions.visit(request), request)
    name, password = single(request.form, "name") or "", single(request.form, "password") or ""
    known = site.accounts.find(name)
    admission = site.throttle.admit(normalize_name(name), request.address, known)
    if admission.wait:
        link = (address(site, _target(site, request)), Message("Sign in"))
        raise _too_many_attempts(link, admission.wait)
    account = site.accounts.verify(name, password)
    if account is None:
        return _form(site, request, name=name, is_wrong=True)
    if admission.to_forgive:
        account = site.throttle.forgive(account)
    answer = redirect(_target(site, request))
    answer.headers.extend(site.sessions.open(account))
    return answer


def _target(site: Site, request: HttpRequest) -> str:
    return site.paths.safe_return(single(request.query, "next"))


def _form(
    site: Site, request: HttpRequest, *, name: str = "", is_wrong: bool = False
) -> HttpResponse:
    headers = []
    visit = site.sessions.visit(request)
    if visit is None:
        visit, header = site.sessions.open_visit()
        headers.append(header)
    client, form_targets = _destination(site, _target(site, request))
    query = f"?{request.query_string}" if request.query_string else ""
    context = site.context(None) | {
        "action": f"{request.path}{query}",
        "csrf": site.csrf.issue(visit, request.path, request.query),
        "client": client,
        "name": name,
        "is_wrong": is_wrong,
    }
    return site.renderer.page(
        request,
        "sign_in.html",
        context,
        status=422 if is_wrong else 200,
        headers=headers,
        form_targets=form_targets,
    )


def _destination(site: Site, target: str) -> tuple[ClientRecord | None, list[str]]:
    """Return the client that waits for this sign-in, and where its request may lead at once."""
    path, _, query_string = target.partition("?")
    if path != site.paths.authorize:
        return None, []
    try:
        asked = HttpRequest("GET", path, query_string=query_string)
        grant = site.server.get_consent_grant(asked)
    except OAuth2Error as error:
        return None, [form_target(error.redirect_uri)] if error.redirect_uri else []
    # The consent may be remembered: then the browser goes on to the client at once.
    return grant.client, [form_target(grant.redirect_uri)]


_SLOWED = Message("Wait a minute, then try again. If it was not you, tell the operator.")
_LOCKED = Message(
    "Wait a quarter of an hour, then try again. If it was not you, tell the operator."
)


def _too_many_attempts(link: tuple[str, Message], wait: int) -> PageError:
    """Return the page for somebody who tries too often; it tells nothing of the account."""
    return PageError(
        status=429,
        title=Message("Too many attempts to sign in"),
        explanation=Message(
            "There were more attempts with this name, or from your network, than are allowed "
            "at a time. Further ones are not looked at."
        ),
        advice=_LOCKED if wait == LOCKED else _SLOWED,
        headers=[("Retry-After", str(wait))],
        link=link,
    )
