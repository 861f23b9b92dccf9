"""The authorization endpoint, as people see it: Django's session, sign-in, CSRF and templates."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from ...oauth2.resource_owner import ResourceOwner
from ...pages.consent import ConsentPage
from ...pages.csrf import CsrfTokens
from ...pages.embedded import EmbeddedPage
from ...sealing import KeyRing
from ..django_oauth2 import AuthorizationServer
from ..django_oauth2.requests import read_request, to_django
from ..django_oauth2.users import signed_in
from .rendering import TemplateRenderer

__all__ = ["ConsentView"]


class ConsentView:
    """Shows the question to Django's signed-in user, or takes the decision."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server
        self._made: tuple[tuple[str, KeyRing, str], EmbeddedPage] | None = None

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer; who is not signed in is sent to LOGIN_URL."""
        server = self._server
        http = server.read_http(request)
        # Before Django loads the user.
        present_at = server.clock.now()
        try:
            page = self._page()
        except OAuth2Error as error:
            refusal: HttpResponse = server.handle_error_response(http, error)
            return refusal
        user = signed_in(getattr(request, "user", None))
        owner, account = None, None
        if user is not None:
            owner = ResourceOwner(server.subject_of(user), present_at=present_at)
            account = str(user.get_username())
        with server.neutral():
            return to_django(page.respond(read_request(http), owner, account=account))

    def _page(self) -> EmbeddedPage:
        """Return the page: not before a request, which may tell the issuer, and anew after that."""
        server = self._server
        login_url = resolve_url(settings.LOGIN_URL)
        wanted = (server.issuer, server.key_ring, login_url)
        if self._made is None or self._made[0] != wanted:
            self._made = (wanted, self._create(login_url))
        return self._made[1]

    def _create(self, login_url: str) -> EmbeddedPage:
        server = self._server
        csrf = CsrfTokens(server.key_ring, server.clock)
        renderer = TemplateRenderer(server.issuer, server.translation)
        page = ConsentPage(server, renderer, csrf, server.settings.scopes)
        return EmbeddedPage(renderer, page, login_url=login_url)
