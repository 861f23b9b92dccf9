"""The OAuth 1 authorization server of a Flask application."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAssignmentType=false

from __future__ import annotations

from typing import Any, Unpack

from authlib.integrations.flask_oauth1 import AuthorizationServer as AuthlibAuthorizationServer
from flask import Blueprint, Flask, Response
from flask import request as current_request

from ...clock import SystemClock
from ...errors import SettingsError
from ...http import HttpRequest, HttpResponse
from ...oauth1.embedded import EmbeddedServer, GenerateToken, QueryClient
from ...oauth2.core import warn_of_insecure_transport
from ...stores import REQUIRED_ROLES
from ..flask_oauth2.blueprint import UserId
from ..flask_oauth2.requests import read_request, to_flask
from .blueprint import create_blueprint
from .configuration import Generators, generators_of, signature_methods_of
from .opening import EXTENSION, Opened, open_for
from .options import Options

__all__ = ["AuthorizationServer"]


class AuthorizationServer(EmbeddedServer, AuthlibAuthorizationServer):
    """Authlib's OAuth 1 server for Flask, on a store.

    Clients, temporary credentials, token credentials and nonces are in the
    store, secrets sealed. What the application gives goes before, each by
    itself: `query_client`, and the hooks of `register_hook`. What may be used
    once is claimed in the store of nonces in either case.
    """

    def __init__(
        self,
        app: Flask | None = None,
        query_client: QueryClient | None = None,
        token_generator: GenerateToken | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Serve `app`, now or from `init_app` on, which tells of the options."""
        super().__init__()
        self._query_client = query_client
        self._generators = Generators(None, None, None)
        self.token_generator = token_generator
        self._opened: Opened | None = None
        self._options: Options = options
        if app is not None:
            self.init_app(app)

    @property
    def query_client(self) -> QueryClient | None:
        """What finds the application's clients; None: they are in the store."""
        return self._query_client

    @query_client.setter
    def query_client(self, query_client: QueryClient | None) -> None:
        self._query_client = query_client

    def init_app(
        self,
        app: Flask,
        query_client: QueryClient | None = None,
        token_generator: GenerateToken | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Open the stores and take the configuration of `app`; once more, those of another.

        What is no argument may be an ``OAUTHSTORE_...`` key of Flask's
        configuration, a variable of the environment, or in ``oauthstore.toml``;
        Authlib's ``OAUTH1_...`` keys count, too. `ConfigurationError`: what does
        not fit.
        """
        self._query_client = query_client or self._query_client
        self.token_generator = token_generator or self.token_generator
        given: Options = {**self._options, **options}
        load_user, migrate = given.pop("load_user", None), given.pop("migrate", None)
        translate = given.pop("translate", None)
        clock = given.pop("clock", None) or SystemClock()
        warn_of_insecure_transport()
        self._generators = generators_of(app)
        methods = signature_methods_of(app)
        roles = REQUIRED_ROLES if self._query_client is None else ("nonces",)
        opened = open_for(app, given, roles, migrate=migrate, clock=clock)
        self.close()
        self._opened = opened
        self.configure(
            opened.settings, opened.stores, clock=clock, load_user=load_user, translate=translate
        )
        if methods is not None:
            self.allow_signature_methods(methods)
        self.app = app
        app.extensions[EXTENSION] = self

    def close(self) -> None:
        """Close the stores that were opened here; a process that ends does so by itself."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # --- what is made ---

    def create_token_generator(self, app: Flask) -> GenerateToken:
        """Return what makes a token and its secret, as the configuration of `app` says."""
        self._generators = generators_of(app)
        return self.generate_credential

    def generate_credential(self) -> dict[str, str]:
        """Return a fresh token and its secret, by the application's generators where it has any."""
        made = super().generate_credential()
        if self.token_generator is not None:
            return made
        if self._generators.token is not None:
            made["oauth_token"] = self._generators.token()
        if self._generators.secret is not None:
            made["oauth_token_secret"] = self._generators.secret()
        return made

    def generate_verifier(self, callback: str | None) -> str:
        """Return a fresh verifier for a client at `callback`."""
        if self._generators.verifier is not None:
            return self._generators.verifier()
        return super().generate_verifier(callback)

    # --- what comes ready ---

    def blueprint(
        self,
        user_id: UserId,
        *,
        login_url: str | None = None,
        name: str = "oauthstore_oauth1",
        url_prefix: str | None = None,
    ) -> Blueprint:
        """Return a blueprint with the endpoints and a consent page; see `create_blueprint`.

        `SettingsError`: the clients are the application's, of which a page of
        ours knows nothing to show.
        """
        if self._query_client is not None:
            problem = (
                "A blueprint with a consent page was asked for, but clients are found by "
                "`query_client`, and of these the page knows no names. Write a view of your own, "
                "with `check_authorization_request` and `create_authorization_response`."
            )
            raise SettingsError([problem])
        return create_blueprint(
            self, user_id, login_url=login_url, name=name, url_prefix=url_prefix
        )

    @property
    def issuer(self) -> str:
        """The issuer as set, else the address that the request at hand asks."""
        return self.settings.issuer or current_request.root_url.rstrip("/")

    # --- Flask's requests and responses ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request; without one, of Flask's current request."""
        return read_request(request)

    def to_native(self, response: HttpResponse) -> Response:
        """Return Flask's response."""
        return to_flask(response)

    def create_authorization_response(self, request: Any = None, grant_user: Any = None) -> Any:
        """Decide a temporary credential, once; without `grant_user` it is denied, for good.

        A user may be the first argument, as in older documents. `OAuth1Error`:
        show it to the resource owner.
        """
        if grant_user is None and hasattr(request, "get_user_id"):
            request, grant_user = None, request
        return super().create_authorization_response(request, grant_user)
