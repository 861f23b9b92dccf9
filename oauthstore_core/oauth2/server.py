"""The OAuth 2 authorization server: Authlib's, on the store façades.

It is neutral and synchronous, `HttpRequest` in, `HttpResponse` out; the edges
in `integrations` translate. Whatever happens in a request is answered here:
errors with the RFC's error, a store that fails with 503.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as AuthlibAuthorizationServer
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    OAuth2Request,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator

from ..clock import Clock, SystemClock
from ..digests import generate_handle
from ..errors import SettingsError, StoreError
from ..http import HttpRequest, HttpResponse, json_response
from ..redaction import redact
from ..sealing import KeyRing
from ..settings import Settings
from ..settings.checks import judge_issuer
from ..stores import Stores
from . import client_authentication as authentication
from .authlib_logs import redact_authlib_logs
from .clients import ClientRecord
from .endpoints import IntrospectionEndpoint, RevocationEndpoint
from .errors import ClientAuthenticationError, TemporarilyUnavailableError, log_refusal
from .grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from .handles import new_refresh_handle, parse_refresh_handle
from .metadata import EndpointPaths, server_metadata
from .pkce import S256CodeChallenge
from .redirect_uris import with_parameters
from .requests import AuthorizationRequest, FormRequest
from .resource_owner import ResourceOwner
from .views import AccessToken, RefreshToken

__all__ = ["AuthorizationServer"]

log = logging.getLogger(__name__)

LoadUser = Callable[[str], Any]
#: A fence outlives the longest-lived credential by this much, for clocks that differ.
_FENCE_MARGIN = 60
#: How many requests may wait for a fence at once: half of an edge's worker threads.
_WAITING = 8


def _refuse_insecure(issuer: str) -> None:
    """Raise `SettingsError` for an issuer that is not encrypted, whatever Authlib's switch says."""
    if os.environ.get("AUTHLIB_INSECURE_TRANSPORT"):
        log.warning(
            "AUTHLIB_INSECURE_TRANSPORT is set, and ignored: there is no switch that turns "
            "security off. Unset it. While developing, an `issuer` such as "
            "http://127.0.0.1:8000 works without it; elsewhere `issuer` must be https."
        )
    if problem := judge_issuer(issuer):
        raise SettingsError([f"`issuer` {problem}"])


class _TokenResponse(dict[str, Any]):
    """A token response that Authlib may log at DEBUG: its repr shows no token."""

    def __repr__(self) -> str:
        return "<token response>"


class AuthorizationServer(AuthlibAuthorizationServer):
    """Authorization code with PKCE, client credentials, refresh, revocation, introspection."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock | None = None,
        load_user: LoadUser | None = None,
    ) -> None:
        """Serve `settings.issuer` on these stores.

        `load_user` maps a subject to the application's user, or to None where
        the user is gone: no tokens are issued then.
        """
        if settings.issuer is None:
            raise ValueError("An authorization server needs the setting `issuer`.")
        _refuse_insecure(settings.issuer)
        super().__init__(scopes_supported=tuple(settings.scopes) or None)
        self.settings = settings
        self.stores = stores
        self.clock: Clock = SystemClock() if clock is None else clock
        self.issuer = settings.issuer
        self.key_ring = KeyRing(settings.secret_keys)
        self.paths = EndpointPaths.of(self.issuer)
        self.metadata = server_metadata(settings, self.issuer)
        self._load_user = load_user
        #: The clients that the request at hand has read: each is asked for once.
        self._seen: ContextVar[dict[str, ClientRecord | None] | None]
        self._seen = ContextVar("oauthstore_clients_seen", default=None)
        self._waiting = threading.BoundedSemaphore(_WAITING)
        redact_authlib_logs()
        self._register()

    def _register(self) -> None:
        built_in = {
            "authorization_code": (AuthorizationCodeGrant, [S256CodeChallenge(required=True)]),
            "refresh_token": (RefreshTokenGrant, None),
            "client_credentials": (ClientCredentialsGrant, None),
        }
        for name in self.settings.grants:
            grant, extensions = built_in[name]
            self.register_grant(grant, extensions)
        self.register_endpoint(RevocationEndpoint)
        self.register_endpoint(IntrospectionEndpoint)
        refreshes = "refresh_token" in self.settings.grants
        generator = BearerTokenGenerator(
            self._generate_access_token,
            self._generate_refresh_token if refreshes else None,
            self._expires_in,
        )
        self.register_token_generator("default", generator)
        basic, post = authentication.secret_basic, authentication.secret_post
        self.register_client_auth_method("client_secret_basic", basic(self.key_ring))
        self.register_client_auth_method("client_secret_post", post(self.key_ring))
        self.register_client_auth_method("none", authentication.no_secret)

    # --- answering ---

    def create_token_response(self, request: HttpRequest) -> HttpResponse:
        """Answer at the token endpoint (RFC 6749 section 3.2)."""
        return self._answer(request, super().create_token_response)

    def create_endpoint_response(self, name: str, request: HttpRequest) -> HttpResponse:
        """Answer at the endpoint `revocation` or `introspection`."""
        create = super().create_endpoint_response
        return self._answer(request, lambda form: create(name, form))

    def create_metadata_response(self, request: HttpRequest) -> HttpResponse:
        """Answer with the server's metadata (RFC 8414 section 3)."""
        response = json_response(200, self.metadata)
        response.set_header("Cache-Control", "public, max-age=300")
        return response

    def get_consent_grant(self, request: HttpRequest, end_user: Any = None) -> Any:
        """Return the validated grant for a consent page.

        `OAuth2Error`: answer it with `handle_error_response`; it redirects
        only where client and redirect URI were validated (RFC 6749 4.1.2.1).
        """
        with self._storing():
            return super().get_consent_grant(self._read_query(request), end_user)

    def create_authorization_response(
        self, request: HttpRequest, grant_user: Any = None, grant: Any = None
    ) -> HttpResponse:
        """Answer at the authorization endpoint; without `grant_user` consent was denied."""
        try:
            if grant is None:
                grant = self.get_consent_grant(request, grant_user)
            with self.remember_clients(grant.client), self._storing():
                response = super().create_authorization_response(grant.request, grant_user, grant)
        except OAuth2Error as error:
            return self.handle_error_response(grant.request if grant else None, error)
        return cast("HttpResponse", response)

    def _read_query(self, request: HttpRequest) -> AuthorizationRequest:
        return AuthorizationRequest(request, self.issuer)

    def _answer(self, request: HttpRequest, create: Callable[[FormRequest], Any]) -> HttpResponse:
        form = None
        try:
            form = FormRequest(request, self.issuer)
            with self.remember_clients(), self._storing():
                return cast("HttpResponse", create(form))
        except OAuth2Error as error:
            return self.handle_error_response(form, error)

    @contextmanager
    def _storing(self) -> Generator[None]:
        """Turn a store's failure into the RFC's error, which is never "not found"."""
        try:
            yield
        except StoreError as error:
            log.warning("A store failed: %s: %s", type(error).__name__, redact(str(error)))
            raise TemporarilyUnavailableError from error

    def handle_error_response(self, request: Any, error: OAuth2Error) -> HttpResponse:
        """Answer an error, and log under a reason id what was behind it."""
        client_id = getattr(getattr(request, "client", None), "client_id", None)
        path = getattr(getattr(request, "http", None), "path", None)
        log_refusal(error, path=path, client_id=client_id)
        if error.redirect_uri and not error.redirect_fragment:
            # Authlib would write the redirect URI's own query anew.
            parameters = [(name, str(value)) for name, value in error.get_body()]
            location = with_parameters(error.redirect_uri, parameters)
            return self.handle_response(302, "", [("Location", location)])
        return cast("HttpResponse", super().handle_error_response(request, error))

    def handle_response(
        self, status: int, body: Any, headers: list[tuple[str, str]]
    ) -> HttpResponse:
        """Build the response; a redirect to a client says who answers (RFC 9207)."""
        if isinstance(body, dict):
            return json_response(status, body, headers)
        response = HttpResponse(status, body.encode(), [*headers, ("Cache-Control", "no-store")])
        if response.location is not None:
            response.location = with_parameters(response.location, [("iss", self.issuer)])
        return response

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        """Return the request as it is: it was built before Authlib was called."""
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: observers hear of it from the store."""

    def get_authorization_grant(self, request: AuthorizationRequest) -> Any:
        """Return the grant for a response type; a missing one is `invalid_request`."""
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

    def query_client(self, client_id: str) -> ClientRecord | None:
        """Return a client that has not expired; asked once a request."""
        seen = self._seen.get()
        if seen is None:
            return self.query_client_anew(client_id)
        if client_id not in seen:
            seen[client_id] = self.query_client_anew(client_id)
        return seen[client_id]

    def query_client_anew(self, client_id: str) -> ClientRecord | None:
        """Return a client that has not expired, as the store has it now."""
        client = self.stores.clients.query_client(client_id)
        if client is None:
            return None
        if client.expires_at is not None and self.clock.now() >= client.expires_at:
            return None
        return ClientRecord(client, self.key_ring)

    @contextmanager
    def remember_clients(self, *clients: ClientRecord | None) -> Generator[None]:
        """Ask the store for each client once within this block; these are known already."""
        known = {client.client_id: client for client in clients if client is not None}
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
    ) -> ClientRecord:
        """Return the client that the request authenticates, in one way only."""
        authentication.refuse_several_methods(request)
        try:
            client = super().authenticate_client(request, methods, endpoint)
        except OAuth2Error as error:
            if error.error != "invalid_client":
                raise
            raise ClientAuthenticationError("unknown client, wrong secret or method") from error
        request.client = client
        return cast("ClientRecord", client)

    # --- tokens ---

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return a token response whose repr shows no token."""
        return _TokenResponse(super().generate_token(*args, **kwargs))

    def generate_refresh_secret(self) -> str:
        """Return the fresh part of a refresh token."""
        return generate_handle()

    def _generate_access_token(self, **_: Any) -> str:
        handle = generate_handle()
        if parse_refresh_handle(handle) is not None:
            raise ValueError("An access token must not have the shape of a refresh token.")
        return handle

    def _generate_refresh_token(self, **_: Any) -> str:
        return str(new_refresh_handle(self.generate_refresh_secret))

    def _expires_in(self, client: Any, grant_type: str) -> int:
        return self.settings.lifetimes.access_token

    def load_resource_owner(self, subject: str | None, auth_time: int | None) -> Any:
        """Return the user of a subject, None where there is none any more."""
        if subject is None:
            return None
        if self._load_user is not None:
            return self._load_user(subject)
        return ResourceOwner(subject, auth_time)

    def grant_end(self, granted_at: int) -> int:
        """Return a consent's absolute end, which its code's tombstone shares."""
        absolute = self.settings.lifetimes.refresh_token_absolute
        return granted_at + absolute + self.settings.clock_skew

    # --- revoking ---

    def revoke(self, token: AccessToken | RefreshToken) -> None:
        """Revoke an access token, or with a refresh token (or by setting) its grant."""
        whole = self.settings.revoke_access_token_revokes_grant
        if isinstance(token, RefreshToken) or whole:
            self.revoke_grant(token.grant.grant_id)
        else:
            now = self.clock.now()
            self.stores.tokens.revoke_token(token.grant.grant_id, token.digest, now)

    def revoke_grant(self, grant_id: str) -> None:
        """Revoke a grant and all that came or comes out of it."""
        now = self.clock.now()
        self.stores.tokens.revoke_grant(grant_id, now, self._revocation_end(now))

    def revoke_all(self, *, client_id: str | None = None, subject: str | None = None) -> int:
        """Revoke every grant of a client, of a subject, or of both; return how many."""
        now = self.clock.now()
        end = self._revocation_end(now)
        return self.stores.tokens.revoke_all(client_id, subject, now, end)

    def _revocation_end(self, now: int) -> int:
        longest = self.settings.lifetimes.authorization_code
        return self.past_fences(now) + longest + _FENCE_MARGIN

    def wait_past_fences(self) -> None:
        """Return once every fence that stands now is passed.

        `WouldBlockError`: on an event loop. `TemporarilyUnavailableError`: so
        many requests are waiting already that more would leave no thread for others.
        """
        if not self._waiting.acquire(blocking=False):
            raise TemporarilyUnavailableError
        try:
            self.clock.wait_until(self.past_fences(self.clock.now()))
        finally:
            self._waiting.release()

    def past_fences(self, now: int) -> int:
        """Return a time past every fence that has been raised until `now`."""
        return now + self.settings.clock_skew + self.stores.cache_seconds + 1
