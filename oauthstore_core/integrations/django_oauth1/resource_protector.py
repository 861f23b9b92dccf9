"""What OAuth 1 protects in a Django project."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast, overload

from authlib.integrations.django_oauth1 import ResourceProtector as AuthlibResourceProtector
from authlib.oauth1.rfc5849.errors import OAuth1Error
from django.http import HttpRequest as NativeRequest
from django.http import HttpResponse as NativeResponse

from ...clock import Clock
from ...http import HttpRequest
from ...oauth1.embedded_protector import EmbeddedProtector
from ...oauth2.core import LoadUser
from ..django_oauth2.opening import CLOCK
from ..django_oauth2.protected_views import keep_out_of_cache, protect_view
from ..django_oauth2.requests import read_request, to_django
from ..django_oauth2.users import load_user
from . import project_models
from .authorization_server import AuthorizationServer, default_server
from .edge import Edge, as_django_wants

__all__ = ["ResourceProtector", "View"]

View = TypeVar("View", bound=Callable[..., Any])


class _ConfiguredLater(AuthlibResourceProtector):
    """Authlib's class, made without models, and without a look at settings while modules load."""

    def __init__(self) -> None:
        self.client_model: Any = None
        self.token_model: Any = None


class ResourceProtector(Edge, EmbeddedProtector, _ConfiguredLater):
    """Authlib's OAuth 1 protector for Django; without models, on a server's store.

    ``@require_oauth`` protects a view, an async one too; the credential that its
    request was signed with is ``request.oauth1_credential``. A model that the
    project gives is asked in the place of the store. A nonce is claimed in the
    store, or, with a token model and no store named, in Django's cache. A view
    that cannot be reached unsigned needs no CSRF token, and is exempt. No cache
    answers a signed request: see `keep_apart`.
    """

    def __init__(
        self,
        client_model: Any = None,
        token_model: Any = None,
        *,
        origin: str | None = None,
        options: Mapping[str, object] | None = None,
        load_user: LoadUser = load_user,
        clock: Clock | None = None,
    ) -> None:
        """Protect views by the models, or by a server, which may be the first argument.

        Without either it is `default_server`. `origin` is the scheme and host
        under which clients know these resources, such as
        ``https://api.example.com``: what they sign. Without it the request
        tells. `options`, `load_user` and `clock` are as a server's, for a
        protector with models. `ValueError`: the origin cannot be one.
        """
        super().__init__()
        self.stand_at(origin)
        server = client_model if isinstance(client_model, AuthorizationServer) else None
        self._given_server = server
        self.client_model = None if server is not None else client_model
        self.token_model = token_model
        self._options = dict(options or {})
        self._given = (clock or CLOCK, load_user)
        if self.client_model is not None:
            self.query_client = partial(project_models.query_client, client_model)
        if token_model is not None:
            self.query_token = partial(project_models.query_token, token_model)

    @property
    def follows_another(self) -> bool:
        """Whether it stands on a server's stores: it does where nobody gave a model."""
        return self.client_model is None and self.token_model is None

    def roles_in_memory(self) -> Sequence[str]:
        """Return what it keeps itself, or the default server, which is made when it is asked."""
        if self.follows_another and self._given_server is None:
            return default_server().roles_in_memory()
        return super().roles_in_memory()

    def read_settings(self) -> None:
        """Take a server's stores, or open those that the models leave to one."""
        if self.follows_another:
            server = self._given_server or default_server()
            server.ensure_ready()
            self.follow(server)
            return
        clock, load = self._given
        provider, settings, stores = self.open_stores(clock)
        self._load_user = lambda subject, _: load(subject)
        translation = self.translation_class(settings.languages)
        self.configure_signing(settings, stores, clock=clock, translation=translation)
        if provider.signature_methods is not None:
            self.allow_signature_methods(provider.signature_methods)

    # --- Django's requests and responses ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request of Django's; raises as `Edge.read_http` does."""
        self.begin()
        server = self._server
        return super().read_http(request) if server is None else server.read_http(request)

    @contextmanager
    def storing(self) -> Generator[None]:
        """Turn a store's failure into an OAuth error, and tell of the view's own transaction."""
        with as_django_wants(), super().storing():
            yield

    def get_token_credential(self, request: Any) -> Any:
        """Return the request's token credential: of the model, else the store's; else None."""
        followed = cast("AuthorizationServer | None", self._server)
        if followed is None or followed.token_model is None:
            return super().get_token_credential(request)
        return project_models.query_token(followed.token_model, request.client_id, request.token)

    def acquire_credential(self, request: NativeRequest) -> Any:
        """Return the token credential that a request is signed with.

        `OAuth1Error`: it is not signed as it has to be, with 503 where a store
        does not answer.
        """
        keep_out_of_cache(request)
        return self.validate(request)

    @overload
    def __call__(self, realm: View, /) -> View: ...

    @overload
    def __call__(self, realm: object = None) -> Callable[[View], View]: ...

    def __call__(self, realm: Any = None) -> Any:
        """Return a decorator, or with a view, the view protected; OAuth 1 knows no scopes."""
        return self._protect(realm) if callable(realm) else self._protect

    def _protect(self, view: Callable[..., Any]) -> Callable[..., Any]:
        return protect_view(view, self._judge)

    def _judge(self, request: NativeRequest) -> NativeResponse | None:
        """Give the request its credential and return None, or return the refusal."""
        try:
            cast("Any", request).oauth1_credential = self.acquire_credential(request)
        except OAuth1Error as error:
            return self.answer_error(request, error)
        return None

    def answer_error(self, request: NativeRequest, error: OAuth1Error) -> NativeResponse:
        """Return Django's response to an error, and log what was behind it."""
        return to_django(self.create_error_response(error, read_request(request)))
