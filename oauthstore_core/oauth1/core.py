"""The OAuth 1 authorization server of every edge, in front of one of Authlib's server classes.

Whatever happens in a request is answered here: errors with OAuth's error, a
store that fails with 503. In the store everything is claimed once: a nonce, the
decision on a temporary credential, its exchange.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from authlib.oauth1.rfc5849.authorization_server import (
    AuthorizationServer as AuthlibAuthorizationServer,
)
from authlib.oauth1.rfc5849.errors import (
    AccessDeniedError,
    InvalidClientError,
    InvalidRequestError,
    InvalidTokenError,
    MethodNotAllowedError,
    MissingRequiredParameterError,
    OAuth1Error,
)

from ..clock import Clock
from ..http import HttpRequest, HttpResponse
from ..oauth2.core import LoadUser
from ..oauth2.errors import log_refusal
from ..oauth2.views import LoadResourceOwner
from ..sealing import KeyRing
from ..settings import Settings
from ..stores import Stores
from ..translation import Translate, Translation
from .base_string import normalize_origin
from .credentials import OUT_OF_BAND
from .decisions import AuthorizationDecision
from .errors import error_headers
from .exchange import StoredCredentialsMixin
from .requests import AuthorizationRequest, SignedRequest

__all__ = ["ServerCore"]


class ServerCore(StoredCredentialsMixin, AuthlibAuthorizationServer):
    """Answers requests and issues credentials, the same on every edge.

    An edge puts it in front of Authlib's class for its framework, whose `super()`
    that then is, and calls `configure` before the first request.
    """

    #: What chooses among the languages; a web framework may have a choice of its own.
    translation_class: ClassVar[type[Translation]] = Translation
    #: How token credentials are asked for (RFC 5849 section 2.3).
    TOKEN_CREDENTIALS_METHOD = "POST"

    def __init__(self) -> None:
        super().__init__()
        self._load_user: LoadUser | None = None

    def configure(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock,
        load_user: LoadUser | None = None,
        translate: Translate | None = None,
    ) -> None:
        """Take what every request needs; see `oauth1.server.AuthorizationServer`."""
        self._load_user = load_user
        self.configure_signing(
            settings,
            stores,
            clock=clock,
            key_ring=KeyRing(settings.secret_keys),
            translation=self.translation_class(settings.languages, translate),
        )

    @property
    def load_resource_owner(self) -> LoadResourceOwner | None:
        """What maps a subject to the application's user, None where nothing does."""
        load_user = self._load_user
        return None if load_user is None else lambda subject, _: load_user(subject)

    def request_origin(self, http: HttpRequest) -> str:
        """Return scheme and host of the issuer, which clients know; without one, the request's."""
        if self.settings.issuer is None:
            return super().request_origin(http)
        parts = urlsplit(self.settings.issuer)
        return normalize_origin(parts.scheme, parts.netloc)

    def claim_decision(self, request: SignedRequest) -> None:
        """Do nothing: the store lets a temporary credential be decided once."""

    def claim_exchange(self, request: SignedRequest) -> None:
        """Do nothing: the store lets a temporary credential be exchanged once."""

    # --- answering ---

    def create_temporary_credentials_response(self, request: Any = None) -> Any:
        """Answer a client that asks for temporary credentials (RFC 5849 section 2.1)."""
        return self._answer(request, self._create_temporary_credentials)

    def create_token_response(self, request: Any = None) -> Any:
        """Answer a client that exchanges its temporary credentials (RFC 5849 section 2.3)."""
        return self._answer(request, self._create_token_credentials)

    def check_authorization_request(self, request: Any = None) -> Any:
        """Return the validated request for an authorization page (RFC 5849 section 2.2).

        It has the `credential`, still to be decided, and its `client`.
        `OAuth1Error`: show it to the resource owner.
        """
        with self.storing():
            read = self._read_authorization(request)
            self.validate_authorization_request(read)
            read.client = self.get_client_by_id(read.credential.get_client_id())
            if not read.client:
                raise InvalidClientError
            return read

    def decide_authorization(
        self, request: Any = None, grant_user: Any = None
    ) -> AuthorizationDecision:
        """Decide a temporary credential, once: without `grant_user` it is denied, for good.

        One read and one write. `OAuth1Error`: show it to the resource owner.
        """
        with self.storing():
            read = self._read_authorization(request)
            self.validate_authorization_request(read)
            callback = self._callback_of(read)
            if not grant_user:
                self.deny_temporary_credential(read)
                return AuthorizationDecision(read, callback, None)
            read.user = grant_user
            self.claim_decision(read)
            verifier = self.create_authorization_verifier(read)
            return AuthorizationDecision(read, callback, verifier)

    def create_authorization_response(self, request: Any = None, grant_user: Any = None) -> Any:
        """Decide a temporary credential, once, and send the resource owner back to the client.

        A client without callback ("oob") gets no redirect: the answer is that of
        `create_verifier_response`. Raises as `decide_authorization`; also
        `AccessDeniedError`, of a denial that such a client cannot be told.
        """
        decision = self.decide_authorization(request, grant_user)
        if decision.location is not None:
            return self.handle_response(302, "", [("Location", decision.location)])
        if decision.verifier is None:
            raise AccessDeniedError
        return self.create_verifier_response(decision.request, decision.verifier)

    def create_verifier_response(self, request: SignedRequest, verifier: str) -> Any:
        """Return the answer that shows a verifier to the resource owner, to be typed elsewhere.

        An edge with pages of its own shows one.
        """
        return self.handle_response(200, verifier, [("Content-Type", "text/plain")])

    def _callback_of(self, request: SignedRequest) -> str:
        """Return the callback of a temporary credential, or where it has none the client's own."""
        callback: str | None = request.credential.get_redirect_uri()
        if callback:
            return callback
        client = self.get_client_by_id(request.credential.get_client_id())
        if not client:
            raise InvalidClientError
        return client.get_default_redirect_uri() or OUT_OF_BAND

    def _create_temporary_credentials(self, request: SignedRequest) -> Any:
        self.validate_temporary_credentials_request(request)
        credential = self.create_temporary_credential(request)
        return self._credential_response(credential, [("oauth_callback_confirmed", "true")])

    def _create_token_credentials(self, request: SignedRequest) -> Any:
        self.validate_token_request(request)
        self.claim_exchange(request)
        credential = self.create_token_credential(request)
        self.delete_temporary_credential(request)
        return self._credential_response(credential)

    def _credential_response(self, credential: Any, more: list[tuple[str, str]] = []) -> Any:  # noqa: B006 - not changed
        payload = [
            ("oauth_token", credential.get_oauth_token()),
            ("oauth_token_secret", credential.get_oauth_token_secret()),
            *more,
        ]
        return self.handle_response(200, payload, self.TOKEN_RESPONSE_HEADER)

    def _answer(self, request: Any, create: Callable[[SignedRequest], Any]) -> Any:
        read = None
        try:
            read = self.create_oauth1_request(request)
            with self.storing():
                return create(read)
        except OAuth1Error as error:
            asked = self._http_of(request) if read is None else read
            return self.handle_error_response(error, asked)

    def _http_of(self, request: Any) -> HttpRequest | None:
        """Return a request that is not one of OAuth 1; None: a store is yet to be opened."""
        try:
            return self.read_http(request)
        except OAuth1Error:
            return None

    def handle_error_response(self, error: OAuth1Error, request: Any = None) -> Any:
        """Answer an error, and log under a reason id what was behind it."""
        is_neutral = isinstance(request, HttpRequest)
        http: HttpRequest | None = request if is_neutral else getattr(request, "http", None)
        client_id = getattr(getattr(request, "client", None), "client_id", None)
        log_refusal(error, path=None if http is None else http.path, client_id=client_id)
        body = self.translation.translate_body(dict(error.get_body()), http)
        return self.handle_response(error.status_code, [*body.items()], error_headers(error))

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Any:
        """Build the response; pairs become a form, which is what OAuth 1 answers with."""
        text = body if isinstance(body, str) else urlencode(body)
        kept = [pair for pair in headers if pair[0].lower() != "cache-control"]
        return HttpResponse(status, text.encode(), [*kept, ("Cache-Control", "no-store")])

    # --- validating ---

    def _read_authorization(self, request: Any) -> SignedRequest:
        if isinstance(request, SignedRequest):
            return request
        http = self.read_http(request)
        return AuthorizationRequest(http, self.request_origin(http))

    def validate_temporary_credentials_request(self, request: SignedRequest) -> SignedRequest:
        """Raise `OAuth1Error` unless a client may have temporary credentials; as Authlib's.

        A client with a method `check_callback` is asked of the callback; of
        another's it is looked at whether a browser may be sent there.
        """
        super().validate_temporary_credentials_request(request)
        check = getattr(request.client, "check_callback", _can_be_followed)
        callback = request.redirect_uri
        if callback != OUT_OF_BAND and not check(callback):
            raise InvalidRequestError('Invalid "oauth_callback" value')
        return request

    def validate_token_request(self, request: SignedRequest) -> SignedRequest:
        """Raise `OAuth1Error` unless a client may exchange a temporary credential.

        As Authlib's, in another order: of what it presents, nobody who has not
        signed learns whether it is right.
        """
        if request.method.upper() != self.TOKEN_CREDENTIALS_METHOD:
            raise MethodNotAllowedError
        self.find_client(request)
        if not request.token:
            raise MissingRequiredParameterError("oauth_token")
        credential = self.get_temporary_credential(request)
        if not credential or credential.get_client_id() != request.client_id:
            raise InvalidTokenError
        request.credential = credential
        verifier = request.oauth_params.get("oauth_verifier")
        if not verifier:
            raise MissingRequiredParameterError("oauth_verifier")
        self.validate_timestamp_and_nonce(request)
        # Looked at while it is surely there: a hook that saves the nonce may let go of the row,
        # and another exchange delete it. Told to nobody who has not signed.
        fits = credential.check_verifier(verifier)
        self.validate_oauth_signature(request)
        if not fits:
            raise InvalidRequestError('Invalid "oauth_verifier"')
        return request


def _can_be_followed(callback: str) -> bool:
    """Tell whether a callback is a web address, or leads to an application (RFC 8252 7.1)."""
    scheme = callback.partition(":")[0].lower()
    printable = all("!" <= character <= "~" for character in callback)
    # Not `javascript:`, nor what would break the header field that it stands in.
    return printable and (scheme in {"http", "https"} or "." in scheme)
