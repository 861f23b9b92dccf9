"""What the authorization server and protected resources share: a client's signed request.

The order is that of the project's second law: client, credential, timestamp and
signature are looked at first; only then is the nonce claimed, and only then
does anything else change.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportConstantRedefinition=false

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from authlib.oauth1.rfc5849.base_server import BaseServer
from authlib.oauth1.rfc5849.errors import (
    InvalidClientError,
    InvalidNonceError,
    InvalidRequestError,
    InvalidSignatureError,
    MissingRequiredParameterError,
    UnsupportedSignatureMethodError,
)

from ..clock import Clock
from ..digests import nonce_digest
from ..errors import SealError, StoreError
from ..http import HttpRequest
from ..oauth2.views import LoadResourceOwner
from ..redaction import redact
from ..sealing import KeyRing
from ..settings import Settings
from ..stores import Stores, read_anew
from ..translation import Translation
from .clients import ClientRecord
from .errors import TemporarilyUnavailableError
from .requests import SignedRequest, origin_of
from .signatures import PLAINTEXT, SIGNATURE_METHODS, VerifySignature, is_signed

__all__ = ["SignedCore"]

log = logging.getLogger(__name__)

#: Section 3.1 has the first; node-oauth's documentation, and so its users, the other.
_VERSIONS: Final = frozenset({"1.0", "1.0a"})
#: Section 3.3: a positive number of seconds; no more digits than a store holds for certain.
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")


class SignedCore(BaseServer):
    """Finds the client of a signed request and verifies its signature, then its nonce.

    It stands in front of one of Authlib's classes, whose `super()` that then is;
    `configure_signing` comes before the first request.
    """

    settings: Settings
    stores: Stores
    clock: Clock
    key_ring: KeyRing
    #: The languages of error descriptions.
    translation: Translation

    def __init__(self) -> None:
        super().__init__()
        # Of this server alone: Authlib's are shared by all of a process.
        own: dict[str, VerifySignature] = self._of_class("SIGNATURE_METHODS") or {}
        self.SIGNATURE_METHODS: dict[str, VerifySignature] = {**SIGNATURE_METHODS, **own}
        self.SUPPORTED_SIGNATURE_METHODS: Sequence[str] = ()
        self._registered_methods: tuple[str, ...] = ()

    def configure_signing(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock,
        key_ring: KeyRing | None = None,
        translation: Translation | None = None,
    ) -> None:
        """Take what every request needs; the signature methods are those of the settings."""
        self.settings = settings
        self.stores = stores
        self.clock = clock
        self.key_ring = KeyRing(settings.secret_keys) if key_ring is None else key_ring
        self.translation = Translation(settings.languages) if translation is None else translation
        self.EXPIRY_TIME = self._of_class("EXPIRY_TIME") or settings.oauth1.timestamp_window
        methods = self._of_class("SUPPORTED_SIGNATURE_METHODS")
        self.allow_signature_methods(methods or settings.oauth1.signature_methods)

    def _of_class(self, name: str) -> Any:
        """Return what an application's subclass says in Authlib's way; None: it says nothing."""
        value = getattr(type(self), name)
        return None if value is getattr(BaseServer, name) else value

    def allow_signature_methods(self, names: Sequence[str]) -> None:
        """Accept these signature methods by name, and those that were registered here."""
        self.SUPPORTED_SIGNATURE_METHODS = (*names, *self._registered_methods)

    def register_signature_method(self, name: str, verify: VerifySignature) -> None:
        """Accept a signature method of your own, at this very server.

        `verify` is given Authlib's request, which has a `base_string` besides, and
        returns True where it is signed, or the signature that it should have.
        """
        self.SIGNATURE_METHODS[name] = verify
        self._registered_methods = (*self._registered_methods, name)
        self.SUPPORTED_SIGNATURE_METHODS = (*self.SUPPORTED_SIGNATURE_METHODS, name)

    # --- reading ---

    def read_http(self, request: Any) -> HttpRequest:
        """Return the neutral request; an edge makes it of its framework's own."""
        return cast("HttpRequest", request)

    def request_origin(self, http: HttpRequest) -> str:
        """Return scheme and host that the client signed."""
        return self.asked_origin(http)

    def asked_origin(self, http: HttpRequest) -> str:
        """Return scheme and host of a request; each edge knows its own."""
        return origin_of(http)

    def create_oauth1_request(self, request: Any) -> SignedRequest:
        """Return Authlib's request; one that is one already stays as it is."""
        if isinstance(request, SignedRequest):
            return request
        http = self.read_http(request)
        return SignedRequest(http, self.request_origin(http))

    @contextmanager
    def storing(self) -> Generator[None]:
        """Turn a store's failure into an OAuth error, which is never "not found"."""
        try:
            yield
        except (StoreError, SealError) as error:
            log.warning("A store failed: %s: %s", type(error).__name__, redact(str(error)))
            raise TemporarilyUnavailableError from error

    # --- clients ---

    def get_client_by_id(self, client_id: str) -> Any:
        """Return a client of OAuth 1 that has not expired, as the store has it; else None."""
        client = self.stores.clients.query_client(client_id)
        if client is None:
            return None
        now = self.clock.now()
        if client.expires_at is not None and now >= client.expires_at:
            return None
        record = ClientRecord(client, self.key_ring, now)
        return record if record.can_sign else None

    def find_client(self, request: SignedRequest) -> Any:
        """Return the client that a request names. `OAuth1Error`: it names none, or no such one."""
        if not request.client_id:
            raise MissingRequiredParameterError("oauth_consumer_key")
        request.client = self.get_client_by_id(request.client_id)
        if not request.client:
            raise InvalidClientError
        return request.client

    @property
    def load_resource_owner(self) -> LoadResourceOwner | None:
        """What maps a subject to the application's user, None where nothing does."""
        return None

    # --- timestamp, signature, nonce: in this order ---

    def validate_timestamp_and_nonce(self, request: SignedRequest) -> None:
        """Raise `OAuth1Error` unless timestamp and nonce are there, and the time is about now.

        Nothing is remembered here: whoever knows no secret must not fill a
        store, nor use up another's nonce (RFC 5849 section 3.3).
        """
        if request.oauth_params.get("oauth_version", "1.0").lower() not in _VERSIONS:
            raise InvalidRequestError('Invalid "oauth_version" value')
        timestamp, nonce = request.timestamp, request.oauth_params.get("oauth_nonce")
        if request.signature_method == PLAINTEXT and not timestamp and not nonce:
            return
        if not timestamp:
            raise MissingRequiredParameterError("oauth_timestamp")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise InvalidRequestError('Invalid "oauth_timestamp" value')
        if abs(self.clock.now() - int(timestamp)) > self.EXPIRY_TIME:
            raise InvalidRequestError('Invalid "oauth_timestamp" value')
        if not nonce:
            raise MissingRequiredParameterError("oauth_nonce")

    def validate_oauth_signature(self, request: SignedRequest) -> None:
        """Raise `OAuth1Error` unless the request is signed, and its nonce is used for once."""
        method = request.signature_method
        if not method:
            raise MissingRequiredParameterError("oauth_signature_method")
        if not self._accepts(method, request.client):
            raise UnsupportedSignatureMethodError
        if not request.signature:
            raise MissingRequiredParameterError("oauth_signature")
        if not is_signed(self.SIGNATURE_METHODS[method], request) and not (
            self.stores.cache_seconds and self._is_signed_anew(method, request)
        ):
            raise InvalidSignatureError
        nonce = request.oauth_params.get("oauth_nonce")
        # Whatever an application's own `exists_nonce` says, one request has it claimed.
        if nonce and (self.exists_nonce(nonce, request) or not self.claim_nonce(nonce, request)):
            raise InvalidNonceError

    def _is_signed_anew(self, method: str, request: SignedRequest) -> bool:
        """Look again at a client that may be remembered from before its secret was rotated."""
        with read_anew():
            request.client = self.get_client_by_id(request.client_id)
        return bool(request.client) and is_signed(self.SIGNATURE_METHODS[method], request)

    def _accepts(self, method: str, client: Any) -> bool:
        if method not in self.SUPPORTED_SIGNATURE_METHODS or method not in self.SIGNATURE_METHODS:
            return False
        check = getattr(client, "check_signature_method", None)
        return check is None or bool(check(method))

    def exists_nonce(self, nonce: str, request: SignedRequest) -> bool:
        """Tell whether a nonce was used before, and remember it, in one step.

        Called once the signature is verified.
        """
        return not self.claim_nonce(nonce, request)

    def claim_nonce(self, nonce: str, request: SignedRequest) -> bool:
        """Tell whether a nonce is this request's; of any number of requests it is one's.

        That is, of those with the same client, token, timestamp and nonce. It is
        remembered for as long as the timestamp is accepted.
        """
        timestamp = request.timestamp
        parts = (request.client_id, request.token or "", timestamp, nonce)
        end = int(timestamp) + self.EXPIRY_TIME + self.settings.clock_skew + 1
        return self.claim(nonce_digest("oauth1 nonce", *parts), end, request)

    def claim(self, digest: str, expires_at: int, request: SignedRequest) -> bool:
        """Tell whether what has this digest is the request's, in one step until `expires_at`."""
        if digest not in request.claims:
            if not self.stores.nonces.claim_nonce(digest, expires_at, self.clock.now()):
                return False
            request.claims.add(digest)
        return True
