"""Credentials in the store: saved, decided once, exchanged once (RFC 5849 section 2)."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..digests import digest, generate_handle, generate_identifier
from ..errors import GrantRevokedError
from ..judgement import judge_claim
from ..oauth2.revoking import RevokingMixin
from ..payloads import encode_json
from ..records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    DecisionOutcome,
    Grant,
    Token,
)
from .credentials import (
    OUT_OF_BAND,
    TEMPORARY_CREDENTIAL,
    TOKEN_KIND,
    VERIFIER,
    IssuedCredential,
    TemporaryCredential,
    canonical_verifier,
)
from .errors import RefusedTokenError
from .requests import AuthorizationRequest, SignedRequest
from .sealed_secrets import TEMPORARY, TOKEN, seal_secret
from .signed import SignedCore

__all__ = ["StoredCredentialsMixin", "generate_token"]

#: For how many seconds after its end a temporary credential answers for its use. Its grant has no
#: end, and most are never authorized: each that a client asks for is a row until then.
_KEPT: Final = 24 * 60 * 60
#: RFC 8628 section 6.1: no vowels, hence no words; nothing that looks like something else.
_TYPED: Final = "BCDFGHJKLMNPQRSTVWXZ"
_TYPED_LENGTH: Final = 12


def generate_token() -> dict[str, str]:
    """Return a fresh token and its secret, 256 bits each, by Authlib's names for them."""
    return {"oauth_token": generate_handle(), "oauth_token_secret": generate_handle()}


class StoredCredentialsMixin(RevokingMixin, SignedCore):
    """Authlib's five verbs of temporary and token credentials, on the store."""

    def generate_credential(self) -> dict[str, str]:
        """Return a fresh token and its secret, 256 bits each."""
        return generate_token()

    def user_id_of(self, user: Any) -> Any:
        """Return what is stored of a resource owner."""
        return user.get_user_id()

    def subject_of(self, owner: Any) -> str:
        """Return the subject of a resource owner, whatever its class calls it."""
        return str(self.user_id_of(owner))

    def generate_verifier(self, callback: str | None) -> str:
        """Return a fresh verifier; one that a person types where there is no callback."""
        if callback != OUT_OF_BAND:
            return generate_handle()
        letters = "".join(secrets.choice(_TYPED) for _ in range(_TYPED_LENGTH))
        return "-".join(letters[i : i + 4] for i in range(0, _TYPED_LENGTH, 4))

    def create_temporary_credential(self, request: SignedRequest) -> Any:
        """Save a temporary credential, which nobody has decided yet, and return it."""
        now, made = self.clock.now(), self.generate_credential()
        handle = digest(made["oauth_token"])
        secret = made["oauth_token_secret"]
        payload = {
            "callback": request.redirect_uri,
            "sealed_secret": seal_secret(self.key_ring, TEMPORARY, secret, handle),
        }
        credential = Credential(
            handle,
            TEMPORARY_CREDENTIAL,
            request.client_id,
            expires_at=now + self.settings.lifetimes.temporary_credential,
            keep_until=now + self.settings.lifetimes.temporary_credential + _KEPT,
            grant_id=generate_identifier(),
            payload=encode_json(payload),
        )
        self.stores.credentials.save_credential(credential, now)
        return IssuedCredential(made["oauth_token"], secret)

    def get_temporary_credential(self, request: SignedRequest) -> Any:
        """Return the temporary credential that can be decided, or for a client exchanged.

        To a client a used one is returned, too, for its exchange is to be
        punished. None: there is none, it is another client's or past its time,
        or somebody has decided it.
        """
        token: str = request.token
        kind, handle = TEMPORARY_CREDENTIAL, digest(token)
        found = self.stores.credentials.query_credential(kind, handle)
        if found is None:
            return None
        deciding = isinstance(request, AuthorizationRequest)
        presenter = found.client_id if deciding else request.client_id
        outcome = judge_claim(found, presenter, self.clock.now()).outcome
        fitting = _UNDECIDED if deciding else _EXCHANGEABLE
        return TemporaryCredential(token, found, self.key_ring) if outcome in fitting else None

    def delete_temporary_credential(self, request: SignedRequest) -> None:
        """Do nothing: the used credential stays as evidence until its end."""

    def create_authorization_verifier(self, request: SignedRequest) -> str:
        """Approve the request's temporary credential for its user, and return the verifier.

        One decision wins; for every other `InvalidTokenError`. Only a keyed digest
        of the verifier is stored.
        """
        credential: TemporaryCredential = request.credential
        callback = credential.get_redirect_uri()
        verifier = self.generate_verifier(callback)
        canonical = canonical_verifier(callback, verifier)
        user_id = self.user_id_of(request.user)
        made = {
            "verifier_digest": self.key_ring.keyed_digests(VERIFIER, canonical)[0],
            "auth_time": getattr(request.user, "auth_time", None),
            # A hook that saves the token credential may have a column of numbers for it.
            "user_id": user_id if isinstance(user_id, int) else None,
        }
        self._decide(request, CredentialState.APPROVED, str(user_id), made)
        return verifier

    def deny_temporary_credential(self, request: SignedRequest) -> None:
        """Deny the request's temporary credential, for good. `InvalidTokenError`: it is decided."""
        self._decide(request, CredentialState.DENIED, None, {})

    def _decide(
        self,
        request: SignedRequest,
        state: CredentialState,
        subject: str | None,
        made: Mapping[str, Any],
    ) -> None:
        credential: TemporaryCredential = request.credential
        present_at: int | None = getattr(request.user, "present_at", None)
        now = self.clock.now() if present_at is None else present_at
        known = {name: value for name, value in made.items() if value is not None}
        payload = encode_json({**credential.payload, **known})
        decision = self.stores.credentials.decide_credential(
            TEMPORARY_CREDENTIAL, credential.digest, state, subject, payload, now
        )
        if decision.outcome is not DecisionOutcome.WON:
            raise RefusedTokenError(f"the temporary credential is {decision.outcome.value}")

    def create_token_credential(self, request: SignedRequest) -> Any:
        """Exchange the request's temporary credential: claimed and saved, then returned.

        One exchange wins. Another one revokes the grant: of what it presented
        somebody has a copy. `InvalidTokenError`: it lost, or the grant was revoked.
        """
        now, made = self.clock.now(), self.generate_credential()
        credential = request.credential.credential
        grant = _grant_of(request.credential)
        self._require_owner(credential.subject)
        token = self._seal_token(made, now)
        try:
            claim = self._redeem(credential, grant, [token], now)
        except GrantRevokedError as error:
            raise RefusedTokenError("the grant was revoked meanwhile") from error
        if claim.outcome is ClaimOutcome.ALREADY_USED:
            self.revoke_grant(grant.grant_id)
            raise RefusedTokenError("the temporary credential was used: its grant is revoked")
        if claim.outcome is not ClaimOutcome.WON:
            raise RefusedTokenError(f"the temporary credential is {claim.outcome.value}")
        return IssuedCredential(made["oauth_token"], made["oauth_token_secret"])

    def save_token_credential(self, client_id: str, user_id: object) -> Any:
        """Return a token credential that is saved under a fresh grant; what led to it is claimed.

        `InvalidTokenError`: the grant was revoked at once.
        """
        now, made = self.clock.now(), self.generate_credential()
        grant = Grant(generate_identifier(), client_id, str(user_id), granted_at=now, payload="{}")
        try:
            self.stores.tokens.save_token(grant, [self._seal_token(made, now)])
        except GrantRevokedError as error:
            raise RefusedTokenError("the grant was revoked meanwhile") from error
        return IssuedCredential(made["oauth_token"], made["oauth_token_secret"])

    def claim_temporary_credential(self, presented: TemporaryCredential) -> None:
        """Use up a temporary credential of the store, whose token credential is kept elsewhere.

        One exchange wins. `InvalidTokenError`: another was first.
        """
        key = (TEMPORARY_CREDENTIAL, presented.digest, presented.get_client_id())
        claim = self.stores.credentials.claim_credential(*key, self.clock.now())
        if claim.outcome is not ClaimOutcome.WON:
            raise RefusedTokenError(f"the temporary credential is {claim.outcome.value}")

    def _seal_token(self, made: Mapping[str, str], now: int) -> Token:
        handle = digest(made["oauth_token"])
        sealed = seal_secret(self.key_ring, TOKEN, made["oauth_token_secret"], handle)
        return Token(handle, TOKEN_KIND, now, payload=encode_json({"sealed_secret": sealed}))

    def _require_owner(self, subject: str | None) -> None:
        """Raise `InvalidTokenError` where the application knows no user of the subject any more."""
        load = self.load_resource_owner
        if load is not None and subject is not None and not load(subject, None):
            raise RefusedTokenError("the resource owner is gone")

    def _redeem(
        self, credential: Credential, grant: Grant, tokens: Sequence[Token], now: int
    ) -> Claim:
        key = (TEMPORARY_CREDENTIAL, credential.digest, credential.client_id)
        if self.stores.redeems:
            return self.stores.tokens.redeem_credential(*key, grant, tokens, now)
        claim = self.stores.credentials.claim_credential(*key, now)
        if claim.outcome is ClaimOutcome.WON:
            self.stores.tokens.save_token(grant, tokens)
        return claim


_UNDECIDED: Final = frozenset({ClaimOutcome.PENDING})
_EXCHANGEABLE: Final = frozenset({ClaimOutcome.WON, ClaimOutcome.ALREADY_USED})


def _grant_of(presented: TemporaryCredential) -> Grant:
    """Return the grant of an authorized temporary credential, which has no end."""
    credential, auth_time = presented.credential, presented.payload.get("auth_time")
    return Grant(
        credential.grant_id or generate_identifier(),
        credential.client_id,
        credential.subject,
        granted_at=credential.granted_at or 0,
        payload=encode_json({} if auth_time is None else {"auth_time": auth_time}),
    )
