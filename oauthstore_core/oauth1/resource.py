"""Protected resources (RFC 5849 section 3): requests that a client signs with its token."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from authlib.oauth1.rfc5849.errors import (
    InvalidTokenError,
    MissingRequiredParameterError,
    OAuth1Error,
)
from authlib.oauth1.rfc5849.resource_protector import (
    ResourceProtector as AuthlibResourceProtector,
)

from ..clock import Clock, SystemClock
from ..digests import digest
from ..http import HttpRequest, HttpResponse, json_response
from ..judgement import judge_token
from ..oauth2.errors import log_refusal
from ..oauth2.views import LoadResourceOwner
from ..settings import Settings
from ..settings.checks import judge_origin
from ..stores import Stores
from ..translation import Translation
from .base_string import normalize_origin
from .credentials import TOKEN_KIND, TokenCredential
from .errors import MissingCredentialsError, error_headers
from .requests import SignedRequest
from .signed import SignedCore

__all__ = ["ProtectorCore", "ResourceProtector"]


class ProtectorCore(SignedCore, AuthlibResourceProtector):
    """Validates signed requests, the same on every edge, in front of Authlib's protector."""

    def validate(self, request: Any = None) -> Any:
        """Return the token credential that a request is signed with.

        Two reads and the claim of the nonce. `OAuth1Error`: answer it with
        `create_error_response`.
        """
        return self.validate_signed(self.create_oauth1_request(request)).credential

    def validate_signed(self, request: SignedRequest) -> SignedRequest:
        """Return the request, validated, with its `client` and `credential`."""
        if not request.oauth_params:
            raise MissingCredentialsError
        with self.storing():
            self.find_client(request)
            if not request.token:
                raise MissingRequiredParameterError("oauth_token")
            request.credential = self.get_token_credential(request)
            if not request.credential:
                raise InvalidTokenError
            self.validate_timestamp_and_nonce(request)
            self.validate_oauth_signature(request)
            return request

    def get_token_credential(self, request: SignedRequest) -> Any:
        """Return the request's token credential; None: unknown, revoked, or another client's."""
        token: str = request.token
        issued = self.stores.tokens.query_token(digest(token))
        # A bearer token has no secret to sign with.
        if issued is None or issued.token.kind != TOKEN_KIND:
            return None
        if issued.grant.client_id != request.client_id or not judge_token(issued, self.clock.now()):
            return None
        return TokenCredential(token, issued, self.key_ring, self.load_resource_owner)

    def create_error_response(
        self, error: OAuth1Error, request: HttpRequest | None = None
    ) -> HttpResponse:
        """Answer an error that `validate` raised, in the language that `request` asks for."""
        log_refusal(error, path=None if request is None else request.path)
        body = self.translation.translate_body(dict(error.get_body()), request)
        return json_response(error.status_code, body, error_headers(error))


class ResourceProtector(ProtectorCore):
    """Validates requests to protected resources on the stores that the server issues into."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock | None = None,
        origin: str | None = None,
        load_user: LoadResourceOwner | None = None,
        translation: Translation | None = None,
    ) -> None:
        """Take the server's settings, whose secret keys open the secrets, and its stores.

        `origin` is the scheme and host under which clients know this resource,
        such as ``https://api.example.com``: what they sign. Without it the
        request tells, which behind a proxy takes one that passes both on.
        `load_user` maps a subject and the time of its sign-in to the
        application's user. `translation` has the languages of errors.
        """
        if origin is not None and (problem := judge_origin(origin)):
            raise ValueError(
                f"Resources at the origin {origin!r} were to be protected; it {problem}"
            )
        super().__init__()
        self._origin = origin
        self._load_user = load_user
        clock = SystemClock() if clock is None else clock
        self.configure_signing(settings, stores, clock=clock, translation=translation)

    @property
    def load_resource_owner(self) -> LoadResourceOwner | None:
        """What maps a subject to the application's user, None where nothing does."""
        return self._load_user

    def request_origin(self, http: HttpRequest) -> str:
        """Return the origin that was given, else that of the request."""
        if self._origin is None:
            return super().request_origin(http)
        parts = urlsplit(self._origin)
        return normalize_origin(parts.scheme, parts.netloc)
