"""The OAuth 2 authorization server of every edge, in front of one of Authlib's server classes.

Whatever happens in a request is answered here: errors with the RFC's error, a
store that fails with 503.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, partial
from typing import Any, ClassVar, cast

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as AuthlibAuthorizationServer
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    OAuth2Request,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc6749.endpoint import EndpointRequest

from ..clock import Clock
from ..digests import generate_handle
from ..errors import StoreError
from ..http import HttpRequest, HttpResponse, json_response
from ..redaction import redact
from ..sealing import KeyRing
from ..settings import Settings
from ..stores import Stores, is_read_anew, read_anew
from ..translation import Translate, Translation
from . import client_authentication as authentication
from .authlib_logs import redact_authlib_logs
from .clients import ClientRecord
from .errors import ClientAuthenticationError, TemporarilyUnavailableError, log_refusal
from .handles import new_refresh_handle, parse_refresh_handle
from .metadata import EndpointPaths, Served, server_metadata
from .redirect_uris import with_parameters
from .remembered_consent import RememberedConsentMixin
from .requests import AuthorizationRequest, FormRequest
from .resource_indicators import requested_resources
from .resource_owner import ResourceOwner
from .revoking import RevokingMixin
from .single_use import claim_presented
from .stock_grants import save_issued

__all__ = ["LoadUser", "ServerCore", "warn_of_insecure_transport"]

log = logging.getLogger(__name__)

LoadUser = Callable[[str], Any]
#: What Authlib's grants answer an authorization request in.
_RESPONSE_MODES = frozenset({"query", "fragment", "form_post"})

#: How Authlib begins what tells an unknown client from a wrong secret.
_TELLING = ("The client does not exist", "The client cannot authenticate")


def warn_of_insecure_transport() -> None:
    """Log that Authlib's switch which turns security off is ignored, where it is set."""
    if os.environ.get("AUTHLIB_INSECURE_TRANSPORT"):
        log.warning(
            "AUTHLIB_INSECURE_TRANSPORT is set, and ignored: there is no switch that turns "
            "security off. Unset it. While developing, an `issuer` such as "
            "http://127.0.0.1:8000 works without it; elsewhere `issuer` must be https."
        )


class _TokenResponse(dict[str, Any]):
    """A token response that Authlib may log at DEBUG: its repr shows no token."""

    def __repr__(self) -> str:
        return "<token response>"


class ServerCore(RememberedConsentMixin, RevokingMixin, AuthlibAuthorizationServer):
    """Answers requests, finds clients and makes tokens, the same on every edge.

    An edge puts it in front of Authlib's class for its framework, whose `super()`
    that then is, and calls `configure` before the first request.
    """

    key_ring: KeyRing
    #: The languages of pages and of error descriptions.
    translation: Translation
    #: What chooses among them; a web framework may have a choice of its own.
    translation_class: ClassVar[type[Translation]] = Translation

    def __init__(self) -> None:
        super().__init__()
        #: The clients that the request at hand has read: each is asked for once.
        self._seen: ContextVar[dict[str, ClientRecord | None] | None]
        self._seen = ContextVar("oauthstore_clients_seen", default=None)
        self._load_user: LoadUser | None = None
        # In the place of Authlib's, which tell an unknown client from a wrong secret.
        self._authentication = {
            "client_secret_basic": authentication.secret_basic(self),
            "client_secret_post": authentication.secret_post(self),
            "none": authentication.no_secret,
        }
        for method, authenticate in self._authentication.items():
            self.register_client_auth_method(method, authenticate)

    def configure(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock,
        load_user: LoadUser | None,
        translate: Translate | None = None,
    ) -> None:
        """Take what every request needs; see `oauth2.server.AuthorizationServer`."""
        self.settings = settings
        self.stores = stores
        self.clock = clock
        self.key_ring = KeyRing(settings.secret_keys)
        self.translation = self.translation_class(settings.languages, translate)
        self._load_user = load_user
        redact_authlib_logs()

    # --- what it is ---

    @property
    def issuer(self) -> str:
        """The issuer identifier (RFC 8414)."""
        return self.settings.issuer or ""

    @cached_property
    def paths(self) -> EndpointPaths:
        """Where the endpoints lie."""
        return EndpointPaths.of(self.issuer)

    @property
    def served(self) -> Served:
        """The grant types and all else that is registered."""
        raise NotImplementedError

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The server's metadata (RFC 8414 section 2): what is registered by now."""
        return server_metadata(self.served, self.issuer, self.paths)

    # --- answering ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request; an edge makes it of its framework's own."""
        return cast("HttpRequest", request)

    def create_token_response(self, request: Any = None) -> Any:
        """Answer at the token endpoint (RFC 6749 section 3.2)."""
        return self._answer(request, super().create_token_response)

    def create_endpoint_response(self, name: str, request: Any = None) -> Any:
        """Answer at the endpoint `revocation` or `introspection`, or at one that was registered."""
        create = super().create_endpoint_response
        if isinstance(request, EndpointRequest) or name not in self._endpoints:
            with self._storing():
                return create(name, request)
        return self._answer(request, lambda form: create(name, form))

    def create_metadata_response(self, request: Any = None) -> Any:
        """Answer with the server's metadata (RFC 8414 section 3)."""
        return self.metadata_response()

    def metadata_response(self) -> HttpResponse:
        """Return the server's metadata, which a cache may keep for five minutes."""
        response = json_response(200, self.metadata)
        response.set_header("Cache-Control", "public, max-age=300")
        return response

    def get_consent_grant(self, request: Any = None, end_user: Any = None) -> Any:
        """Return the validated grant for a consent page.

        `OAuth2Error`: answer it with `handle_error_response`; it redirects
        only where client and redirect URI were validated (RFC 6749 4.1.2.1).
        """
        with self.remember_clients(), self._storing():
            return super().get_consent_grant(self.read_authorization(request), end_user)

    def create_authorization_response(
        self, request: Any = None, grant_user: Any = None, grant: Any = None
    ) -> Any:
        """Answer at the authorization endpoint; without `grant_user` consent was denied."""
        try:
            if grant is None:
                grant = self.begin_authorization(request, grant_user)
            with self.remember_clients(grant.client), self._storing():
                return super().create_authorization_response(grant.request, grant_user, grant)
        except OAuth2Error as error:
            return self.handle_error_response(grant.request if grant else request, error)

    def begin_authorization(self, request: Any, end_user: Any) -> Any:
        """Return the grant of a request that no consent page has looked at before."""
        return self.get_consent_grant(request, end_user)

    def _answer(self, request: Any, create: Callable[[Any], Any]) -> Any:
        form = None
        try:
            form = self.create_oauth2_request(request)
            with self.remember_clients(), self._storing():
                return create(form)
        except OAuth2Error as error:
            return self.handle_error_response(request if form is None else form, error)

    @contextmanager
    def _storing(self) -> Generator[None]:
        """Turn a store's failure into the RFC's error, which is never "not found"."""
        try:
            yield
        except StoreError as error:
            log.warning("A store failed: %s: %s", type(error).__name__, redact(str(error)))
            raise TemporarilyUnavailableError from error

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Any:
        """Answer an error, and log under a reason id what was behind it."""
        client_id = getattr(getattr(request, "client", None), "client_id", None)
        path = getattr(getattr(request, "http", request), "path", None)
        log_refusal(error, path=path, client_id=client_id)
        if error.error == "unsupported_token_type":
            # RFC 7009 section 2.2.1 means RFC 6749 section 5.2: a 401 would ask to authenticate.
            error.status_code = 400
        error.uri = error.uri or self.get_error_uri(request, error)
        if error.redirect_uri and not error.redirect_fragment:
            # Authlib would write the redirect URI's own query anew.
            parameters = [(name, str(value)) for name, value in error.get_body()]
            location = with_parameters(error.redirect_uri, parameters)
            return self.handle_response(302, "", [("Location", location)])
        status, body, headers = error(self.get_error_uri(request, error))
        if isinstance(body, dict):
            http = getattr(request, "http", None) or self.read_http(request)
            body = self.translation.translate_body(body, http)
        return self.handle_response(status, body, headers)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Any:
        """Build the response; a redirect to a client says who answers (RFC 9207)."""
        if isinstance(body, dict):
            return json_response(status, body, headers)
        response = HttpResponse(status, body.encode(), [*headers, ("Cache-Control", "no-store")])
        if response.location is not None:
            response.location = with_parameters(response.location, [("iss", self.issuer)])
        return response

    # --- reading ---

    def create_oauth2_request(self, request: Any) -> Any:
        """Return Authlib's request of a form; one that is one already stays as it is."""
        if isinstance(request, OAuth2Request):
            return request
        form = FormRequest(self.read_http(request), self.issuer)
        form.received_at = self.clock.now()
        return form

    def read_authorization(self, request: Any) -> Any:
        """Return Authlib's request of a query, at the authorization endpoint."""
        if isinstance(request, OAuth2Request):
            return request
        query = AuthorizationRequest(self.read_http(request), self.issuer)
        query.received_at = self.clock.now()
        return query

    def get_authorization_grant(self, request: AuthorizationRequest) -> Any:
        """Return the grant for a response type; a missing one is `invalid_request`."""
        mode = request.payload.data.get("response_mode")
        if mode is not None and mode not in _RESPONSE_MODES:
            # Authlib would notice only once the code is stored.
            raise InvalidRequestError("Malformed 'response_mode'.")
        try:
            return super().get_authorization_grant(request)
        except UnsupportedResponseTypeError as error:
            if request.payload.response_type is None:
                raise InvalidRequestError(
                    "Missing 'response_type' in request.", redirect_uri=error.redirect_uri
                ) from error
            error.description = "The response type is not supported by this server."
            raise

    def get_token_grant(self, request: FormRequest) -> Any:
        """Return the grant for a grant type; a missing one is `invalid_request`."""
        if not request.payload.grant_type:
            raise InvalidRequestError("Missing 'grant_type' in request.")
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError as error:
            error.description = "The grant type is not supported by this server."
            raise

    # --- clients ---

    def query_client(self, client_id: str) -> Any:
        """Return a client that has not expired; asked once a request."""
        seen = self._seen.get()
        if seen is None:
            return self.query_client_anew(client_id)
        if client_id not in seen:
            seen[client_id] = self.query_client_anew(client_id)
        return seen[client_id]

    def query_client_anew(self, client_id: str) -> Any:
        """Return a client that has not expired, as the store has it now."""
        client = self.stores.clients.query_client(client_id)
        if client is None:
            return None
        now = self.clock.now()
        if client.expires_at is not None and now >= client.expires_at:
            return None
        return ClientRecord(client, self.key_ring, now)

    @contextmanager
    def remember_clients(self, *clients: Any) -> Generator[None]:
        """Ask the store for each client once within this block; these are known already."""
        known = {client.get_client_id(): client for client in clients if client is not None}
        token = self._seen.set({**(self._seen.get() or {}), **known})
        try:
            yield
        finally:
            self._seen.reset(token)

    def forget_clients(self) -> None:
        """Let the request at hand ask the store for its clients again."""
        seen = self._seen.get()
        if seen is not None:
            seen.clear()

    def authenticate_client(
        self, request: FormRequest, methods: Collection[str], endpoint: str = "token"
    ) -> Any:
        """Return the client that the request authenticates, in one way only."""
        authentication.refuse_several_methods(request)
        known = authentication.registered(self._client_auth, methods)
        try:
            client = super().authenticate_client(request, known, endpoint)
        except OAuth2Error as error:
            if error.error == "invalid_client" and self.stores.cache_seconds and not is_read_anew():
                # What is remembered of the client may be from before its secret was rotated.
                self.forget_clients()
                with read_anew():
                    return self.authenticate_client(request, methods, endpoint)
            if error.error == "invalid_client" and error.description.startswith(_TELLING):
                raise ClientAuthenticationError("unknown client, wrong secret or method") from error
            raise
        authentication.refuse_other_client(request, client)
        request.client = client
        return client

    # --- tokens ---

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        """Store what a grant class issued that is not ours, under a fresh grant.

        What it presented to be used once is claimed first: `invalid_grant` for
        all but the first. Our own grants claim and store in one step instead.
        """
        audience = requested_resources(request.payload, self.settings.resources)
        claim_presented(self, token, request)
        save_issued(self, token, request, audience)

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return a token response whose repr shows no token."""
        return _TokenResponse(super().generate_token(*args, **kwargs))

    def generate_refresh_secret(self, **_: Any) -> str:
        """Return the fresh part of a refresh token."""
        return generate_handle()

    def generate_access_token(self, **_: Any) -> str:
        """Return an access token, of a shape that no refresh token has."""
        handle = generate_handle()
        if parse_refresh_handle(handle) is not None:
            raise ValueError("An access token must not have the shape of a refresh token.")
        return handle

    def generate_refresh_token(self, **kwargs: Any) -> str:
        """Return the first refresh token of a new family."""
        return str(new_refresh_handle(partial(self.generate_refresh_secret, **kwargs)))

    def expires_in(self, client: Any, grant_type: str) -> int:
        """Return for how many seconds an access token lives."""
        return self.settings.lifetimes.access_token

    def subject_of(self, owner: Any) -> str:
        """Return the subject of a resource owner, whatever its class calls it."""
        return str(owner.get_user_id())

    def load_resource_owner(self, subject: str | None, auth_time: int | None) -> Any:
        """Return the user of a subject, None where there is none any more."""
        if subject is None:
            return None
        if self._load_user is not None:
            return self._load_user(subject)
        return ResourceOwner(subject, auth_time)
