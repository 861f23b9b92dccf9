"""The question whether a client may act for a person, and what follows from the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error

from ..clock import Clock
from ..http import HttpRequest, HttpResponse
from ..oauth2.clients import ClientRecord
from ..oauth2.resource_owner import ResourceOwner
from ..settings import Settings
from ..translation import Message
from .csrf import CsrfTokens, single
from .headers import form_target
from .refusals import PageError, expired_form, no_decision, oauth_refusal, store_outage
from .rendering import Renderer

__all__ = [
    "ConsentPage",
    "ConsentServer",
    "SignInNeededError",
    "Visitor",
    "address_of",
    "client_host",
]


class ConsentServer(Protocol):
    """What the page asks of an authorization server; `oauth2.server`'s has it all."""

    settings: Settings
    clock: Clock

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        ...

    def get_consent_grant(self, request: HttpRequest, end_user: Any = None) -> Any:
        """Return the validated grant. `OAuth2Error`: the request cannot be granted."""
        ...

    def query_remembered_consent(self, grant: Any, subject: str) -> int | None:
        """Return when `subject` consented to what a validated grant asks for, or None."""
        ...

    def create_authorization_response(
        self, request: HttpRequest, grant_user: Any = None, grant: Any = None
    ) -> HttpResponse:
        """Answer with a code; without `grant_user` consent was denied."""
        ...

    def handle_error_response(self, request: Any, error: OAuth2Error) -> HttpResponse:
        """Answer an error; by a redirect where it has a validated redirect URI."""
        ...


class SignInNeededError(Exception):
    """Nobody is signed in, and the request needs a decision, or must not be answered yet."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in."""

    owner: ResourceOwner
    #: What only this person's browsers are given tokens for: a session, or the subject.
    binding: str
    #: What the page calls the account.
    account: str
    #: What else the template shows.
    context: Mapping[str, Any] = field(default_factory=dict)


class ConsentPage:
    """Shows the question and decides it; the edges know who is signed in."""

    def __init__(
        self,
        server: ConsentServer,
        renderer: Renderer,
        csrf: CsrfTokens,
        scopes: Mapping[str, str],
    ) -> None:
        """Ask for `server`; `scopes` are names with what a person is told of them."""
        self._server = server
        self._renderer = renderer
        self._csrf = csrf
        self._scopes = scopes

    def show(self, request: HttpRequest, visitor: Visitor | None) -> HttpResponse:
        """Answer GET: the question, or the client's error where it may be told.

        Where the person has consented to as much already, a code: see
        `query_remembered_consent`.

        `SignInNeededError`: as named. `PageError`: a page of ours instead,
        such as for an unknown client (RFC 6749 section 4.1.2.1).
        """
        owner = None if visitor is None else visitor.owner
        try:
            grant = self._server.get_consent_grant(request, end_user=owner)
        except OAuth2Error as error:
            # RFC 9700 section 4.11.2: nobody is sent on before a sign-in, with an error neither.
            if visitor is None and error.redirect_uri is not None:
                raise SignInNeededError from error
            return self._to_client(error)
        if visitor is None:
            raise SignInNeededError
        owner = self._consenting(visitor.owner, grant)
        # HEAD is answered here, too, and must not change anything.
        if owner is None or request.method != "GET":
            return self._question(request, visitor, grant)
        return self._answer(request, owner, grant)

    def decide(self, request: HttpRequest, visitor: Visitor | None) -> HttpResponse:
        """Answer POST: a code or a denial for the client, by a redirect.

        Raises as `show` does; `PageError` also for a form that was not rendered
        for this visitor and this very request within the hour.
        """
        if visitor is None:
            raise SignInNeededError
        if not self._csrf.verify(visitor.binding, request):
            raise expired_form((address_of(request), Message("Open the page again")))
        decision = single(request.form, "decision")
        if decision not in {"allow", "deny"}:
            raise no_decision(address_of(request))
        try:
            grant = self._server.get_consent_grant(request, end_user=visitor.owner)
        except OAuth2Error as error:
            return self._to_client(error)
        return self._answer(request, visitor.owner if decision == "allow" else None, grant)

    def describe_scopes(self, scope: str | None) -> Sequence[tuple[str, str]]:
        """Return each scope's name and its description; the name again where there is none."""
        return [(name, self._scopes.get(name) or name) for name in (scope or "").split()]

    def _answer(
        self, request: HttpRequest, owner: ResourceOwner | None, grant: Any
    ) -> HttpResponse:
        """Return the redirect with a code, or without an owner with the denial."""
        answer = self._server.create_authorization_response(request, grant_user=owner, grant=grant)
        if answer.location is None:
            raise _failure(answer)
        return answer

    def _consenting(self, owner: ResourceOwner, grant: Any) -> ResourceOwner | None:
        """Return who has consented before; the fence of a revocation after that lies past it."""
        now = self._server.clock.now()
        consented_at = self._server.query_remembered_consent(grant, owner.subject)
        if consented_at is None:
            return None
        present_at = now if owner.present_at is None else owner.present_at
        return replace(owner, consented_at=consented_at, present_at=present_at)

    def _to_client(self, error: OAuth2Error) -> HttpResponse:
        """Return the redirect that tells the client of an error, where it may be told by one."""
        if error.redirect_uri is None:
            raise oauth_refusal(error) from error
        return self._server.handle_error_response(None, error)

    def _question(self, request: HttpRequest, visitor: Visitor, grant: Any) -> HttpResponse:
        redirect_uri: str = grant.redirect_uri
        context = {
            **visitor.context,
            "account": visitor.account,
            "action": address_of(request),
            "csrf": self._csrf.issue(visitor.binding, request.path, request.query),
            "client": grant.client,
            "client_host": client_host(grant.client),
            "redirect_uri": redirect_uri,
            "scopes": self.describe_scopes(grant.request.scope),
            "resources": self._named_resources(grant.request.payload),
            "lifetime": self._server.settings.lifetimes.access_token,
            "renewable": self._renewable(grant.client),
        }
        targets = [form_target(redirect_uri)]
        return self._renderer.page(request, "consent.html", context, form_targets=targets)

    def _named_resources(self, payload: Any) -> Sequence[str]:
        """Return the resources that the tokens will be for (RFC 8707); none: any of them."""
        named = dict.fromkeys(payload.datalist.get("resource", ()))
        return [resource for resource in named if resource in self._server.settings.resources]

    def _renewable(self, client: ClientRecord) -> int | None:
        """Return for how many seconds the client can renew its access, or None."""
        settings = self._server.settings
        if "refresh_token" in settings.grants and client.check_grant_type("refresh_token"):
            return settings.lifetimes.refresh_token_absolute
        return None


def address_of(request: HttpRequest) -> str:
    """Return the request's path and query."""
    return f"{request.path}?{request.query_string}"


def _failure(answer: HttpResponse) -> PageError:
    """Return the page for an answer that is no redirect."""
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return store_outage("the authorization could not be stored")
    told = json.loads(answer.body)
    error = OAuth2Error(error=told.get("error"))
    # Translated already, maybe: Authlib's constructor takes nothing but ASCII.
    error.description = told.get("error_description")
    return oauth_refusal(error)


def client_host(client: ClientRecord) -> str | None:
    """Return the host of a client's home page, where it has one that people may be shown."""
    uri = client.client_metadata.get("client_uri")
    try:
        return urlsplit(uri).hostname if isinstance(uri, str) else None
    except ValueError:  # nothing that a person should be shown as an address
        return None
