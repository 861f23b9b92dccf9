"""Everything that a page needs, put together once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..http import HttpRequest, HttpResponse
from ..oauth1.server import AuthorizationServer as OAuth1Server
from ..oauth2.server import AuthorizationServer
from ..pages.consent import ConsentPage
from ..pages.csrf import CsrfTokens
from ..pages.oauth1_consent import OAuth1ConsentPage
from ..pages.overrides import Overrides, load_overrides
from ..pages.refusals import expired_form, serve_page
from ..pages.rendering import PACKAGE, Renderer
from ..pages.static_files import StaticFile, load_static_files
from ..settings import Settings
from ..translation import Message, Translation
from .accounts import Accounts
from .cookies import Cookies
from .paths import Paths
from .sessions import Session, Sessions
from .throttle import Throttle

__all__ = ["OAuth1Site", "Site", "View", "build_site", "overrides_of"]

_PACKAGES: Final = ("oauthstore_core.server", PACKAGE)


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
    consent: ConsentPage
    #: Every scope that the server knows, with what it means to a person; empty: any.
    scopes: Mapping[str, str]
    #: Whether the demo application is served, too.
    has_demo: bool = False
    #: OAuth 1, where the settings enable it.
    oauth1: OAuth1Site | None = None

    def context(self, session: Session | None) -> dict[str, Any]:
        """Return what the frame of every page shows."""
        return {
            "account": None if session is None else session.account.name,
            "sign_out_csrf": session and self.csrf.issue(session.session_id, self.paths.sign_out),
            "is_administrator": session is not None and session.is_administrator,
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
        raise expired_form((link or f"{request.path}{query}", Message("Open the page again")))

    def serve_page(self, view: View, request: HttpRequest) -> HttpResponse:
        """Return a page, or the error page in its place."""
        return serve_page(self.renderer, request, lambda: view(self, request))


@dataclass(frozen=True, slots=True)
class OAuth1Site:
    """The OAuth 1 server on the same stores, and its consent page."""

    server: OAuth1Server
    consent: OAuth1ConsentPage


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
    csrf = CsrfTokens(key_ring, clock)
    overrides = overrides_of(server.settings)
    static_files = {**load_static_files(), **overrides.static_files}
    renderer = _renderer(paths, static_files, overrides.templates, server.translation)
    scopes = {**(demo_scopes or {}), **server.settings.scopes}
    return Site(
        server=server,
        paths=paths,
        cookies=cookies,
        accounts=accounts,
        sessions=Sessions(key_ring, clock, store, cookies),
        csrf=csrf,
        throttle=Throttle(store, key_ring, clock),
        renderer=renderer,
        static_files=static_files,
        consent=ConsentPage(server, renderer, csrf, scopes),
        scopes=scopes if server.settings.scopes else {},
        has_demo=demo_scopes is not None,
        oauth1=_oauth1(server, renderer, csrf) if server.settings.oauth1.enabled else None,
    )


def _oauth1(server: AuthorizationServer, renderer: Renderer, csrf: CsrfTokens) -> OAuth1Site:
    oauth1 = OAuth1Server(server.settings, server.stores, clock=server.clock)
    oauth1.translation = server.translation
    return OAuth1Site(oauth1, OAuth1ConsentPage(oauth1, renderer, csrf))


def overrides_of(settings: Settings) -> Overrides:
    """Return what the owner has put in the place of our pages. `SettingsError`: it will not do."""
    folder = settings.server.pages
    return load_overrides(None if folder is None else Path(folder), _PACKAGES, settings.languages)


def _renderer(
    paths: Paths,
    static_files: Mapping[str, StaticFile],
    templates: Path | None,
    translation: Translation,
) -> Renderer:
    static = {name: paths.static(file.hashed_name) for name, file in static_files.items()}
    frame = {"paths": paths, "issuer": paths.issuer, "home": paths.home, "static": static}
    return Renderer(frame, translation, packages=_PACKAGES, templates=templates)
