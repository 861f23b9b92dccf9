"""The authorization server of a Flask application."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportReturnType=false

from __future__ import annotations

from typing import Any, Final, Unpack

from authlib.integrations.flask_oauth2 import AuthorizationServer as AuthlibAuthorizationServer
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Blueprint, Flask, Response, has_request_context
from flask import request as current_request

from ...clock import SystemClock
from ...http import HttpRequest, HttpResponse
from ...oauth2.core import warn_of_insecure_transport
from ...oauth2.embedded import EmbeddedServer, QueryClient, SaveToken
from ...oauth2.metadata import EndpointPaths
from ...stores import Stores
from ..derived_issuer import DerivedIssuer
from ..embedding import open_claims, open_embedded
from .blueprint import USUAL_PREFIX, UserId, create_blueprint
from .configuration import (
    ACCESS,
    EXPIRES_IN,
    REFRESH,
    check_authlib_keys,
    expires_in_of,
    generator_of,
    has_functions,
    settings_of,
)
from .options import Options
from .requests import read_request, to_flask

__all__ = ["AuthorizationServer"]


_SAY_WHERE: Final = "OAUTHSTORE_STORE, for example to sqlite:///oauth.db"


class AuthorizationServer(DerivedIssuer, EmbeddedServer, AuthlibAuthorizationServer):
    """Authlib's server for Flask, on a store.

    Store mode: with a `store`, such as ``sqlite:///oauth.db``, authorization
    code with PKCE, refresh with rotation, client credentials, revocation and
    introspection are there, and the tokens' digests in the store. A grant class
    or an endpoint that the application registers goes before.

    Own mode: where the application gives `save_token`, its grants and models
    work as on Authlib. What may be used once is claimed in the store of nonces
    before its tokens are saved, so that one request wins.
    """

    def __init__(
        self,
        app: Flask | None = None,
        query_client: QueryClient | None = None,
        save_token: SaveToken | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Serve `app`, now or from `init_app` on, which tells of the options."""
        super().__init__()
        self._query_client = query_client
        self._save_token = save_token
        self._prefix = USUAL_PREFIX
        self._opened: Stores | None = None
        self._options: Options = options
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        query_client: QueryClient | None = None,
        save_token: SaveToken | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Open the stores and take the configuration of `app`; once more, those of another.

        What is no argument may be an ``OAUTHSTORE_...`` key of Flask's
        configuration, a variable of the environment, or in ``oauthstore.toml``.
        `ConfigurationError`: what does not fit.
        """
        self._query_client = query_client or self._query_client
        self._save_token = save_token or self._save_token
        given: Options = {**self._options, **options}
        load_user, migrate = given.pop("load_user", None), given.pop("migrate", None)
        translate = given.pop("translate", None)
        clock = given.pop("clock", None) or SystemClock()
        warn_of_insecure_transport()
        check_authlib_keys(app)
        settings = settings_of(app, given, only_claims=self.own_mode)
        if self.own_mode:
            stores = open_claims(settings, _SAY_WHERE, migrate=migrate, clock=clock)
        else:
            stores = open_embedded(settings, migrate=migrate, clock=clock)
        if self._opened is not None:
            self._opened.close()
        self._opened = stores
        self.configure(settings, stores, clock=clock, load_user=load_user, translate=translate)
        self._take_generators(app)
        self._calls_back = any((self._query_client, load_user, translate, has_functions(app)))
        self.load_config(app.config)
        if not self.own_mode:
            self.register_built_ins()
        app.extensions["oauthstore"] = self

    def close(self) -> None:
        """Close the stores; a process that ends does so by itself."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # --- Authlib's configuration ---

    def load_config(self, config: Any) -> None:
        """Take Authlib's keys; in store mode the described scopes are those that are served."""
        super().load_config(config)
        described = None if self.own_mode else tuple(self.settings.scopes) or None
        self.scopes_supported = config.get("OAUTH2_SCOPES_SUPPORTED") or described

    def _take_generators(self, app: Flask) -> None:
        self._access_token_generator = generator_of(app, ACCESS)
        self._refresh_token_generator = generator_of(app, REFRESH)
        self._refreshes = app.config.get(REFRESH, True) not in (False, None)
        self._expires_in = expires_in_of(app, super().expires_in)

    def create_bearer_token_generator(self, config: Any) -> BearerTokenGenerator:
        """Return what makes token responses; in own mode it is Authlib's."""
        if self.own_mode:
            generator = super().create_bearer_token_generator(config)
            if callable(config.get(EXPIRES_IN)):
                # Authlib takes its import path only, and the function itself for nothing at all.
                generator.expires_generator = self._expires_in
            return generator
        return self.create_generator(refreshes=self._refreshes)

    def expires_in(self, client: Any, grant_type: str) -> int:
        """Return for how many seconds an access token lives."""
        return self._expires_in(client, grant_type)

    @property
    def is_all_ours(self) -> bool:
        """Whether a request calls nothing of the application's but its plugins."""
        return (
            type(self) is AuthorizationServer
            and not self.own_mode
            and not self._calls_back
            and self.has_only_built_ins
        )

    # --- the issuer, and where the endpoints lie ---

    @property
    def asked_root(self) -> str | None:
        """The application's address in the request at hand; None: there is no request."""
        return current_request.root_url if has_request_context() else None

    @property
    def issuer_path(self) -> str:
        """Where the endpoints lie below that address."""
        return self._prefix

    @property
    def paths(self) -> EndpointPaths:
        """Where the blueprint's endpoints lie, as the request at hand has it."""
        return EndpointPaths.below(current_request.script_root + self._prefix, self.issuer)

    def request_url(self, http: HttpRequest) -> str:
        """Return the URL of the request at hand."""
        return current_request.url

    # --- Flask's requests and responses ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request; without one, of Flask's current request."""
        return read_request(request)

    def to_native(self, response: HttpResponse) -> Response:
        """Return Flask's response."""
        return to_flask(response)

    def create_metadata_response(self, request: Any = None) -> Response:
        """Answer with the server's metadata (RFC 8414 section 3)."""
        response: Response = super().create_metadata_response(request)
        return response

    # --- what comes ready ---

    def blueprint(
        self,
        user_id: UserId,
        *,
        login_url: str | None = None,
        name: str = "oauthstore",
        url_prefix: str | None = None,
        before_flask: bool | None = None,
    ) -> Blueprint:
        """Return a blueprint with all endpoints and a consent page; see `create_blueprint`."""
        return create_blueprint(
            self,
            user_id,
            login_url=login_url,
            name=name,
            url_prefix=url_prefix,
            before_flask=before_flask,
        )

    def lie_below(self, prefix: str) -> None:
        """Take note of where the endpoints are."""
        self._prefix = prefix
