"""The authorization endpoint: who asks for what, allowed or denied by the one signed in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error

from ...http import HttpRequest, HttpResponse, redirect
from ...oauth2.clients import ClientRecord
from ...oauth2.grants import AuthorizationCodeGrant
from ...oauth2.resource_owner import ResourceOwner
from ..csrf import single
from ..headers import form_target
from ..refusals import PageError, oauth_refusal, store_outage
from ..sessions import Session
from ..site import Site
from ..wording import describe_place
from . import sign_in

__all__ = ["decide", "show"]


def show(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer GET: the question, after a sign-in."""
    session = site.sessions.current(request)
    try:
        grant = site.server.get_consent_grant(request, end_user=_owner(session))
    except OAuth2Error as error:
        # RFC 9700 section 4.11.2: nobody is sent on before a sign-in, with an error neither.
        if session is None and error.redirect_uri is not None:
            return _to_sign_in(site, request)
        return _to_client(site, error)
    if session is None:
        return _to_sign_in(site, request)
    return _question(site, request, session, grant)


def decide(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer POST: a code or a denial for the client, by a redirect."""
    present_at = site.server.clock.now()
    session = site.sessions.current(request)
    if session is None:
        return _to_sign_in(site, request)
    site.refuse_forged(session.session_id, request)
    owner = _owner(session, present_at)
    decision = single(request.form, "decision")
    if decision not in {"allow", "deny"}:
        raise _no_decision(_address(request))
    try:
        grant = site.server.get_consent_grant(request, end_user=owner)
    except OAuth2Error as error:
        return _to_client(site, error)
    answer = site.server.create_authorization_response(
        request, grant_user=owner if decision == "allow" else None, grant=grant
    )
    if answer.location is None:
        raise _failure(answer)
    return answer


def _to_client(site: Site, error: OAuth2Error) -> HttpResponse:
    """Return the redirect that tells the client of an error, where it may be told by one."""
    if error.redirect_uri is None:
        raise oauth_refusal(error) from error
    return site.server.handle_error_response(None, error)


def _failure(answer: HttpResponse) -> PageError:
    """Return the page for an answer that is no redirect."""
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return store_outage("the authorization could not be stored")
    told = json.loads(answer.body)
    return oauth_refusal(OAuth2Error(told.get("error_description"), error=told.get("error")))


def _owner(session: Session | None, present_at: int | None = None) -> ResourceOwner | None:
    if session is None:
        return None
    return ResourceOwner(session.account.subject, session.auth_time, present_at)


def _address(request: HttpRequest) -> str:
    return f"{request.path}?{request.query_string}"


def _to_sign_in(site: Site, request: HttpRequest) -> HttpResponse:
    return redirect(sign_in.address(site, _address(request)))


def _no_decision(address: str) -> PageError:
    return PageError(
        status=400,
        title="The form came without a decision",
        explanation="Neither of its two buttons was pressed. Nothing was allowed.",
        advice="Open the page again and choose one.",
        code="invalid_request",
        link=(address, "Open the page again"),
    )


def _question(
    site: Site, request: HttpRequest, session: Session, grant: AuthorizationCodeGrant
) -> HttpResponse:
    redirect_uri: str = grant.redirect_uri
    context = site.context(session) | {
        "action": _address(request),
        "csrf": site.csrf.issue(session.session_id, request.path, request.query),
        "switch_to": _address(request),
        "client": grant.client,
        "client_host": _client_host(grant.client),
        "place": describe_place(redirect_uri),
        "scopes": _describe_scopes(grant.request.scope, site.scopes),
        "lifetime": site.server.settings.lifetimes.access_token,
        "renewable": _renewable(site, grant.client),
    }
    return site.renderer.page("consent.html", context, form_targets=[form_target(redirect_uri)])


def _client_host(client: ClientRecord) -> str | None:
    uri = client.client_metadata.get("client_uri")
    try:
        return urlsplit(uri).hostname if isinstance(uri, str) else None
    except ValueError:  # nothing that a person should be shown as an address
        return None


def _describe_scopes(scope: str | None, known: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return each scope's name and its description; the name again where there is none."""
    return [(name, known.get(name) or name) for name in (scope or "").split()]


def _renewable(site: Site, client: ClientRecord) -> int | None:
    """Return for how many seconds the client can renew its access, or None."""
    settings = site.server.settings
    if "refresh_token" in settings.grants and client.check_grant_type("refresh_token"):
        return settings.lifetimes.refresh_token_absolute
    return None
