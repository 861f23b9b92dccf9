"""What the store answered, in the words that Authlib's flows ask for."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin

from ..judgement import judge_token
from ..payloads import decode_payload
from ..records import Credential, Grant, IssuedToken, RefreshFamily, Token
from .clients import ClientRecord
from .handles import RefreshHandle
from .resource_indicators import Audience
from .resource_owner import ResourceOwner

__all__ = ["AccessToken", "AuthorizationCode", "LoadResourceOwner", "RefreshToken"]

#: Subject and time of sign-in to the application's user, None where there is none any more.
LoadResourceOwner = Callable[[str, int | None], Any]


class AuthorizationCode(AuthorizationCodeMixin):
    """A code that a client presents, with what was saved when it was issued."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    @cached_property
    def payload(self) -> Mapping[str, Any]:
        """The credential's payload, decoded; of a code, which is not read again, by itself."""
        payload: Mapping[str, Any] = json.loads(self.credential.payload)
        return payload

    @property
    def code_challenge(self) -> str | None:
        """The PKCE challenge (RFC 7636)."""
        return self.payload.get("code_challenge")

    @property
    def code_challenge_method(self) -> str:
        """The PKCE method; there is but one."""
        return "S256"

    def get_redirect_uri(self) -> str | None:
        """Return the redirect URI as it was sent, None where it was left out."""
        return self.payload.get("redirect_uri")

    def get_scope(self) -> str:
        """Return the scope that the resource owner consented to."""
        scope: str = self.payload.get("scope", "")
        return scope

    @property
    def resources(self) -> Audience:
        """The protected resources that the authorization request named (RFC 8707)."""
        return tuple(self.payload.get("resource", ()))


class _IssuedView(TokenMixin):
    """What the views of access and refresh tokens share."""

    def __init__(self, grant: Grant, token: Token, *, valid: bool) -> None:
        self.grant = grant
        self.token = token
        self._valid = valid

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.token.digest[:8]}>"

    @property
    def _own(self) -> Mapping[str, Any]:
        return decode_payload(self.token.payload)

    @property
    def _granted(self) -> Mapping[str, Any]:
        return decode_payload(self.grant.payload)

    @property
    def digest(self) -> str:
        """The token's digest."""
        return self.token.digest

    @property
    def client_id(self) -> str:
        """The client that it was issued to."""
        return self.grant.client_id

    @property
    def subject(self) -> str | None:
        """The resource owner; None where the client acts for itself."""
        return self.grant.subject

    @property
    def scope(self) -> str:
        """The scope; Authlib asks for it under this name too."""
        return self.get_scope()

    @property
    def audience(self) -> Audience:
        """The protected resources that the token is for (RFC 8707); empty: it names none.

        A refresh token's is that of its grant: all that can be asked for with it.
        """
        own = self._own.get("aud")
        return tuple(self._granted.get("resource", ()) if own is None else own)

    @property
    def expires_at(self) -> int | None:
        """The end, in seconds since the epoch."""
        return self.token.expires_at

    def get_scope(self) -> str:
        """Return the scope of the token, or of its grant where it has none of its own."""
        own = self._own.get("scope")
        scope: str = self._granted.get("scope", "") if own is None else own
        return scope

    def get_expires_in(self) -> int:
        """Return how many seconds the token lives from its issue; 0: without end."""
        expires_at = self.token.expires_at
        return 0 if expires_at is None else expires_at - self.token.issued_at

    def check_client(self, client: ClientRecord) -> bool:
        """Tell whether the token was issued to this client."""
        return self.grant.client_id == client.client_id

    def is_expired(self) -> bool:
        """Tell whether the token is not valid, for whatever reason."""
        return not self._valid

    def is_revoked(self) -> bool:
        """Tell whether the token is not valid, for whatever reason."""
        return not self._valid


class AccessToken(_IssuedView):
    """An access token, judged once, at the time of the request."""

    def __init__(
        self,
        issued: IssuedToken,
        now: int,
        load_resource_owner: LoadResourceOwner | None = None,
    ) -> None:
        super().__init__(issued.grant, issued.token, valid=judge_token(issued, now))
        self._load_resource_owner = load_resource_owner

    @cached_property
    def user(self) -> Any:
        """The application's user where it loads users; else an object with `get_user_id()`.

        None where the client acts for itself, or the user is gone.
        """
        if self.subject is None:
            return None
        auth_time = self._granted.get("auth_time")
        if self._load_resource_owner is None:
            return ResourceOwner(self.subject, auth_time)
        return self._load_resource_owner(self.subject, auth_time)

    def get_user(self) -> Any:
        """Return the user; Authlib's word for it."""
        return self.user


class RefreshToken(_IssuedView):
    """A presented refresh token of a known family, whichever generation it is of."""

    def __init__(self, family: RefreshFamily, handle: RefreshHandle, now: int) -> None:
        current = IssuedToken(family.grant, family.current)
        is_current = family.current.digest == handle.token_digest
        valid = is_current and judge_token(current, now)
        super().__init__(family.grant, family.current, valid=valid)
        self.family = family
        self.handle = handle
