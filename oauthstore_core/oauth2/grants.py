"""The three grant types of the built-in server, on Authlib's classes.

The order is that of the contract's second law: Authlib validates first, then
`save_token` claims and stores in one step, then the answer leaves. What loses
is `invalid_grant` and leaves no row.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import AccessDeniedError, grants

from ..digests import digest, generate_handle, generate_identifier
from ..errors import GrantRevokedError, SealError
from ..judgement import judge_claim
from ..payloads import decode_payload, encode_json
from ..records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    Grant,
    RotationOutcome,
    Token,
)
from ..sealing import open_with_handle, seal_with_handle
from .client_authentication import CONFIDENTIAL_METHODS, METHODS
from .clients import ClientRecord
from .errors import RefusedGrantError, TemporarilyUnavailableError
from .handles import parse_refresh_handle
from .redirect_uris import with_parameters
from .resource_indicators import (
    Audience,
    InvalidTargetError,
    narrow_audience,
    requested_resources,
)
from .resource_owner import ResourceOwner
from .views import AuthorizationCode, RefreshToken

if TYPE_CHECKING:
    from .server import AuthorizationServer

__all__ = ["AuthorizationCodeGrant", "ClientCredentialsGrant", "RefreshTokenGrant", "StoreMixin"]

CODE = "authorization_code"
#: How often a fresh grant is tried again past a fence before the client is told to wait.
_FENCE_ATTEMPTS = 3


def _encode(payload: dict[str, Any]) -> str:
    return encode_json({name: value for name, value in payload.items() if value is not None})


class StoreMixin:
    """What the three grants share: the server, its store, and how tokens become records."""

    server: AuthorizationServer
    request: Any
    #: Of the access token; set when the request has been validated.
    audience: Audience = ()

    def requested_resources(self) -> Audience:
        """Return the resources that the request names. `InvalidTargetError`: one is unknown."""
        return requested_resources(self.request.payload, self.server.settings.resources)

    def issue_records(self, response: dict[str, Any], grant: Grant, now: int) -> Sequence[Token]:
        """Return the records of a token response; shortens its life to the grant's."""
        lifetimes = self.server.settings.lifetimes
        end = now + response.get("expires_in", lifetimes.access_token)
        if grant.keep_until is not None:
            end = min(end, grant.keep_until)
        response["expires_in"] = end - now
        payload: dict[str, Any] = {"scope": response.get("scope", "")}
        if set(self.audience) != set(decode_payload(grant.payload).get("resource", ())):
            payload["aud"] = self.audience
        handle = digest(response["access_token"])
        tokens = [Token(handle, "access", now, end, payload=_encode(payload))]
        if "refresh_token" in response:
            idle = now + lifetimes.refresh_token_idle
            absolute = grant.granted_at + lifetimes.refresh_token_absolute
            refresh = digest(response["refresh_token"])
            tokens.append(Token(refresh, "refresh", now, min(idle, absolute)))
        return tokens


class AuthorizationCodeGrant(StoreMixin, grants.AuthorizationCodeGrant):
    """Authorization code (RFC 6749 section 4.1): one code, one set of tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    #: What a validated authorization request names, for a consent page and the code.
    resources: Audience = ()

    # --- the authorization endpoint ---

    def validate_authorization_request(self) -> str:
        """Return the redirect URI of a valid request, and know the resources that it names."""
        redirect_uri: str = super().validate_authorization_request()
        try:
            self.resources = self.requested_resources()
        except InvalidTargetError as error:
            error.redirect_uri = redirect_uri
            raise
        return redirect_uri

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Any
    ) -> tuple[int, str, list[tuple[str, str]]]:
        """Issue a code, or without user raise `access_denied`.

        As Authlib's, which however does not keep the redirect URI's own query
        to the letter.
        """
        if not grant_user:
            raise AccessDeniedError(redirect_uri=redirect_uri)
        self.request.user = grant_user
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        state = self.request.payload.state
        parameters = [("code", code), *([("state", state)] if state else [])]
        return 302, "", [("Location", with_parameters(redirect_uri, parameters))]

    def generate_authorization_code(self) -> str:
        """Return a fresh code of 256 bits."""
        return generate_handle()

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Store the code's digest with all that its redemption will be held against."""
        now = self.server.clock.now()
        owner: ResourceOwner = request.user
        present_at: int | None = getattr(owner, "present_at", None)
        granted_at = now if present_at is None else present_at
        data = request.payload.data
        payload = {
            "redirect_uri": data.get("redirect_uri"),
            "scope": request.scope,
            "resource": self.resources or None,
            "code_challenge": data.get("code_challenge"),
            "auth_time": getattr(owner, "auth_time", None),
            "consented_at": getattr(owner, "consented_at", None),
        }
        credential = Credential(
            digest(code),
            CODE,
            request.client.client_id,
            expires_at=now + self.server.settings.lifetimes.authorization_code,
            keep_until=self.server.grant_end(granted_at),
            grant_id=generate_identifier(),
            subject=self.server.subject_of(owner),
            state=CredentialState.APPROVED,
            granted_at=granted_at,
            payload=_encode(payload),
        )
        self.server.stores.credentials.save_credential(credential, now)

    # --- the token endpoint ---

    def validate_token_request(self) -> None:
        """Validate client, code, redirect URI and PKCE, then the audience."""
        super().validate_token_request()
        code: AuthorizationCode = self.request.authorization_code
        # Of a used code no token comes: its reuse is to be punished, whatever is asked for.
        if code.credential.state is not CredentialState.USED:
            self.audience = narrow_audience(self.requested_resources(), code.resources)

    def query_authorization_code(self, code: str, client: ClientRecord) -> AuthorizationCode | None:
        """Return the code if it can be redeemed, or was: the claim punishes its reuse.

        Only a presentation that passes the checks of client, redirect URI and
        PKCE counts as one, so nothing is claimed here.
        """
        credential = self.server.stores.credentials.query_credential(CODE, digest(code))
        claim = judge_claim(credential, client.client_id, self.server.clock.now())
        if claim.credential is None:
            return None
        if claim.outcome not in (ClaimOutcome.WON, ClaimOutcome.ALREADY_USED):
            raise RefusedGrantError(f"the code is {claim.outcome.value}")
        return AuthorizationCode(claim.credential)

    def authenticate_user(self, authorization_code: AuthorizationCode) -> Any:
        """Return the user whose consent the code is."""
        credential = authorization_code.credential
        return self.server.load_resource_owner(
            credential.subject, authorization_code.payload.get("auth_time")
        )

    def save_token(self, token: dict[str, Any]) -> None:
        """Claim the code and store the tokens: the gate, and the mint behind it."""
        now = self.server.clock.now()
        code: AuthorizationCode = self.request.authorization_code
        credential = code.credential
        grant = self._grant_of(code, token)
        tokens = self.issue_records(token, grant, now)
        try:
            claim = self._redeem(credential, grant, tokens, now)
        except GrantRevokedError as error:
            raise RefusedGrantError("the grant was revoked meanwhile") from error
        if claim.outcome is ClaimOutcome.ALREADY_USED:
            self.server.revoke_grant(grant.grant_id)
            raise RefusedGrantError("the code was used before: its grant is revoked")
        if claim.outcome is not ClaimOutcome.WON:
            raise RefusedGrantError(f"the code is {claim.outcome.value}")

    def _grant_of(self, code: AuthorizationCode, token: dict[str, Any]) -> Grant:
        credential = code.credential
        handle = parse_refresh_handle(token.get("refresh_token", ""))
        granted_at = credential.granted_at or 0
        payload = {
            "scope": code.get_scope(),
            "resource": code.resources or None,
            "auth_time": code.payload.get("auth_time"),
            "consented_at": code.payload.get("consented_at"),
        }
        return Grant(
            credential.grant_id or generate_identifier(),
            credential.client_id,
            credential.subject,
            family=handle.family_digest if handle else None,
            granted_at=granted_at,
            keep_until=self.server.grant_end(granted_at),
            payload=_encode(payload),
        )

    def _redeem(
        self, credential: Credential, grant: Grant, tokens: Sequence[Token], now: int
    ) -> Claim:
        stores = self.server.stores
        key = (CODE, credential.digest, credential.client_id)
        if stores.redeems:
            return stores.tokens.redeem_credential(*key, grant, tokens, now)
        claim = stores.credentials.claim_credential(*key, now)
        if claim.outcome is ClaimOutcome.WON:
            stores.tokens.save_token(grant, tokens)
        return claim

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Do nothing: the used code stays as evidence until its end."""


class RefreshTokenGrant(StoreMixin, grants.RefreshTokenGrant):
    """Refresh (RFC 6749 section 6) with rotation, reuse detection and the sealed grace."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def validate_token_request(self) -> None:
        """Validate client, refresh token and scope, then the audience."""
        super().validate_token_request()
        presented: RefreshToken = self.request.refresh_token
        self.audience = narrow_audience(self.requested_resources(), presented.audience)

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        """Return the token if its family is known; the rotation judges the rest."""
        handle = parse_refresh_handle(refresh_token)
        if handle is None:
            return None
        family = self.server.stores.tokens.query_refresh_token(handle.family_digest)
        if family is None:
            return None
        return RefreshToken(family, handle, self.server.clock.now())

    def authenticate_user(self, refresh_token: RefreshToken) -> Any:
        """Return the user whose consent the grant is. `invalid_grant`: there is none any more."""
        grant = refresh_token.grant
        auth_time = decode_payload(grant.payload).get("auth_time")
        user = self.server.load_resource_owner(grant.subject, auth_time)
        if not user:
            raise RefusedGrantError("the resource owner is gone")
        return user

    def issue_token(self, user: Any, refresh_token: RefreshToken) -> dict[str, Any]:
        """Return the token response, whose refresh token continues the family."""
        scope = self.request.payload.scope or refresh_token.get_scope()
        token: dict[str, Any] = self.generate_token(
            user=user, scope=scope, include_refresh_token=False
        )
        secret = partial(
            self.server.generate_refresh_secret,
            client=self.request.client,
            grant_type=self.GRANT_TYPE,
            user=user,
            scope=scope,
        )
        token["refresh_token"] = str(refresh_token.handle.successor(secret))
        return token

    def save_token(self, token: dict[str, Any]) -> None:
        """Rotate: one winner; within the grace the same client gets its answer again."""
        now = self.server.clock.now()
        presented: RefreshToken = self.request.refresh_token
        handle, family = presented.handle, presented.family
        access, refresh = self.issue_records(token, family.grant, now)
        successor = replace(refresh, generation=family.current.generation + 1)
        grace = self.server.settings.reuse_grace
        sealed = self._seal(token, presented) if grace else None
        rotation = self.server.stores.tokens.rotate_refresh_token(
            handle.family_digest,
            handle.token_digest,
            self.request.client.client_id,
            [access, successor],
            sealed,
            now,
            grace,
        )
        if rotation.outcome is RotationOutcome.GRACE and rotation.sealed_response:
            self._answer_again(token, presented, rotation.sealed_response)
        elif rotation.outcome is not RotationOutcome.WON:
            raise RefusedGrantError(f"the refresh token is {rotation.outcome.value}")

    def _seal(self, token: dict[str, Any], presented: RefreshToken) -> bytes:
        encoded = json.dumps({**token, "aud": self.audience}).encode()
        return seal_with_handle(str(presented.handle), encoded, presented.grant.grant_id)

    def _answer_again(self, token: dict[str, Any], presented: RefreshToken, sealed: bytes) -> None:
        try:
            opened = open_with_handle(str(presented.handle), sealed, presented.grant.grant_id)
        except SealError as error:
            raise RefusedGrantError("the sealed response does not open") from error
        answer = json.loads(opened)
        # A token for one resource in the hands of another is what audiences are there to prevent.
        if set(answer.pop("aud", ())) != set(self.audience):
            raise InvalidTargetError("The refresh token was just used for another resource.")
        token.clear()
        token.update(answer)

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """Do nothing: the rotation has marked it."""


class ClientCredentialsGrant(StoreMixin, grants.ClientCredentialsGrant):
    """Client credentials (RFC 6749 section 4.4): the client acts for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def validate_token_request(self) -> None:
        """Authenticate the client, at a time that its grant will bear.

        Taken before the client is read: the fence of a deletion that came
        between reading and storing lies past it, however long that took.
        """
        self._granted_at = self.server.clock.now()
        super().validate_token_request()
        self.audience = self.requested_resources()

    def save_token(self, token: dict[str, Any]) -> None:
        """Store the token under a grant of its own, which ends with it.

        The grant is fresh: where a revocation of its range has just been, it
        is tried again past the fence, as if the request had come only then.
        """
        server = self.server
        for _ in range(_FENCE_ATTEMPTS):
            now = self._granted_at
            try:
                grant = self._fresh_grant(token, now)
                server.stores.tokens.save_token(grant, self.issue_records(token, grant, now))
            except GrantRevokedError:
                server.wait_past_fences()
                self._start_anew(token)
            else:
                return
        raise TemporarilyUnavailableError

    def _fresh_grant(self, token: dict[str, Any], now: int) -> Grant:
        settings = self.server.settings
        return Grant(
            generate_identifier(),
            self.request.client.client_id,
            granted_at=now,
            keep_until=now + settings.lifetimes.access_token + settings.clock_skew,
            payload=_encode({"scope": token.get("scope", ""), "resource": self.audience or None}),
        )

    def _start_anew(self, token: dict[str, Any]) -> None:
        """Authenticate the client once more: its secret, too, may be gone by now."""
        self.server.forget_clients()
        self.validate_token_request()
        token.clear()
        scope = self.request.payload.scope
        token.update(self.generate_token(scope=scope, include_refresh_token=False))
