"""Rules of the role `credentials`, and of `redeem_credential`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from ...records import Claim, ClaimOutcome, Credential, CredentialState
from .rules import BEGINNING, CLIENTS, HANDLE, LIMIT, OFTEN, PAYLOAD, SELDOM, SUBJECTS, Rules, Slots
from .token_rules import GRANT, TokenRules

__all__ = ["CredentialRules", "RedemptionRules"]

CREDENTIAL: Final = st.integers(0, 3)
STATE: Final = st.sampled_from((CredentialState.PENDING, CredentialState.APPROVED))
LIFE: Final = st.sampled_from((60, 600, 5))
ALIAS: Final = st.integers(0, 2)
#: A store that folds case takes them for one.
KINDS: Final = ("device_code", "Device_code")


class CredentialRules(Rules):
    """Credentials of two kinds and three clients, four at a time, with three aliases."""

    def __init__(self) -> None:
        super().__init__()
        self.credentials = Slots(4)

    def unused(self, slot: int, *, known: bool) -> int:
        """Return the number of a credential to be saved: a new one unless `known`."""
        key = self.key(self.credentials[slot])
        if not known and self.history.model.credentials.query_credential(**key) is not None:
            self.credentials.renew(slot)
        return self.credentials[slot]

    def key(self, number: int, *, other: bool = False) -> dict[str, str]:
        """Return kind and digest of that number; if `other`, of no credential."""
        kind = KINDS[(number % 4 == 3) != other]
        return {"kind": kind, "digest": self.history.digest("credential", number)}

    def owner(self, number: int, *, stranger: bool = False) -> str:
        """Return the client of that number's credential, or another one."""
        return self.history.name(CLIENTS[(number + stranger) % 3])

    @initialize(count=BEGINNING, life=LIFE)
    def begin_credentials(self, count: int, life: int) -> None:
        """Save a credential in each slot, for else most calls would find nothing."""
        for slot in range(count):
            state = CredentialState.APPROVED if slot % 2 else CredentialState.PENDING
            alias = slot if slot < 2 else None
            self.save_credential(slot, slot, False, alias, state, life, 60, 5, "{}")  # noqa: FBT003 - as drawn

    @rule(
        handle=HANDLE,
        slot=CREDENTIAL,
        known=SELDOM,
        alias=st.sampled_from((0, 1, 2, None)),
        state=STATE,
        life=LIFE,
        stay=st.sampled_from((0, 60, 600)),
        interval=st.sampled_from((5, None, 0, 9)),
        payload=PAYLOAD,
    )
    def save_credential(
        self,
        handle: int,
        slot: int,
        known: bool,  # noqa: FBT001 - drawn
        alias: int | None,
        state: CredentialState,
        life: int,
        stay: int,
        interval: int | None,
        payload: str,
    ) -> None:
        """Save a credential, new or known, with an alias that may be taken."""
        number = self.unused(slot, known=known)
        credential = Credential(
            kind=self.key(number)["kind"],
            digest=self.key(number)["digest"],
            client_id=self.owner(number),
            expires_at=self.noted(self.now + life),
            keep_until=self.end(life + stay),
            alias=None if alias is None else self.history.digest("alias", alias),
            grant_id=self.history.name("grant"),
            state=state,
            granted_at=self.now if state is CredentialState.APPROVED else None,
            interval=interval,
            payload=payload,
        )
        self.history.ask(
            handle, "credentials", "save_credential", credential=credential, now=self.now
        )

    @rule(handle=HANDLE, slot=CREDENTIAL, other=SELDOM)
    def query_credential(self, handle: int, slot: int, other: bool) -> None:  # noqa: FBT001 - drawn
        """Look at a credential, at times under another kind."""
        number = self.credentials[slot]
        self.history.ask(handle, "credentials", "query_credential", **self.key(number, other=other))

    @rule(handle=HANDLE, kind=st.sampled_from(KINDS), alias=ALIAS)
    def query_credential_by_alias(self, handle: int, kind: str, alias: int) -> None:
        """Look who has an alias."""
        values = {"kind": kind, "alias": self.history.digest("alias", alias)}
        self.history.ask(handle, "credentials", "query_credential_by_alias", **values)

    @rule(
        handle=HANDLE,
        slot=CREDENTIAL,
        state=st.sampled_from((CredentialState.APPROVED, CredentialState.DENIED)),
        subject=st.sampled_from(SUBJECTS),
        payload=PAYLOAD,
    )
    def decide_credential(
        self, handle: int, slot: int, state: CredentialState, subject: str | None, payload: str
    ) -> None:
        """Approve or deny a credential in whatever state."""
        number = self.credentials[slot]
        values = {"state": state, "subject": subject, "payload": payload, "now": self.now}
        self.history.ask(handle, "credentials", "decide_credential", **self.key(number), **values)

    @rule(handle=HANDLE, slot=CREDENTIAL, stranger=SELDOM)
    def claim_credential(self, handle: int, slot: int, stranger: bool) -> None:  # noqa: FBT001 - drawn
        """Claim a credential, at times as another client."""
        number = self.credentials[slot]
        values = {"client_id": self.owner(number, stranger=stranger), "now": self.now}
        self.history.ask(handle, "credentials", "claim_credential", **self.key(number), **values)

    @rule(handle=HANDLE, slot=CREDENTIAL, stranger=SELDOM)
    def poll_credential(self, handle: int, slot: int, stranger: bool) -> None:  # noqa: FBT001 - drawn
        """Poll a credential, at times as another client."""
        number = self.credentials[slot]
        values = {"client_id": self.owner(number, stranger=stranger), "now": self.now}
        self.history.ask(handle, "credentials", "poll_credential", **self.key(number), **values)

    # More of what has the most to go wrong: rules are drawn with equal weight.
    claim_again = claim_credential
    decide_again = decide_credential
    poll_again = poll_credential

    @rule(handle=HANDLE, limit=LIMIT)
    def purge_credentials(self, handle: int, limit: int) -> None:
        """Purge the tombstones whose time is over."""
        self.history.ask_purge(handle, "credentials", "purge_credentials", limit=limit)

    def look_at_everything(self) -> None:
        """Look at every credential and alias."""
        super().look_at_everything()
        for number in range(self.credentials.count):
            self.history.ask(number, "credentials", "query_credential", **self.key(number))
        for alias in range(3):
            for kind in KINDS:
                self.query_credential_by_alias(alias, kind, alias)

    def clean(self) -> None:
        """Purge all credentials."""
        super().clean()
        self.history.empty("credentials", "purge_credentials")


class RedemptionRules(TokenRules, CredentialRules):
    """Claims and saves in one step."""

    @rule(
        handle=HANDLE,
        slot=CREDENTIAL,
        stranger=SELDOM,
        grant=GRANT,
        dead=st.booleans(),
        refreshes=OFTEN,
        taken=SELDOM,
        back=st.sampled_from((0, 0, 5)),
    )
    def redeem_credential(
        self,
        handle: int,
        slot: int,
        stranger: bool,  # noqa: FBT001 - drawn
        grant: int,
        dead: bool,  # noqa: FBT001 - drawn
        refreshes: bool,  # noqa: FBT001 - drawn
        taken: bool,  # noqa: FBT001 - drawn
        back: int,
    ) -> None:
        """Redeem a credential for tokens of a grant that may be revoked or known."""
        number = self.credentials[slot]
        grant = self.live_grant(grant, dead=dead)
        given = self.grant(grant, 400, "own" if refreshes else "none", "{}")
        given = replace(given, granted_at=self.now - back)
        tokens = self.access([50], taken=taken)
        if refreshes:
            tokens.append(self.refresh())
        claim = {"client_id": self.owner(number, stranger=stranger), "now": self.now}
        saved = {"grant": given, "tokens": tokens}
        also = self.also_refused(grant, given, tokens)
        values: dict[str, object] = {**self.key(number), **claim, **saved}
        answer = self.history.ask_leniently(handle, "tokens", "redeem_credential", also, **values)
        if isinstance(answer, Claim) and answer.outcome is ClaimOutcome.WON:
            self.note_saved(answer, given, tokens)

    redeem_again = redeem_credential
    redeem_once_more = redeem_credential
