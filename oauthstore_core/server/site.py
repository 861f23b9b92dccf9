"""Everything that a page needs, put together once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import StoreError
from ..http import HttpRequest, HttpResponse, MalformedRequestError
from ..oauth2.server import AuthorizationServer
from .accounts import Accounts
from .cookies import Cookies
from .csrf import CsrfTokens
from .paths import Paths
from .refusals import PageError, expired_form, malformed_request, store_outage
from .rendering import Renderer, StaticFile, load_static_files
from .sessions import Session, Sessions
from .throttle import Throttle

__all__ = ["Site", "View", "build_site"]


@dataclass(frozen=True, slots=True)
class Site:
    """The authorization server with the pages around it."""

    server: AuthorizationServer
    paths: Paths
    cookies: Cookies
    accounts: Accounts
    sessions: Sessions
    csrf: CsrfTokens
    throttle: Throttle
    renderer: Renderer
    static_files: Mapping[str, StaticFile]
    #: Scope to what a person is told about it.
    scopes: Mapping[str, str]
    #: Whether the demo application is served, too.
    has_demo: bool = False

    def context(self, session: Session | None) -> dict[str, Any]:
        """Return what the frame of every page shows."""
        return {
            "account": None if session is None else session.account.name,
            "sign_out_csrf": session and self.csrf.issue(session.session_id, self.paths.sign_out),
            "has_demo": self.has_demo,
        }

    def refuse_forged(
        self, binding: str | None, request: HttpRequest, *, link: str | None = None
    ) -> None:
        """Raise `PageError` unless the form was rendered for this browser and page.

        `link`: where the form is found again, if not at the address that it posts to.
        """
        if self.csrf.verify(binding, request):
            return
        query = f"?{request.query_string}" if request.query_string else ""
        raise expired_form((link or f"{request.path}{query}", "Open the page again"))

    def serve_page(self, view: View, request: HttpRequest) -> HttpResponse:
        """Return a page, or the error page in its place."""
        try:
            return view(self, request)
        except PageError as error:
            refusal = error
        except MalformedRequestError as error:
            refusal = malformed_request(str(error))
        except StoreError as error:
            refusal = store_outage(repr(error))
        return refusal.response(self.renderer)


View = Callable[[Site, HttpRequest], HttpResponse]


def build_site(
    server: AuthorizationServer,
    accounts: Accounts,
    *,
    demo_scopes: Mapping[str, str] | None = None,
) -> Site:
    """Return the pages around an authorization server.

    `demo_scopes`, what the demo's scopes mean to a person, adds its pages.
    """
    paths = Paths(server.issuer)
    key_ring, clock, store = server.key_ring, server.clock, accounts.store
    cookies = Cookies(secure=server.issuer.startswith("https:"))
    static_files = load_static_files()
    return Site(
        server=server,
        paths=paths,
        cookies=cookies,
        accounts=accounts,
        sessions=Sessions(key_ring, clock, store, cookies),
        csrf=CsrfTokens(key_ring, clock),
        throttle=Throttle(store, key_ring, clock),
        renderer=Renderer(paths, static_files),
        static_files=static_files,
        scopes={**(demo_scopes or {}), **server.settings.scopes},
        has_demo=demo_scopes is not None,
    )
