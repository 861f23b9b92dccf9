"""Token, revocation and introspection requests answered before Flask dispatches them.

Most of what such a request costs under Flask is Flask's: contexts, routing, the
session, a response object. None of it is needed here, so it is left out where an
application does nothing of its own around these endpoints, or wants it so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from ...http import HttpRequest, HttpResponse, json_response
from .dispatching import Dispatching
from .requests import MAXIMUM_BODY, WsgiHeaders

if TYPE_CHECKING:
    from .authorization_server import AuthorizationServer

__all__ = ["EarlyAnswers"]

_Environ = dict[str, Any]
_Application = Callable[[_Environ, Any], Iterable[bytes]]
_Answer = Callable[[HttpRequest], HttpResponse]
_MOST_DIGITS: Final = 9


class EarlyAnswers:
    """A WSGI application in front of Flask's.

    What it does not answer itself it hands on untouched: other paths and
    methods, a body whose length is not told, everything until the issuer is
    known, another host where that was derived, and what Flask's dispatching
    would add something to.
    """

    def __init__(
        self,
        server: AuthorizationServer,
        app: Flask,
        paths: Mapping[str, str | None],
        dispatching: Dispatching | None,
    ) -> None:
        """Answer `paths`, each with the name of its endpoint, or None for the token endpoint.

        Without `dispatching`, whatever that would add.
        """
        self._server = server
        self._app = app
        self._dispatching = dispatching
        self._behind: _Application = app.wsgi_app
        self._answers = {path: _answer_of(server, name) for path, name in paths.items()}

    def __call__(self, environ: _Environ, start_response: Any) -> Iterable[bytes]:
        """Answer, or hand on."""
        answer = self._answers.get(environ["PATH_INFO"])
        if answer is None or environ["REQUEST_METHOD"] != "POST":
            return self._behind(environ, start_response)
        length = _length(environ)
        if length is None or not self._is_mine(environ, length):
            return self._behind(environ, start_response)
        request = _read(environ, length)
        # The application's own functions, such as `load_user`, may ask for its database.
        with self._app.app_context(), self._server.neutral():
            response = self._respond(answer, request)
        return _send(response, start_response)

    def _respond(self, answer: _Answer, request: HttpRequest) -> HttpResponse:
        try:
            return answer(request)
        except Exception:
            # As Flask would: what arrives here is a bug, never an answer.
            self._app.logger.exception("A request failed: %r", request)
            return json_response(500, {"error": "server_error"})

    def _is_mine(self, environ: _Environ, length: int) -> bool:
        if not self._server.serves_host(environ.get("HTTP_HOST")):
            return False
        return self._dispatching is None or self._dispatching.adds_nothing(environ, length)


def _length(environ: _Environ) -> int | None:
    """Return how long the body is, None where that is not told, or it is longer than any form."""
    told = environ.get("CONTENT_LENGTH") or ""
    if not told.isdecimal() or len(told) > _MOST_DIGITS or int(told) > MAXIMUM_BODY:
        return None
    return int(told)


def _answer_of(server: AuthorizationServer, name: str | None) -> _Answer:
    if name is None:
        return server.create_token_response
    return partial(server.create_endpoint_response, name)


def _read(environ: _Environ, length: int) -> HttpRequest:
    return HttpRequest(
        "POST",
        environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"],
        query_string=environ.get("QUERY_STRING", ""),
        headers=WsgiHeaders(environ),
        body=environ["wsgi.input"].read(length),
        address=environ.get("REMOTE_ADDR"),
    )


def _send(response: HttpResponse, start_response: Any) -> Iterable[bytes]:
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
    return [response.body]
