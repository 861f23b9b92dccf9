"""What OAuth 1 protects in a Flask application."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAssignmentType=false

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar, Unpack, cast, overload

from authlib.integrations.flask_oauth1 import ResourceProtector as AuthlibResourceProtector
from authlib.oauth1.rfc5849.errors import OAuth1Error
from flask import Flask, Response, current_app, g

from ...clock import SystemClock
from ...http import HttpRequest
from ...oauth1.embedded import QueryClient
from ...oauth1.embedded_protector import EmbeddedProtector, ExistsNonce, QueryToken
from ..flask_oauth2.requests import read_request, to_flask
from .authorization_server import AuthorizationServer
from .configuration import signature_methods_of
from .opening import EXTENSION, Opened, open_for
from .options import Options

__all__ = ["ResourceProtector", "View"]

View = TypeVar("View", bound=Callable[..., Any])


class ResourceProtector(EmbeddedProtector, AuthlibResourceProtector):
    """Authlib's OAuth 1 protector for Flask; without arguments, on the store.

    ``@require_oauth()`` protects a view; the credential that its request was
    signed with is `current_credential`. What the application gives -
    `query_client`, `query_token`, `exists_nonce` - is asked in the place of the
    store. A nonce is claimed in the store in either case.

    As in older documents, the first argument may be a model class of clients,
    and the second `query_token`. It may be an `AuthorizationServer`, too; else
    it is the application's, or the stores are opened here.
    """

    @overload
    def __init__(
        self,
        app: Flask | AuthorizationServer | None = None,
        query_client: QueryClient | None = None,
        query_token: QueryToken | None = None,
        exists_nonce: ExistsNonce | None = None,
        *,
        origin: str | None = None,
        **options: Unpack[Options],
    ) -> None: ...

    @overload
    def __init__(
        self,
        client_model: type[Any],
        query_token: QueryToken,
        exists_nonce: ExistsNonce | None = None,
        app: Flask | None = None,
        /,
        *,
        origin: str | None = None,
        **options: Unpack[Options],
    ) -> None: ...

    def __init__(
        self,
        app: Any = None,
        query_client: Any = None,
        query_token: Any = None,
        exists_nonce: Any = None,
        *,
        origin: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Protect views of `app`, or of the application whose request comes first.

        `origin` is the scheme and host under which clients know these
        resources, such as ``https://api.example.com``: what they sign. Without
        it the request tells, which behind a proxy takes one that passes both on.
        """
        super().__init__()
        self.stand_at(origin)
        self._options: Options = options
        self._opened: Opened | None = None
        self._opening = threading.Lock()
        if isinstance(app, type):
            # The arguments of older documents: client model, query_token, exists_nonce, app.
            older = (_query_by(app), query_client, query_token, exists_nonce)
            query_client, query_token, exists_nonce, app = older
        self.query_client = query_client
        self.query_token = query_token
        self._exists_nonce = exists_nonce
        if isinstance(app, AuthorizationServer):
            self._server = app
        elif app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        query_client: QueryClient | None = None,
        query_token: QueryToken | None = None,
        exists_nonce: ExistsNonce | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Take the configuration of `app`, and its server's stores, or open those that it names.

        `ConfigurationError`: what does not fit.
        """
        self.query_client = query_client or self.query_client
        self.query_token = query_token or self.query_token
        self._exists_nonce = exists_nonce or self._exists_nonce
        self.app = app
        given: Options = {**self._options, **options}
        server = app.extensions.get(EXTENSION)
        if isinstance(server, AuthorizationServer) and not given:
            self._server = server
        else:
            self._open(app, given)

    def _open(self, app: Flask, given: Options) -> None:
        load_user, migrate = given.pop("load_user", None), given.pop("migrate", None)
        clock = given.pop("clock", None) or SystemClock()
        given.pop("translate", None)
        opened = open_for(app, given, self._roles(), migrate=migrate, clock=clock)
        self.close()
        self._opened = opened
        if load_user is not None:
            self._load_user = lambda subject, _: load_user(subject)
        self.configure_signing(opened.settings, opened.stores, clock=clock)
        methods = signature_methods_of(app)
        if methods is not None:
            self.allow_signature_methods(methods)

    def _roles(self) -> list[str]:
        clients = [] if self.query_client else ["clients"]
        return [*clients, *([] if self.query_token else ["tokens"]), "nonces"]

    def close(self) -> None:
        """Close the stores that were opened here; a process that ends does so by itself."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _be_ready(self) -> None:
        """Stand on the stores of the server, which `init_app` may have opened anew."""
        if self._server is None and self._opened is None:
            self._begin()
        if self._server is not None:
            self.follow(self._server)

    def _begin(self) -> None:
        """Take the application of the request at hand, which is the first."""
        with self._opening:
            if self._server is None and self._opened is None:
                self.init_app(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's documented way to the object behind the proxy

    # --- Flask's requests and responses ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request; without one, of Flask's current request."""
        return read_request(request)

    def acquire_credential(self) -> Any:
        """Return the token credential that the request at hand is signed with.

        It is `current_credential` from then on. `OAuth1Error`: it is not signed
        as it has to be, with 503 where a store does not answer.
        """
        self._be_ready()
        credential = self.validate()
        g.authlib_server_oauth1_credential = credential
        return credential

    @overload
    def __call__(self, scope: View, /) -> View: ...

    @overload
    def __call__(self, scope: object = None) -> Callable[[View], View]: ...

    def __call__(self, scope: Any = None) -> Any:
        """Return a decorator, or with a view, the view protected; OAuth 1 knows no scopes."""

        def decorator(view: View) -> View:
            @functools.wraps(view)
            def protected(*args: Any, **kwargs: Any) -> Any:
                try:
                    self.acquire_credential()
                except OAuth1Error as error:
                    return self.answer_error(error)
                return view(*args, **kwargs)

            return cast("View", protected)

        return decorator(scope) if callable(scope) else decorator

    def answer_error(self, error: OAuth1Error) -> Response:
        """Return Flask's response of an error, and log what was behind it."""
        return to_flask(self.create_error_response(error, read_request()))


def _query_by(model: type[Any]) -> QueryClient:
    """Return what finds a client by a model of Flask-SQLAlchemy's."""
    # Not by `hasattr`, which asks Flask-SQLAlchemy for its session, and there is no request yet.
    if not any("query" in vars(base) for base in model.__mro__):
        raise TypeError(
            f"Clients of the class {model.__name__} were to be found, but it has no `query`, as "
            "models of Flask-SQLAlchemy have. Give query_client=, a function of a client's id."
        )

    def query_client(client_id: str) -> Any:
        return cast("Any", model).query.filter_by(client_id=client_id).first()

    return query_client
