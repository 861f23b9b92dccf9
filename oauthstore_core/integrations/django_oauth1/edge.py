"""What a server and a protector of OAuth 1 have of Django: settings, stores and requests."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from authlib.oauth1.rfc5849.errors import InvalidRequestError, OAuth1Error
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest as NativeRequest

from ...clock import Clock
from ...errors import ConflictError, StoreError
from ...http import HttpRequest
from ...oauth1.base_string import normalize_origin
from ...oauth1.errors import TemporarilyUnavailableError
from ...oauth1.requests import origin_of
from ...settings import Settings
from ...stores import REQUIRED_ROLES, Stores
from ...translation import Translation
from ..django_oauth2.configuration import load_settings
from ..django_oauth2.languages import DjangoTranslation, project_translation
from ..django_oauth2.reading import SettingsReader
from ..django_oauth2.requests import read_request
from ..django_oauth2.transactions import warn_of_own_transaction
from .configuration import READ, Provider, provider_of
from .opening import CACHED_ROLES, CachePlace, open_for
from .processes import refuse_several

__all__ = ["Edge", "as_django_wants"]


@contextmanager
def as_django_wants() -> Generator[None]:
    """Let templates show an OAuth error of this block, and tell of the view's own transaction."""
    try:
        yield
    except OAuth1Error as error:
        # Authlib's errors can be called, and Django's templates call what can be.
        cast("Any", error).do_not_call_in_templates = True
        if isinstance(error.__cause__, ConflictError):
            warn_of_own_transaction()
        raise


class Edge(SettingsReader):
    """Reads the settings late, and opens what the project's models leave to a store."""

    READ = READ
    translation_class: ClassVar[type[Translation]] = DjangoTranslation

    #: The project's own models; None: in the store.
    client_model: Any
    token_model: Any
    #: Settings of this object alone, which go before those of ``OAUTHSTORE``.
    _options: Mapping[str, object]

    def __init__(self) -> None:
        super().__init__()
        self._provider: Provider | None = None
        self._is_per_process = False

    @property
    def follows_another(self) -> bool:
        """Whether it stands on another's stores, and has none of its own."""
        return False

    def open_stores(self, clock: Clock) -> tuple[Provider, Settings, Stores]:
        """Read the settings, and open the stores. `ConfigurationError`: what does not fit."""
        provider = provider_of()
        settings = provider.with_lifetime(self.load_settings())
        place = self.cache_place(settings, provider)
        stores = open_for(settings, clock, self._roles_of_models(), place)
        self._provider = provider
        self._is_per_process = place is not None and not stores.capabilities("nonces").shared
        return provider, settings, stores

    def _roles_of_models(self) -> Sequence[str]:
        models = {"clients": self.client_model, "tokens": self.token_model}
        return [role for role, model in models.items() if model is not None]

    def roles_in_memory(self) -> Sequence[str]:
        """Return what each process keeps for itself: neither in a model, nor in a cache."""
        settings = self.load_settings()
        if self.follows_another or not settings.names_no_store:
            return ()
        cached = () if self.cache_place(settings, provider_of()) is None else CACHED_ROLES
        elsewhere = {*self._roles_of_models(), *cached}
        return [role for role in REQUIRED_ROLES if role not in elsewhere]

    def load_settings(self) -> Settings:
        """Return what is set now, without opening a store. `SettingsError`: what is wrong."""
        return load_settings(self._options)

    def cache_place(self, settings: Settings, provider: Provider) -> CachePlace | None:
        """Return where in Django's cache it keeps what is used once; None: in a store.

        In the cache it is, as on Authlib, where the project has a token model
        and names no store.
        """
        if self.token_model is None or not settings.names_no_store:
            return None
        return CachePlace(provider.cache, provider.key_prefix)

    def __getattr__(self, name: str) -> Any:
        """Return what the settings tell; the languages also while a store is yet to be opened."""
        try:
            return super().__getattr__(name)
        except StoreError:
            if name != "translation":
                raise
            return project_translation()

    def begin(self) -> None:
        """Read the settings, unless that is done; raises as `read_http` does."""
        try:
            self.ensure_ready()
        except StoreError as error:
            raise TemporarilyUnavailableError from error

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request of Django's.

        `CapabilityError`: the cache is of one process, and several may answer.
        `TemporarilyUnavailableError`: a store is away that has yet to be opened.
        """
        self.begin()
        http = read_request(request)
        if self._is_per_process and self._provider is not None:
            native = getattr(http, "native", None)
            single = self._provider.single_process
            refuse_several(native, self._provider.cache, single_process=single)
        return http

    def asked_origin(self, http: HttpRequest) -> str:
        """Return scheme and host of a request, as Django's settings let a proxy tell them.

        `InvalidRequestError`: the host is none of ALLOWED_HOSTS.
        """
        native: NativeRequest | None = getattr(http, "native", None)
        if native is None:
            return origin_of(http)
        try:
            return normalize_origin(http.scheme, native.get_host())
        except DisallowedHost as error:
            raise InvalidRequestError("The Host header names no host that is served.") from error
