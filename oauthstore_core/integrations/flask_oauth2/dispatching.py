"""What Flask would do around a request that is the application's own doing.

Where it is nothing, nobody can tell whether Flask has dispatched the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from authlib.integrations.flask_oauth2 import client_authenticated, token_revoked
from flask import (
    Flask,
    got_request_exception,
    request_finished,
    request_started,
    request_tearing_down,
)
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from .authorization_server import AuthorizationServer

__all__ = ["Dispatching"]

_SIGNALS: Final = (
    request_started,
    request_finished,
    request_tearing_down,
    got_request_exception,
    client_authenticated,
    token_revoked,
)
#: With one of these set, requests are refused or exceptions handled as the application wants it.
_KEYS: Final = ("DEBUG", "TESTING", "TRUSTED_HOSTS", "SERVER_NAME")
#: Flask's session may be sent anew with a cookie; its test client looks at the context afterwards.
_IN_REQUEST: Final = ("HTTP_COOKIE", "werkzeug.debug.preserve_context")


class Dispatching:
    """Tells of each request whether Flask's dispatching is all that its dispatching would do.

    That is looked at anew for every request: an application may connect to a
    signal, or register a grant class, whenever it likes.
    """

    def __init__(
        self, server: AuthorizationServer, app: Flask, endpoints: Mapping[str, str]
    ) -> None:
        """Know the server's own views: `endpoints` has the name of each, by its path."""
        self._server = server
        self._app = app
        self._endpoints = endpoints
        self._views = {name: app.view_functions[name] for name in endpoints.values()}
        self._is_bare = _is_bare(app)
        self._routed: dict[str, bool] = {}

    def adds_nothing(self, environ: Mapping[str, Any], length: int) -> bool:
        """Tell it of a POST with a body of that many bytes to one of the paths."""
        return (
            self._is_bare
            and not any(map(environ.__contains__, _IN_REQUEST))
            and not _hooks(self._app)
            and not any(signal.receivers for signal in _SIGNALS)
            and _is_as_flask_has_it(self._app, length)
            and self._server.is_all_ours
            and self._leads_to_ours(environ["PATH_INFO"])
        )

    def _leads_to_ours(self, path: str) -> bool:
        if path not in self._routed:
            # A rule that is added later never goes before one that matches.
            adapter = self._app.url_map.bind("localhost")
            try:
                self._routed[path] = adapter.match(path, "POST")[0] == self._endpoints[path]
            except HTTPException:  # a redirect of the application's
                self._routed[path] = False
        name = self._endpoints[path]
        # Extensions put a view of theirs into its place.
        return self._routed[path] and self._app.view_functions[name] is self._views[name]


def _is_bare(app: Flask) -> bool:
    """Tell whether it is Flask's own class, and no middleware stands in front of it yet."""
    inner: Callable[..., Any] = app.wsgi_app
    return type(app) is Flask and getattr(inner, "__func__", None) is Flask.wsgi_app


def _hooks(app: Flask) -> bool:
    """Tell whether the application has Flask call something around a request."""
    for hooks in (
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
        app.url_value_preprocessors,
    ):
        # Flask keeps empty lists, too.
        if hooks and any(hooks.values()):
            return True
    return any(any(by_code.values()) for by_code in app.error_handler_spec.values())


def _is_as_flask_has_it(app: Flask, length: int) -> bool:
    config = app.config
    limit = config["MAX_CONTENT_LENGTH"]
    return (
        type(app.session_interface) is SecureCookieSessionInterface
        and app.request_class is Flask.request_class
        and app.response_class is Flask.response_class
        and not app.url_map.host_matching
        and not app.subdomain_matching
        and not any(map(config.get, _KEYS))
        and config["PROPAGATE_EXCEPTIONS"] is None
        and (limit is None or length <= limit)
    )
