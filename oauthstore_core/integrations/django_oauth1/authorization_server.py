"""The OAuth 1 authorization server of a Django project."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property, partial
from typing import Any

from authlib.integrations.django_oauth1 import BaseServer as AuthlibBaseServer
from authlib.integrations.django_oauth1 import (
    CacheAuthorizationServer as AuthlibCacheAuthorizationServer,
)
from django.urls import get_script_prefix

from ...clock import Clock
from ...errors import SettingsError
from ...http import HttpRequest, HttpResponse
from ...oauth1.embedded import EmbeddedServer, GenerateToken
from ...oauth1.exchange import generate_token
from ...oauth2.core import LoadUser, warn_of_insecure_transport
from ...settings import Settings
from ...translation import Translate
from ..django_oauth2.opening import CLOCK
from ..django_oauth2.reading import CONFIGURED
from ..django_oauth2.reports import unreported
from ..django_oauth2.requests import OAuthResponse, to_django
from ..django_oauth2.users import load_user, signed_in
from . import project_models
from .configuration import Provider
from .edge import Edge, as_django_wants
from .opening import CachePlace

__all__ = ["AuthorizationServer", "CacheAuthorizationServer", "default_server"]


class _ConfiguredLater(AuthlibBaseServer):
    """Authlib's class, made without models, and without a look at settings while modules load."""

    def __init__(self) -> None:
        self.client_model: Any = None
        self.token_model: Any = None


class AuthorizationServer(Edge, EmbeddedServer, _ConfiguredLater):
    """Authlib's OAuth 1 server for Django, on a store.

    Clients, temporary credentials, token credentials and nonces are in the
    store that ``OAUTHSTORE`` names, secrets sealed. A model that the project
    gives goes before, each by itself, and so does a method that a subclass has
    of its own. What may be used once is claimed in either case.

    With a token model, and no store named, what is used once is in Django's
    cache, as on Authlib.
    """

    FORGOTTEN = CONFIGURED | {"is_enabled"}

    def __init__(
        self,
        client_model: Any = None,
        token_model: Any = None,
        token_generator: GenerateToken | None = None,
        *,
        options: Mapping[str, object] | None = None,
        load_user: LoadUser = load_user,
        translate: Translate | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take models, if there are any; settings are read when the first request comes.

        `token_generator` makes a token and its secret. `options` are settings of
        this server alone, which go before those of ``OAUTHSTORE``. `load_user`
        maps a subject to the project's user, by default AUTH_USER_MODEL by
        primary key; `translate` is the project's own translator, see
        `translation.Translation`.
        """
        super().__init__()
        self.client_model = client_model
        self.token_model = token_model
        self.token_generator = token_generator or generate_token
        self._asked: ContextVar[Any] = ContextVar("oauthstore_oauth1_asked", default=None)
        self._options = dict(options or {})
        self._given = (clock or CLOCK, load_user, translate, token_generator)
        if client_model is not None:
            self.query_client = partial(project_models.query_client, client_model)
        if token_model is not None:
            save = partial(project_models.save_token, token_model)
            self.register_hook("create_token_credential", save)

    def read_settings(self) -> None:
        """Take the settings, and open the stores that they name."""
        warn_of_insecure_transport()
        clock, load, translate, generator = self._given
        provider, settings, stores = self.open_stores(clock)
        self.token_generator = generator or provider.token_generator or generate_token
        self.configure(settings, stores, clock=clock, load_user=load, translate=translate)
        if provider.signature_methods is not None:
            self.allow_signature_methods(provider.signature_methods)

    @cached_property
    def is_enabled(self) -> bool:
        """Whether the settings enable OAuth 1; opens no store.

        True, too, where the settings do not fit, for a request to say so.
        """
        try:
            return self.load_settings().oauth1.enabled
        except SettingsError:
            return True

    # --- Django's requests, responses and users ---

    @property
    def issuer(self) -> str:
        """The issuer as set, else the address that the request at hand asks."""
        if self.settings.issuer is not None:
            return self.settings.issuer
        asked = self._asked.get()
        origin = "" if asked is None else self.asked_origin(asked)
        return origin + get_script_prefix().rstrip("/")

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request of Django's; raises as `Edge.read_http` does."""
        http = super().read_http(request)
        if self.settings.issuer is None:
            self._asked.set(http)
        return http

    def to_native(self, response: HttpResponse) -> OAuthResponse:
        """Return Django's response."""
        return to_django(response)

    @contextmanager
    def storing(self) -> Generator[None]:
        """Turn a store's failure into an OAuth error, which Django's templates can show."""
        with as_django_wants(), super().storing():
            yield

    @unreported
    def create_temporary_credentials_response(self, request: Any = None) -> Any:
        """Answer a client that asks for temporary credentials (RFC 5849 section 2.1)."""
        return super().create_temporary_credentials_response(request)

    @unreported
    def create_token_response(self, request: Any = None) -> Any:
        """Answer a client that exchanges its temporary credentials (RFC 5849 section 2.3)."""
        return super().create_token_response(request)

    @unreported
    def check_authorization_request(self, request: Any = None) -> Any:
        """Return the validated request for an authorization page (RFC 5849 section 2.2).

        `OAuth1Error`: show it to the resource owner.
        """
        return super().check_authorization_request(request)

    @unreported
    def create_authorization_response(self, request: Any = None, grant_user: Any = None) -> Any:
        """Decide a temporary credential, once; nobody, or an `AnonymousUser`, denies it for good.

        `OAuth1Error`: show it to the resource owner.
        """
        return super().create_authorization_response(request, signed_in(grant_user))

    def user_id_of(self, user: Any) -> Any:
        """Return the primary key of a user of Django's, or what another owner calls itself."""
        key = getattr(user, "pk", None)
        return super().user_id_of(user) if key is None else key


class CacheAuthorizationServer(AuthorizationServer, AuthlibCacheAuthorizationServer):
    """The server with temporary credentials and nonces in Django's cache.

    Clients and token credentials are in the project's models, or without these
    in the store. The cache is the one that "cache" in
    ``AUTHLIB_OAUTH1_PROVIDER`` names, else the default one; its `add` has to
    have one winner among all processes.
    """

    def cache_place(self, settings: Settings, provider: Provider) -> CachePlace:
        """Return where in Django's cache it keeps what is used once."""
        return CachePlace(provider.cache, provider.key_prefix)


@cache
def default_server() -> AuthorizationServer:
    """Return the server on the project's store, which a protector without arguments asks."""
    return AuthorizationServer()
