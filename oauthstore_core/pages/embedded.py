"""The consent page of an application that signs people in itself.

An edge (Flask's blueprint, the ASGI application) makes an `HttpRequest` of
what it was asked, finds out who is signed in, and sends what it gets back::

    page = EmbeddedConsent(server, login_url="/login")
    ...
    present_at = server.clock.now()          # before the application is asked who it is
    subject = user_id()
    owner = None if subject is None else ResourceOwner(str(subject), present_at=present_at)
    response = page.respond(http_request, owner)      # GET and POST, never an exception
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from ..http import HttpRequest, HttpResponse, redirect
from ..oauth2.resource_owner import ResourceOwner
from ..sealing import KeyRing
from ..translation import Message, Translation
from .consent import ConsentPage, ConsentServer, SignInNeededError, Visitor, address_of
from .csrf import CsrfTokens
from .refusals import PageError, serve_page
from .rendering import Renderer, embedded_renderer

__all__ = [
    "DecisionPage",
    "EmbeddedConsent",
    "EmbeddedConsentServer",
    "EmbeddedPage",
    "NamedServer",
    "no_sign_in",
]


class NamedServer(Protocol):
    """What every page tells of a server."""

    #: The languages of the pages.
    translation: Translation

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        ...


class EmbeddedConsentServer(ConsentServer, Protocol):
    """An authorization server with the key ring under which the form's token is sealed."""

    key_ring: KeyRing
    #: The languages of the pages.
    translation: Translation


class DecisionPage(Protocol):
    """Asks a question and takes the decision; the edges know who is signed in."""

    def show(self, request: HttpRequest, visitor: Visitor | None) -> HttpResponse:
        """Answer GET. `SignInNeededError`, `PageError`: as named."""
        ...

    def decide(self, request: HttpRequest, visitor: Visitor | None) -> HttpResponse:
        """Answer POST. `SignInNeededError`, `PageError`: as named."""
        ...


class EmbeddedPage:
    """An authorization endpoint as people see it: the question, a decision, or an error page.

    Plain, self-contained HTML: no script, no other file, nothing foreign.
    """

    def __init__(
        self, renderer: Renderer, page: DecisionPage, *, login_url: str | None = None
    ) -> None:
        """Show `page`.

        `login_url` is where somebody who is not signed in is sent, with the
        address to come back to as the parameter ``next``; without it they are
        told to sign in.
        """
        self._renderer = renderer
        self._page = page
        self._login_url = login_url

    def respond(
        self, request: HttpRequest, owner: ResourceOwner | None, *, account: str | None = None
    ) -> HttpResponse:
        """Answer GET with the question and POST with its decision; errors are pages.

        `owner` is who is signed in, None for nobody; `account` is what the page
        calls them, by default their subject. `request.path` is the path as the
        browser has it. A form counts only with the token that was sealed for
        this subject, this path and these parameters.
        """
        return serve_page(self._renderer, request, lambda: self._respond(request, owner, account))

    def refuse(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Answer with the error page of what went wrong while it was found out who asks."""

        def fail() -> HttpResponse:
            raise error

        return serve_page(self._renderer, request, fail)

    def _respond(
        self, request: HttpRequest, owner: ResourceOwner | None, account: str | None
    ) -> HttpResponse:
        visitor = None
        if owner is not None:
            visitor = Visitor(owner, f"subject {owner.subject}", account or owner.subject)
        answer = self._page.decide if request.method == "POST" else self._page.show
        try:
            return answer(request, visitor)
        except SignInNeededError as error:
            if self._login_url is None:
                raise _not_signed_in(request) from error
            return redirect(_sign_in_address(self._login_url, request))


class EmbeddedConsent(EmbeddedPage):
    """The authorization endpoint of OAuth 2."""

    def __init__(self, server: EmbeddedConsentServer, *, login_url: str | None = None) -> None:
        """Ask for `server`; `login_url` as of `EmbeddedPage`."""
        csrf = CsrfTokens(server.key_ring, server.clock)
        renderer = embedded_renderer(server.issuer, server.translation)
        page = ConsentPage(server, renderer, csrf, server.settings.scopes)
        super().__init__(renderer, page, login_url=login_url)


def _sign_in_address(login_url: str, request: HttpRequest) -> str:
    between = "&" if urlsplit(login_url).query else "?"
    return f"{login_url}{between}{urlencode({'next': address_of(request)})}"


def _not_signed_in(request: HttpRequest) -> PageError:
    return PageError(
        status=403,
        title=Message("You are not signed in"),
        explanation=Message(
            "An application asks for access to your account, but nobody is signed in."
        ),
        advice=Message("Sign in to this site first, then open this page again."),
        link=(address_of(request), Message("Open the page again")),
    )


def no_sign_in(
    server: NamedServer,
) -> Callable[[HttpRequest, ResourceOwner | None], HttpResponse]:
    """Return what answers where the application never told who is signed in: 501."""
    renderer = embedded_renderer(server.issuer, server.translation)

    def answer(request: HttpRequest, _: ResourceOwner | None) -> HttpResponse:
        return PageError(
            status=501,
            title=Message("Nobody can be asked for consent here"),
            explanation=Message(
                "An application asks for access to an account, but this server was not told "
                "how to find out who is signed in. This is our fault, not yours."
            ),
            advice=Message("Whoever runs this server: give the authorization server a `user_id`."),
            detail="no user_id was given",
        ).response(renderer, request)

    return answer
