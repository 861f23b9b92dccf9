"""What OAuth 1 protects inside of an application: on the store, or on what the application has."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAssignmentType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ..http import HttpRequest
from ..oauth2.views import LoadResourceOwner
from ..settings.checks import judge_origin
from .base_string import normalize_origin
from .embedded import EmbeddedServer, QueryClient
from .method_registration import RegisterSignatureMethod
from .requests import SignedRequest
from .resource import ProtectorCore

__all__ = ["EmbeddedProtector", "ExistsNonce", "QueryToken"]

#: Client id and token to the application's token credential, None where there is none.
QueryToken = Callable[[str, str], Any]
#: Nonce, timestamp, client id and token: whether these were used together before.
ExistsNonce = Callable[[str, str, str, str | None], bool]


class EmbeddedProtector(ProtectorCore):
    """What the protectors of synchronous web frameworks share, in front of Authlib's own.

    Each of the three functions that is given is asked in the place of the store.
    """

    register_signature_method = RegisterSignatureMethod()  # type: ignore[assignment]

    query_client: QueryClient | None
    query_token: QueryToken | None
    _exists_nonce: ExistsNonce | None

    def __init__(self) -> None:
        super().__init__()
        self._origin: str | None = None
        #: Whose stores these resources are protected on, and whose clients and users they know.
        self._server: EmbeddedServer | None = None
        self._load_user: LoadResourceOwner | None = None
        self.query_client = self.query_token = self._exists_nonce = None

    def stand_at(self, origin: str | None) -> None:
        """Protect resources that clients know under this origin. `ValueError`: it cannot be one."""
        if origin is not None and (problem := judge_origin(origin)):
            raise ValueError(
                f"Protected resources at the origin {origin!r} were asked for; {problem}"
            )
        self._origin = origin

    def follow(self, server: EmbeddedServer) -> None:
        """Stand on the stores and settings of a server, which may have opened others."""
        self._server = server
        known = vars(self)
        if known.get("stores") is server.stores and known["key_ring"] is server.key_ring:
            return
        self.configure_signing(
            server.settings,
            server.stores,
            clock=server.clock,
            key_ring=server.key_ring,
            translation=server.translation,
        )
        self.SIGNATURE_METHODS = {**server.SIGNATURE_METHODS, **self.SIGNATURE_METHODS}
        self.allow_signature_methods(server.SUPPORTED_SIGNATURE_METHODS)

    @property
    def load_resource_owner(self) -> LoadResourceOwner | None:
        """What maps a subject to the application's user, None where nothing does."""
        return self._load_user if self._server is None else self._server.load_resource_owner

    def get_client_by_id(self, client_id: str) -> Any:
        """Return the client: the application's, else the server's, else the store's."""
        if self.query_client is not None:
            return self.query_client(client_id)
        if self._server is not None:
            return self._server.get_client_by_id(client_id)
        return super().get_client_by_id(client_id)

    def get_token_credential(self, request: SignedRequest) -> Any:
        """Return the application's token credential, or the store's that is valid; else None."""
        if self.query_token is None:
            return super().get_token_credential(request)
        return self.query_token(request.client_id, request.token)

    def exists_nonce(self, nonce: str, request: SignedRequest) -> bool:
        """Tell whether a nonce was used before: the function is asked, then it is claimed, too."""
        ask = self._exists_nonce
        if ask is not None and ask(nonce, request.timestamp, request.client_id, request.token):
            return True
        return super().exists_nonce(nonce, request)

    def request_origin(self, http: HttpRequest) -> str:
        """Return the origin that was given; the issuer's at its host; else the request's."""
        if self._origin is not None:
            return _origin_of(self._origin)
        asked = super().request_origin(http)
        if self.settings.issuer is None:
            return asked
        known = _origin_of(self.settings.issuer)
        same_host = known.partition("://")[2] == asked.partition("://")[2]
        return known if same_host else asked


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return normalize_origin(parts.scheme, parts.netloc)
