"""An OAuth 1 server inside of an application: on the store, or on what the application has.

The hooks are those of Authlib's Flask server, and the methods that a subclass
may have of its own those of Authlib's Django server. Each is asked in the place
of the store; what may be used once is claimed in either.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAssignmentType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..digests import nonce_digest
from ..native import NativeAnswers
from ..oauth2.registration import Registration
from .core import ServerCore
from .credentials import TemporaryCredential
from .errors import RefusedTokenError
from .method_registration import RegisterSignatureMethod
from .registration import register_client
from .requests import SignedRequest

__all__ = ["HOOKS", "EmbeddedServer", "GenerateToken", "QueryClient"]

#: Client id to the application's client, None where there is none.
QueryClient = Callable[[str], Any]
#: Returns ``{"oauth_token": ..., "oauth_token_secret": ...}``.
GenerateToken = Callable[[], dict[str, str]]
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


class EmbeddedServer(NativeAnswers, ServerCore):
    """What the servers of synchronous web frameworks share, in front of Authlib's own."""

    register_signature_method = RegisterSignatureMethod()  # type: ignore[assignment]

    #: Authlib's name for the application's own clients; None: those of the store.
    query_client: QueryClient | None
    #: What makes tokens and their secrets; None: ours.
    token_generator: GenerateToken | None

    def __init__(self) -> None:
        super().__init__()
        self.query_client = None
        self.token_generator = None
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

    def register_client(self, metadata: Mapping[str, Any], **options: Any) -> Registration:
        """Register a client of OAuth 1 in the store; its secret is shown this once.

        See `oauth1.registration.register_client` for options and errors.
        """
        known: dict[str, Any] = {"known_methods": tuple(self.SIGNATURE_METHODS)}
        store, key_ring = self.stores.clients, self.key_ring
        return register_client(
            store, metadata, key_ring=key_ring, clock=self.clock, **{**known, **options}
        )

    def generate_credential(self) -> dict[str, str]:
        """Return a fresh token and its secret, by the application's generator if it has one."""
        if self.token_generator is None:
            return super().generate_credential()
        return dict(self.token_generator())

    def get_client_by_id(self, client_id: str) -> Any:
        """Return the application's client where it finds clients itself, else the store's."""
        if self.query_client is None:
            return super().get_client_by_id(client_id)
        return self.query_client(client_id)

    # --- answering ---

    def create_temporary_credential_response(self, request: Any = None) -> Any:
        """Answer a client that asks for temporary credentials; the method's older name."""
        return self.create_temporary_credentials_response(request)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Any:
        """Return the framework's response, and within `neutral` the neutral one."""
        return self.as_wanted(super().handle_response(status, body, headers))

    # --- what an application keeps itself ---

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
        """Return the verifier of an authorization, which `claim_decision` let be the first."""
        hook = self._hooks["create_authorization_verifier"]
        if hook is None:
            return super().create_authorization_verifier(request)
        verifier = self.generate_verifier(request.credential.get_redirect_uri())
        hook(request.credential, request.user, verifier)
        return verifier

    def deny_temporary_credential(self, request: SignedRequest) -> None:
        """Deny a temporary credential, for good: no decision after it counts."""
        if self._keeps("create_authorization_verifier"):
            self.claim_decision(request)
            self.delete_temporary_credential(request)
        else:
            super().deny_temporary_credential(request)

    def create_token_credential(self, request: SignedRequest) -> Any:
        """Return the token credential of an exchange, which `claim_exchange` let be the first."""
        hook = self._hooks["create_token_credential"]
        presented = request.credential
        if hook is not None:
            return hook(self.generate_credential(), presented)
        if isinstance(presented, TemporaryCredential):
            return super().create_token_credential(request)
        return self.save_token_credential(presented.get_client_id(), presented.get_user_id())

    # --- one winner, wherever it is kept ---

    def claim_decision(self, request: SignedRequest) -> None:
        """Claim the decision on what the store does not decide. `InvalidTokenError`: it is made."""
        if self._keeps("create_authorization_verifier"):
            self._claim("temporary credential decided", request)

    def claim_exchange(self, request: SignedRequest) -> None:
        """Claim the exchange of what the store does not redeem. `InvalidTokenError`: it is done."""
        stored = isinstance(request.credential, TemporaryCredential)
        if stored and not self._keeps("create_token_credential"):
            return
        if stored and self._hooks["create_token_credential"] is not None:
            self.claim_temporary_credential(request.credential)
        else:
            # A subclass's own method may call ours, which would find a used credential.
            self._claim("temporary credential exchanged", request)

    def _keeps(self, name: str) -> bool:
        """Tell whether the application has a hook, or a subclass its own method, of this name."""
        own = getattr(type(self), name) is not getattr(EmbeddedServer, name)
        return own or self._hooks[name] is not None

    def _claim(self, purpose: str, request: SignedRequest) -> None:
        end = self.clock.now() + _REMEMBERED
        if not self.claim(nonce_digest(purpose, request.token), end, request):
            raise RefusedTokenError(f"another request was first: {purpose}")
