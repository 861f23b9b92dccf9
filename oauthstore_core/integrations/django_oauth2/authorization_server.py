"""The authorization server of a Django project."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportReturnType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property, partial
from typing import Any, cast

from authlib.integrations.django_oauth2 import AuthorizationServer as AuthlibAuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as BareAuthorizationServer
from authlib.oauth2.rfc6750 import BearerTokenGenerator

from ...clock import Clock
from ...errors import SettingsError, StoreError
from ...http import HttpRequest, HttpResponse, json_response
from ...oauth2.core import LoadUser, warn_of_insecure_transport
from ...oauth2.embedded import EmbeddedServer
from ...oauth2.errors import TemporarilyUnavailableError, log_refusal
from ...oauth2.metadata import EndpointPaths
from ...settings import Settings
from ...stores import REQUIRED_ROLES
from ...translation import Translate
from ..derived_issuer import DerivedIssuer
from .configuration import (
    ACCESS,
    EXPIRES_IN,
    READ,
    REFRESH,
    generator_of,
    load_settings,
    provider_of,
)
from .endpoints import RevocationEndpoint
from .languages import DjangoTranslation
from .opening import CLOCK, stores_of
from .places import endpoint_prefix
from .reading import CONFIGURED, SettingsReader
from .reports import unreported
from .requests import DjangoHttpRequest, OAuthResponse, read_request, to_django
from .transactions import warn_of_own_transaction
from .users import answering_database, load_user, signed_in

__all__ = ["AuthorizationServer", "default_server"]


class _ConfiguredLater(AuthlibAuthorizationServer):
    """Authlib's class, made without models, and without a look at settings while modules load."""

    def __init__(self) -> None:
        BareAuthorizationServer.__init__(self)
        self.client_model: Any = None
        self.token_model: Any = None
        self.config: Mapping[str, Any] = {}


class AuthorizationServer(SettingsReader, DerivedIssuer, EmbeddedServer, _ConfiguredLater):
    """Authlib's server for Django, on a store.

    Store mode, without models: authorization code with PKCE, refresh with
    rotation, client credentials, revocation and introspection are there, and
    the tokens' digests in the store that the setting ``OAUTHSTORE`` names. A
    grant class or an endpoint that the application registers goes before.

    Own mode, with a token model: the application's grants and models work as on
    Authlib. What may be used once is claimed in the store of nonces before its
    tokens are saved, so that one request wins. A client model alone has the
    clients, and the store the rest.
    """

    READ = READ
    FORGOTTEN = CONFIGURED | {"known_issuer"}

    translation_class = DjangoTranslation

    def __init__(
        self,
        client_model: Any = None,
        token_model: Any = None,
        *,
        options: Mapping[str, object] | None = None,
        load_user: LoadUser = load_user,
        translate: Translate | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take models, if there are any; settings are read when the first request comes.

        `options` are settings of this server alone, which go before those of
        ``OAUTHSTORE``. `load_user` maps a subject to the project's user, by
        default AUTH_USER_MODEL by primary key; `translate` is the project's own
        translator, see `translation.Translation`. `ValueError`: nothing tells
        where the clients of a token model are.
        """
        super().__init__()
        self.client_model = client_model
        self.token_model = token_model
        self._asked: ContextVar[Any] = ContextVar("oauthstore_asked", default=None)
        self._made_generator: BearerTokenGenerator | None = None
        self._options = dict(options or {})
        self._given = (clock or CLOCK, load_user, translate)
        self._query_client = None if client_model is None else self._query_model
        self._save_token = None if token_model is None else self._save_model
        self._claim_before_own_saving()
        if self.own_mode and client_model is None and not self._overrides("query_client"):
            raise ValueError(
                "An AuthorizationServer was made with a token model, but without a client model. "
                "Give both, or neither to have clients and tokens in the store."
            )

    # --- the project's models ---

    def _overrides(self, name: str) -> bool:
        return getattr(type(self), name) is not getattr(AuthorizationServer, name)

    def _claim_before_own_saving(self) -> None:
        """Put the claim before a subclass's own `save_token`, as Authlib lets it have one."""
        if self._overrides("save_token"):
            self._save_token = type(self).save_token.__get__(self)
            self.__dict__["save_token"] = partial(EmbeddedServer.save_token, self)

    def _query_model(self, client_id: str) -> Any:
        # No database takes this character in a text, and some raise for it.
        if "\0" in client_id:
            return None
        with answering_database():
            return AuthlibAuthorizationServer.query_client(self, client_id)

    def _save_model(self, token: dict[str, Any], request: Any) -> Any:
        if self.token_model is None:
            raise RuntimeError(
                f"{type(self).__name__}.save_token called the one of its parent, which was made "
                "without a token model. Give it one, or save the token without calling it."
            )
        with answering_database():
            return AuthlibAuthorizationServer.save_token(self, token, request)

    def save_token(self, token: dict[str, Any], request: Any) -> Any:
        """Store what a grant class issued that is not ours, once what it presented is claimed."""
        if self._overrides("save_token"):
            # Called by the subclass's own, before which the claim was made.
            return self._save_model(token, request)
        return super().save_token(token, request)

    # --- Django's settings ---

    def read_settings(self) -> None:
        """Take the settings, and open the stores that they name."""
        warn_of_insecure_transport()
        provider, settings = provider_of(), self.load_settings()
        clock, load, translate = self._given
        stores = stores_of(settings, clock, only_claims=self.own_mode)
        self.configure(settings, stores, clock=clock, load_user=load, translate=translate)
        self.load_config(provider)
        if not self.own_mode:
            self.register_built_ins()

    def load_settings(self) -> Settings:
        """Return what is set now, without opening a store. `SettingsError`: what is wrong."""
        return load_settings(self._options)

    def roles_in_memory(self) -> Sequence[str]:
        """Return what each process keeps for itself; in own mode, only what was used once."""
        if not self.load_settings().names_no_store:
            return ()
        if self.own_mode:
            return ("nonces",)
        return [role for role in REQUIRED_ROLES if role != "clients" or self.client_model is None]

    def load_config(self, config: Any) -> None:
        """Take Authlib's keys; in store mode the described scopes are those that are served."""
        self.config = config
        described = None if self.own_mode else tuple(self.settings.scopes) or None
        self.scopes_supported = config.get("scopes_supported") or described
        self._access_token_generator = generator_of(config, ACCESS)
        self._refresh_token_generator = generator_of(config, REFRESH)
        if self._token_generators.get("default") is self._made_generator:
            self._made_generator = self.create_bearer_token_generator()
            self.register_token_generator("default", self._made_generator)

    def create_bearer_token_generator(self) -> BearerTokenGenerator:
        """Return what makes token responses; in own mode it is Authlib's."""
        if self.own_mode:
            return super().create_bearer_token_generator()
        return self.create_generator(refreshes=self.config.get(REFRESH, True) not in (False, None))

    def expires_in(self, client: Any, grant_type: str) -> int:
        """Return for how many seconds an access token lives."""
        seconds: int | None = (self.config.get(EXPIRES_IN) or {}).get(grant_type)
        return seconds or super().expires_in(client, grant_type)

    def register_endpoint(self, endpoint: Any) -> None:
        """Register an endpoint; Authlib's for a token model is the store's where there is none."""
        if endpoint is RevocationEndpoint and self.token_model is None and not self.own_mode:
            return
        super().register_endpoint(endpoint)

    # --- the issuer, and where the endpoints lie ---

    @cached_property
    def known_issuer(self) -> str | None:
        """The issuer as set; None: it is not, or the settings do not fit. Opens no store."""
        try:
            return self.load_settings().issuer
        except SettingsError:  # told by the checks, and by the first request
            return None

    @property
    def _prefix(self) -> str:
        """The path that the endpoints lie under."""
        return endpoint_prefix(self.known_issuer)

    @property
    def asked_root(self) -> str | None:
        """The application's address in the request at hand; None: there is no request."""
        native = self._asked.get()
        return None if native is None else native.build_absolute_uri("/")

    @property
    def issuer_path(self) -> str:
        """Where the endpoints lie below that address."""
        return self._prefix

    @property
    def paths(self) -> EndpointPaths:
        """Where the endpoints lie, as the project's URLs have them."""
        return EndpointPaths.below(self._prefix, self.issuer)

    def request_url(self, http: HttpRequest) -> str:
        """Return the URL of a request."""
        native = cast("DjangoHttpRequest", http).native
        return native.build_absolute_uri()

    # --- Django's requests, responses and users ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request of Django's.

        `TemporarilyUnavailableError`: a store is away that has yet to be opened.
        """
        self._begin()
        http = read_request(request)
        if not self.is_issuer_set:
            self._asked.set(getattr(http, "native", None))
        return http

    def to_native(self, response: HttpResponse) -> OAuthResponse:
        """Return Django's response."""
        return to_django(response)

    @unreported
    def create_token_response(self, request: Any = None) -> Any:
        """Answer at the token endpoint (RFC 6749 section 3.2)."""
        return super().create_token_response(request)

    def create_metadata_response(self, request: Any = None) -> OAuthResponse:
        """Answer with the server's metadata (RFC 8414 section 3)."""
        response: OAuthResponse = super().create_metadata_response(request)
        return response

    @unreported
    def create_endpoint_response(self, name: str, request: Any = None) -> Any:
        """Answer at the endpoint `revocation` or `introspection`, or at one that was registered."""
        try:
            self._begin()
        except TemporarilyUnavailableError as error:
            return self.handle_error_response(request, error)
        return super().create_endpoint_response(name, request)

    def _begin(self) -> None:
        try:
            self.ensure_ready()
        except StoreError as error:
            raise TemporarilyUnavailableError from error

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Any:
        """Answer an error, where no store could be opened in plain English."""
        if self._is_ready:
            return super().handle_error_response(request, error)
        log_refusal(error)
        status, body, headers = error()
        return self.as_wanted(json_response(status, body, headers))

    @contextmanager
    def _storing(self) -> Generator[None]:
        """Turn a store's failure into the RFC's error, and tell of the view's own transaction."""
        try:
            with super()._storing():
                yield
        except TemporarilyUnavailableError:
            warn_of_own_transaction()
            raise

    @unreported
    def get_consent_grant(self, request: Any = None, end_user: Any = None) -> Any:
        """Return the validated grant for a consent page.

        `OAuth2Error`: answer it with `handle_error_response`.
        """
        return super().get_consent_grant(request, signed_in(end_user))

    @unreported
    def create_authorization_response(
        self, request: Any = None, grant_user: Any = None, grant: Any = None
    ) -> Any:
        """Answer at the authorization endpoint; nobody, or an `AnonymousUser`, has denied."""
        return super().create_authorization_response(request, signed_in(grant_user), grant)

    def subject_of(self, owner: Any) -> str:
        """Return the primary key of a user of Django's, or what another owner calls itself."""
        key = getattr(owner, "pk", None)
        return super().subject_of(owner) if key is None else str(key)

    # --- what comes ready ---

    @property
    def served(self) -> Any:
        """The grant types and all else that is registered."""
        self.ensure_ready()
        return super().served


@cache
def default_server() -> AuthorizationServer:
    """Return the server of the app's URLs, which a protector without arguments asks."""
    return AuthorizationServer()
