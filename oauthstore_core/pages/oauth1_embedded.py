"""The consent page of OAuth 1 in an application that signs people in itself."""

from __future__ import annotations

from ..oauth1.server import AuthorizationServer
from .csrf import CsrfTokens
from .embedded import EmbeddedPage
from .oauth1_consent import OAuth1ConsentPage
from .rendering import embedded_renderer

__all__ = ["EmbeddedOAuth1Consent"]


class EmbeddedOAuth1Consent(EmbeddedPage):
    """The authorization endpoint of OAuth 1."""

    def __init__(self, server: AuthorizationServer, *, login_url: str | None = None) -> None:
        """Ask for `server`; `login_url` as of `EmbeddedPage`."""
        csrf = CsrfTokens(server.key_ring, server.clock)
        renderer = embedded_renderer(server.issuer, server.translation)
        page = OAuth1ConsentPage(server, renderer, csrf)
        super().__init__(renderer, page, login_url=login_url)
