"""The authorization endpoints, as people see them: Django's sign-in, CSRF and templates."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth2 import OAuth2Error
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from ...errors import StoreError
from ...http import HttpRequest as NeutralRequest
from ...oauth2.resource_owner import ResourceOwner
from ...pages.consent import ConsentPage
from ...pages.csrf import CsrfTokens
from ...pages.embedded import DecisionPage, EmbeddedPage
from ...pages.oauth1_consent import OAuth1ConsentPage
from ...pages.refusals import PageError
from ...pages.rendering import Renderer
from ...sealing import KeyRing
from ...translation import Message
from ..django_oauth1 import AuthorizationServer as OAuth1Server
from ..django_oauth2 import AuthorizationServer
from ..django_oauth2.requests import read_request, to_django
from ..django_oauth2.users import answering_database, signed_in
from .rendering import TemplateRenderer

__all__ = ["ConsentView", "OAuth1ConsentView"]

_Server = TypeVar("_Server", AuthorizationServer, OAuth1Server)


class _DecisionView(Generic[_Server]):
    """Shows the question to Django's signed-in user, or takes the decision."""

    def __init__(self, server: _Server) -> None:
        self._server: _Server = server
        self._made: tuple[tuple[str, KeyRing, str], EmbeddedPage] | None = None

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer; who is not signed in is sent to LOGIN_URL."""
        server = self._server
        http = read_request(request)
        try:
            http = server.read_http(http)
            # Before Django loads the user.
            present_at = server.clock.now()
            page = self._page()
        except (OAuth1Error, OAuth2Error) as error:
            return self._refuse(http, error)
        try:
            owner, account = self._identify(request, present_at)
        except (PageError, StoreError) as error:
            return to_django(page.refuse(http, error))
        with server.neutral():
            return to_django(page.respond(read_request(http), owner, account=account))

    def _identify(
        self, request: HttpRequest, present_at: int
    ) -> tuple[ResourceOwner | None, str | None]:
        """Return who is signed in and their name.

        `StoreUnavailableError`: nobody can tell. `PageError`: an account that is not active.
        """
        with answering_database():
            user = signed_in(getattr(request, "user", None))
        if user is None:
            return None, None
        if not getattr(user, "is_active", True):
            raise _not_active()
        owner = ResourceOwner(self._subject_of(user), present_at=present_at)
        return owner, str(user.get_username())

    def _page(self) -> EmbeddedPage:
        """Return the page: not before a request, which may tell the issuer, and anew after that."""
        server = self._server
        login_url = resolve_url(settings.LOGIN_URL)
        wanted = (server.issuer, server.key_ring, login_url)
        if self._made is None or self._made[0] != wanted:
            renderer = TemplateRenderer(server.issuer, server.translation)
            page = self._ask(renderer, CsrfTokens(server.key_ring, server.clock))
            self._made = (wanted, EmbeddedPage(renderer, page, login_url=login_url))
        return self._made[1]

    def _ask(self, renderer: Renderer, csrf: CsrfTokens) -> DecisionPage:
        """Return what asks the question of this protocol."""
        raise NotImplementedError

    def _subject_of(self, user: Any) -> str:
        raise NotImplementedError

    def _refuse(self, http: NeutralRequest, error: Any) -> HttpResponse:
        """Answer a request for which there can be no page: its host is not this server's."""
        raise NotImplementedError


def _not_active() -> PageError:
    """Return the page for somebody whom some backends of Django's let sign in all the same."""
    return PageError(
        status=403,
        title=Message("Your account is not active"),
        explanation=Message(
            "An application asks for access to your account, but nothing can be allowed for an "
            "account that is not active."
        ),
        advice=Message("Sign in with another account, or ask the people who run this site."),
    )


class ConsentView(_DecisionView[AuthorizationServer]):
    """The authorization endpoint of OAuth 2."""

    def _ask(self, renderer: Renderer, csrf: CsrfTokens) -> DecisionPage:
        return ConsentPage(self._server, renderer, csrf, self._server.settings.scopes)

    def _subject_of(self, user: Any) -> str:
        return str(self._server.subject_of(user))

    def _refuse(self, http: NeutralRequest, error: Any) -> HttpResponse:
        refusal: HttpResponse = self._server.handle_error_response(http, error)
        return refusal


class OAuth1ConsentView(_DecisionView[OAuth1Server]):
    """The authorization endpoint of OAuth 1; without a callback it shows the verifier."""

    def _ask(self, renderer: Renderer, csrf: CsrfTokens) -> DecisionPage:
        return OAuth1ConsentPage(self._server, renderer, csrf)

    def _subject_of(self, user: Any) -> str:
        return str(self._server.user_id_of(user))

    def _refuse(self, http: NeutralRequest, error: Any) -> HttpResponse:
        refusal: HttpResponse = self._server.handle_error_response(error, http)
        return refusal
