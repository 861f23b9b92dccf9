"""All endpoints and a plain consent page, for applications that want none of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Flask, Response
from flask.blueprints import BlueprintSetupState

from ...oauth2.resource_owner import ResourceOwner
from ...pages.embedded import EmbeddedConsent
from ...sealing import KeyRing
from .dispatching import Dispatching
from .early import EarlyAnswers
from .requests import read_request, to_flask

if TYPE_CHECKING:
    from .authorization_server import AuthorizationServer

__all__ = ["USUAL_PREFIX", "UserId", "create_blueprint"]

#: Tells who is signed in at the request at hand: a subject (what is no text is made one), or None.
UserId = Callable[[], object]
#: Where the endpoints lie if neither the issuer nor the application says.
USUAL_PREFIX: Final = "/oauth"
_ENDPOINTS: Final = {"revocation": "/revoke", "introspection": "/introspect"}


def create_blueprint(
    server: AuthorizationServer,
    user_id: UserId,
    *,
    login_url: str | None,
    name: str,
    url_prefix: str | None,
    before_flask: bool | None,
) -> Blueprint:
    """Return ``/authorize``, ``/token``, ``/revoke``, ``/introspect`` and the metadata.

    They lie under `url_prefix`, by default the issuer's path, else ``/oauth``;
    the metadata at the root, where RFC 8414 wants it. `user_id` is called in
    the request, so that it may look into the session; `login_url` is where
    somebody who is not signed in is sent, with the address to come back to as
    the parameter ``next``. `before_flask`: whether token, revocation and
    introspection requests are answered before Flask dispatches, which takes
    less time; what the application has Flask do around a request (hooks, error
    handlers, session) is then not done for these, and a grant class of its own
    finds the application's context there, but no request of Flask's. None: where
    the application has nothing of the kind, so that nobody can tell.
    """
    prefix = url_prefix or urlsplit(server.settings.issuer or "").path.rstrip("/") or USUAL_PREFIX
    blueprint = Blueprint(name, __name__, url_prefix=prefix)
    pages = _Pages(server, user_id, login_url)
    blueprint.add_url_rule("/authorize", "authorize", pages.authorize, methods=["GET", "POST"])
    blueprint.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])
    for endpoint, path in _ENDPOINTS.items():
        view = _endpoint(server, endpoint)
        blueprint.add_url_rule(path, endpoint, view, methods=["POST"])
    blueprint.record(lambda state: _register_metadata(server, state))
    if before_flask is not False:
        always = before_flask is True
        blueprint.record(lambda state: _answer_early(server, state, always=always))
    return blueprint


def _answer_early(server: AuthorizationServer, state: BlueprintSetupState, *, always: bool) -> None:
    paths = {name: f"{state.url_prefix or ''}{path}" for name, path in _ENDPOINTS.items()}
    token = f"{state.url_prefix or ''}/token"
    app = cast("Flask", state.app)
    dispatching = None
    if not always:
        prefix = f"{state.name_prefix}.{state.name}".lstrip(".")
        views = {path: f"{prefix}.{name}" for name, path in paths.items()}
        dispatching = Dispatching(server, app, {token: f"{prefix}.token", **views})
    answers = {token: None, **{path: name for name, path in paths.items()}}
    # That is how Flask has middleware put in front of an application.
    app.wsgi_app = EarlyAnswers(server, app, answers, dispatching)  # type: ignore[method-assign]


def _endpoint(server: AuthorizationServer, name: str) -> Callable[[], Response]:
    def view() -> Response:
        response: Response = server.create_endpoint_response(name)
        return response

    return view


def _register_metadata(server: AuthorizationServer, state: BlueprintSetupState) -> None:
    """Serve the metadata at the application's root, which a blueprint's prefix does not cover."""
    prefix = state.url_prefix or ""
    server.lie_below(prefix)
    issuer = server.settings.issuer
    path = prefix if issuer is None else urlsplit(issuer).path.rstrip("/")
    state.app.add_url_rule(
        f"/.well-known/oauth-authorization-server{path}",
        f"{state.blueprint.name}.metadata",
        server.create_metadata_response,
        methods=["GET"],
    )


class _Pages:
    """The authorization endpoint, as people see it."""

    def __init__(self, server: AuthorizationServer, user_id: UserId, login_url: str | None) -> None:
        self._server = server
        self._user_id = user_id
        self._login_url = login_url
        self._made: tuple[str, KeyRing, EmbeddedConsent] | None = None

    def _consent(self) -> EmbeddedConsent:
        """Return the page: not before a request, which may tell the issuer, and anew after that."""
        issuer, key_ring, made = self._server.issuer, self._server.key_ring, self._made
        if made is None or made[0] != issuer or made[1] is not key_ring:
            consent = EmbeddedConsent(self._server, login_url=self._login_url)
            self._made = made = (issuer, key_ring, consent)
        return made[2]

    def authorize(self) -> Response:
        """Show the question, or take the decision."""
        try:
            consent = self._consent()
        except OAuth2Error as error:
            response: Response = self._server.handle_error_response(None, error)
            return response
        present_at = self._server.clock.now()
        subject = self._user_id()
        owner = None
        if subject is not None:
            owner = ResourceOwner(str(subject), present_at=present_at)
        with self._server.neutral():
            return to_flask(consent.respond(read_request(), owner))
