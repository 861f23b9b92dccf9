"""An OAuth 1 server inside of an application: on the store, or on hooks of the application's.

The hooks are those of Authlib's Flask server. Each that is registered is asked
in the place of the store; what may be used once is claimed in either.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..digests import nonce_digest
from .core import ServerCore
from .credentials import TemporaryCredential
from .errors import RefusedTokenError
from .requests import SignedRequest
from .resource import ProtectorCore

__all__ = [
    "HOOKS",
    "EmbeddedProtector",
    "EmbeddedServer",
    "ExistsNonce",
    "QueryClient",
    "QueryToken",
]

#: Client id to the application's client, None where there is none.
QueryClient = Callable[[str], Any]
#: Client id and token to the application's token credential, None where there is none.
QueryToken = Callable[[str, str], Any]
#: Nonce, timestamp, client id and token: whether these were used together before.
ExistsNonce = Callable[[str, str, str, str | None], bool]
#: What `register_hook` knows; the names and the parameters are Authlib's.
HOOKS: Final = (
    "exists_nonce",
    "create_temporary_credential",
    "get_temporary_credential",
    "delete_temporary_credential",
    "create_authorization_verifier",
    "create_token_credential",
)
#: For how many seconds a claim is remembered. The hooks keep their own record of what is used;
#: this one is for the time in which that is not written, and for one that fails to be.
_REMEMBERED: Final = 24 * 60 * 60


class EmbeddedServer(ServerCore):
    """What the servers of synchronous web frameworks share, in front of Authlib's own."""

    #: Authlib's name for the application's own clients; None: those of the store.
    query_client: QueryClient | None

    def __init__(self) -> None:
        super().__init__()
        self.query_client = None
        self._hooks: dict[str, Callable[..., Any] | None] = dict.fromkeys(HOOKS)

    def register_hook(self, name: str, func: Callable[..., Any]) -> None:
        """Ask `func` in the place of the store, as Authlib's Flask server does.

        - ``exists_nonce(nonce, timestamp, client_id, oauth_token)``
        - ``create_temporary_credential(token, client_id, redirect_uri)``
        - ``get_temporary_credential(oauth_token)``, ``delete_temporary_credential(oauth_token)``
        - ``create_authorization_verifier(credential, grant_user, verifier)``
        - ``create_token_credential(token, temporary_credential)``
        """
        if name not in HOOKS:
            raise ValueError(
                f"A hook {name!r} was to be registered, but there is none of that name. "
                f"Choose from {', '.join(HOOKS)}."
            )
        self._hooks[name] = func

    def get_client_by_id(self, client_id: str) -> Any:
        """Return the application's client where it finds clients itself, else the store's."""
        if self.query_client is None:
            return super().get_client_by_id(client_id)
        return self.query_client(client_id)

    def exists_nonce(self, nonce: str, request: SignedRequest) -> bool:
        """Tell whether a nonce was used before: the hook is asked, then it is claimed as well."""
        hook = self._hooks["exists_nonce"]
        if hook is not None:
            used = hook(nonce, request.timestamp, request.client_id, request.token)
            if used:
                return True
        return super().exists_nonce(nonce, request)

    def create_temporary_credential(self, request: SignedRequest) -> Any:
        """Return a fresh temporary credential, which the hook or the store has saved."""
        hook = self._hooks["create_temporary_credential"]
        if hook is None:
            return super().create_temporary_credential(request)
        return hook(self.generate_credential(), request.client_id, request.redirect_uri)

    def get_temporary_credential(self, request: SignedRequest) -> Any:
        """Return the temporary credential that a request names, or None."""
        hook = self._hooks["get_temporary_credential"]
        return super().get_temporary_credential(request) if hook is None else hook(request.token)

    def delete_temporary_credential(self, request: SignedRequest) -> None:
        """Let the hook delete what was exchanged, or denied; in the store it stays as evidence."""
        hook = self._hooks["delete_temporary_credential"]
        if hook is not None:
            hook(request.token)

    def create_authorization_verifier(self, request: SignedRequest) -> str:
        """Return the verifier of an authorization, the first decision of this credential."""
        hook = self._hooks["create_authorization_verifier"]
        if hook is None:
            return super().create_authorization_verifier(request)
        self._claim("temporary credential decided", request)
        verifier = self.generate_verifier(request.credential.get_redirect_uri())
        hook(request.credential, request.user, verifier)
        return verifier

    def deny_temporary_credential(self, request: SignedRequest) -> None:
        """Deny a temporary credential, for good: no decision after it counts."""
        if self._hooks["create_authorization_verifier"] is None:
            super().deny_temporary_credential(request)
        else:
            self._claim("temporary credential decided", request)
            self.delete_temporary_credential(request)

    def create_token_credential(self, request: SignedRequest) -> Any:
        """Return the token credential of the first exchange; for another `InvalidTokenError`."""
        hook = self._hooks["create_token_credential"]
        presented = request.credential
        if hook is None and isinstance(presented, TemporaryCredential):
            return super().create_token_credential(request)
        self._claim("temporary credential exchanged", request)
        if hook is None:
            return self.save_token_credential(presented.get_client_id(), presented.get_user_id())
        return hook(self.generate_credential(), presented)

    def _claim(self, purpose: str, request: SignedRequest) -> None:
        """Claim one deed on the request's temporary credential. `InvalidTokenError`: it is done."""
        now = self.clock.now()
        digest = nonce_digest(purpose, request.token)
        if not self.stores.nonces.claim_nonce(digest, now + _REMEMBERED, now):
            raise RefusedTokenError(f"another request was first: {purpose}")


class EmbeddedProtector(ProtectorCore):
    """What the protectors of synchronous web frameworks share, in front of Authlib's own.

    Each of the three functions that is given is asked in the place of the store.
    """

    query_client: QueryClient | None
    query_token: QueryToken | None
    _exists_nonce: ExistsNonce | None

    def get_client_by_id(self, client_id: str) -> Any:
        """Return the application's client where it finds clients itself, else the store's."""
        if self.query_client is None:
            return super().get_client_by_id(client_id)
        return self.query_client(client_id)

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
