"""The endpoints of OAuth 1 and a plain consent page, for applications without their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from ...oauth2.resource_owner import ResourceOwner
from ...pages.csrf import CsrfTokens
from ...pages.embedded import EmbeddedPage
from ...pages.oauth1_consent import OAuth1ConsentPage
from ...pages.rendering import embedded_renderer
from ...sealing import KeyRing
from ..flask_oauth2.blueprint import UserId
from ..flask_oauth2.requests import read_request, to_flask

if TYPE_CHECKING:
    from .authorization_server import AuthorizationServer

__all__ = ["USUAL_PREFIX", "create_blueprint"]

#: Where the endpoints lie unless the application says.
USUAL_PREFIX: Final = "/oauth1"
#: Those that are answered with 405 are asked, too, so that this is an error of OAuth's.
_METHODS: Final = ["GET", "POST"]


def create_blueprint(
    server: AuthorizationServer,
    user_id: UserId,
    *,
    login_url: str | None,
    name: str,
    url_prefix: str | None,
) -> Blueprint:
    """Return ``/initiate``, ``/authorize`` and ``/token``, under `url_prefix`.

    `user_id` is called in the request, so that it may look into the session;
    `login_url` is where somebody who is not signed in is sent, with the address
    to come back to as the parameter ``next``.
    """
    blueprint = Blueprint(name, __name__, url_prefix=url_prefix or USUAL_PREFIX)
    views = {
        "initiate": server.create_temporary_credentials_response,
        "authorize": _Pages(server, user_id, login_url).authorize,
        "token": server.create_token_response,
    }
    for endpoint, view in views.items():
        blueprint.add_url_rule(f"/{endpoint}", endpoint, view, methods=_METHODS)
    return blueprint


class _Pages:
    """The authorization endpoint, as people see it."""

    def __init__(self, server: AuthorizationServer, user_id: UserId, login_url: str | None) -> None:
        self._server = server
        self._user_id = user_id
        self._login_url = login_url
        self._made: tuple[str, KeyRing, EmbeddedPage] | None = None

    def authorize(self) -> Response:
        """Show the question, or take the decision."""
        server = self._server
        present_at = server.clock.now()
        subject = self._user_id()
        owner = None
        if subject is not None:
            owner = ResourceOwner(str(subject), present_at=present_at)
        with server.neutral():
            return to_flask(self._page().respond(read_request(), owner))

    def _page(self) -> EmbeddedPage:
        """Return the page: not before a request, which may tell the issuer, and anew after that."""
        server, made = self._server, self._made
        issuer, key_ring = server.issuer, server.key_ring
        if made is None or made[0] != issuer or made[1] is not key_ring:
            renderer = embedded_renderer(issuer, server.translation)
            page = OAuth1ConsentPage(server, renderer, CsrfTokens(key_ring, server.clock))
            shown = EmbeddedPage(renderer, page, login_url=self._login_url)
            self._made = made = (issuer, key_ring, shown)
        return made[2]
