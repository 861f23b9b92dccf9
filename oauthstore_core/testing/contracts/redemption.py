"""The roles `credentials` and `tokens` together: claim and save in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import pytest

from ...errors import DuplicateError, GrantRevokedError, StoreError
from ...records import Claim, ClaimOutcome, Credential, CredentialState, Grant, Token
from ..flows import alive_anywhere
from ..kit import Kit
from ..processes import in_threads
from ..races import race_amid
from ..samples import DAY, KINDS, access_token, credential, fresh, grant, refresh_token
from .contract import Contract
from .token_contests import one_redemption_wins

__all__ = ["Redemption"]

WON, USED = ClaimOutcome.WON, ClaimOutcome.ALREADY_USED


class Redemption(Contract):
    """`redeem_credential`: both or neither. Skipped without the capability `redeems`."""

    def test_a_redemption_claims_and_saves(self, kit: Kit) -> None:
        """ONE-08a: WON has used the credential and saved grant and tokens, for every handle."""
        for kind in KINDS:
            code, given = _saved(kit, changes={"kind": kind})
            # The last kind brings no tokens at all: self-contained ones are not stored.
            tokens = [access_token(kit.now), refresh_token(kit.now)][
                : 0 if kind == KINDS[-1] else 2
            ]
            claim = _redeem(kit, 0, code, given, tokens)

            assert claim == Claim(WON, code)
            listed = kit.first.tokens.list_grants(given.client_id, None, None, 5)
            assert list(listed.items) == [given]
            assert alive_anywhere(kit, given, tokens, kit.now) == tokens * 3
            stored = kit.handle(1).credentials.query_credential(kind, code.digest)
            assert stored == replace(code, state=CredentialState.USED)

    def test_a_refused_save_leaves_the_credential(self, kit: Kit) -> None:
        """ONE-08b: GrantRevokedError or DuplicateError leaves the credential to be claimed."""
        end = kit.now + DAY
        for reason in ("grant", "client", "subject", "digest", "family"):
            code, given = _saved(kit)
            tokens = [access_token(kit.now), refresh_token(kit.now)]
            error: type[StoreError] = GrantRevokedError
            if reason == "grant":
                kit.first.tokens.revoke_grant(given.grant_id, kit.now, end)
            elif reason == "client":
                kit.first.tokens.revoke_all(given.client_id, None, kit.now, end)
            elif reason == "subject":
                kit.first.tokens.revoke_all(None, given.subject, kit.now, end)
            else:
                error = DuplicateError
                taken = tokens[:1] if reason == "digest" else [refresh_token(kit.now)]
                family = given.family if reason == "family" else fresh()
                kit.first.tokens.save_token(grant(kit.now, family=family), taken)
            with pytest.raises(error):
                _redeem(kit, 0, code, given, tokens)

            stored = kit.first.credentials.query_credential(code.kind, code.digest)
            assert stored == code, reason
            claim = kit.first.credentials.claim_credential(
                code.kind, code.digest, code.client_id, kit.now
            )
            assert claim == Claim(WON, code), reason

    def test_a_lost_claim_saves_nothing(self, kit: Kit) -> None:
        """ONE-08c: every outcome but WON, in a claim's order, leaves neither grant nor tokens."""
        late: dict[str, object] = {"expires_at": kit.now}
        expectations: tuple[tuple[CredentialState, dict[str, object], ClaimOutcome], ...] = (
            (CredentialState.USED, late, USED),
            (CredentialState.DENIED, late, ClaimOutcome.DENIED),
            (CredentialState.APPROVED, late, ClaimOutcome.EXPIRED),
            (CredentialState.PENDING, {}, ClaimOutcome.PENDING),
            (CredentialState.APPROVED, {"keep_until": kit.now, **late}, ClaimOutcome.MISSING),
        )
        for state, changes, outcome in expectations:
            code, given = _saved(kit, changes={"state": state, **changes})
            tokens = [access_token(kit.now), refresh_token(kit.now)]
            claim = _redeem(kit, 0, code, given, tokens)

            missing = outcome is ClaimOutcome.MISSING
            assert claim == Claim(outcome, None if missing else code)
            _assert_nothing_saved(kit, given, tokens)

    def test_another_client_redeems_nothing(self, kit: Kit) -> None:
        """ONE-08d: another client is told MISSING; nothing is saved, and nothing is used up."""
        code, given = _saved(kit)
        tokens = [access_token(kit.now)]
        claim = kit.first.redeeming.redeem_credential(
            code.kind, code.digest, "thief", given, tokens, kit.now
        )

        assert claim == Claim(ClaimOutcome.MISSING)
        _assert_nothing_saved(kit, given, tokens)
        assert _redeem(kit, 0, code, given, tokens).outcome is WON

    def test_one_of_many_redemptions_wins(self, kit: Kit) -> None:
        """ONE-08e: of many redemptions one is WON, and only its tokens exist."""
        kit.require_redeeming()
        one_redemption_wins(kit, in_threads)

    def test_redemptions_amid_revocations_leave_nothing_alive(self, kit: Kit) -> None:
        """ONE-08f: a redemption racing a sweep is refused and leaves the code, or is dead."""
        for _ in kit.rounds:
            code, given = _saved(kit)
            tokens = [access_token(kit.now), refresh_token(kit.now)]

            def sweep(given: Grant = given) -> None:
                end = kit.now + DAY
                kit.handle(1).tokens.revoke_all(None, given.subject, kit.now, end)

            redeem = partial(_redeem, kit, 0, code, given, tokens)
            answers = race_amid(sweep, [redeem], (GrantRevokedError,))

            assert alive_anywhere(kit, given, tokens, kit.now) == []
            stored = kit.first.credentials.query_credential(code.kind, code.digest)
            refused = isinstance(answers[1], GrantRevokedError)
            state = CredentialState.APPROVED if refused else CredentialState.USED
            assert stored == replace(code, state=state)

    def test_a_claim_and_a_redemption_share_one_win(self, kit: Kit) -> None:
        """ONE-08g: of claims and redemptions of one credential together, one is WON."""
        for turn in range(4):
            code, given = _saved(kit)
            claim = partial(
                kit.handle(turn).credentials.claim_credential,
                code.kind,
                code.digest,
                code.client_id,
                kit.now,
            )
            redeem = partial(_redeem, kit, 1, code, given, [access_token(kit.now)])
            outcomes = [
                call().outcome for call in ((claim, redeem) if turn % 2 else (redeem, claim))
            ]

            assert outcomes == [WON, USED]


def _saved(
    kit: Kit, *, family: bool = True, changes: Mapping[str, object] = MappingProxyType({})
) -> tuple[Credential, Grant]:
    """Save a code, unless the store cannot redeem it, and return it with the grant to come."""
    kit.require_redeeming()
    code = credential(kit.now, subject=f"subject-{fresh()}", **changes)
    kit.first.credentials.save_credential(code, kit.now)
    given = grant(
        kit.now,
        grant_id=code.grant_id,
        client_id=code.client_id,
        subject=code.subject,
        family=fresh() if family else None,
    )
    return code, given


def _redeem(kit: Kit, index: int, code: Credential, given: Grant, tokens: list[Token]) -> Claim:
    return kit.handle(index).redeeming.redeem_credential(
        code.kind, code.digest, code.client_id, given, tokens, kit.now
    )


def _assert_nothing_saved(kit: Kit, given: Grant, tokens: list[Token]) -> None:
    for token in tokens:
        assert kit.first.tokens.query_token(token.digest) is None
    assert kit.first.tokens.query_refresh_token(given.family or "") is None
    assert list(kit.first.tokens.list_grants(given.client_id, None, None, 5).items) == []
