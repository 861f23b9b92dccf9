"""The calls that write grants and tokens, each to be cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import DuplicateError
from ..records import (
    ClaimOutcome,
    CredentialState,
    Grant,
    Purged,
    RotationOutcome,
    Token,
)
from . import deeds
from .deeds import Call
from .flows import Family, alive, rotated_record, saved_grant
from .kit import Handle, Kit
from .samples import (
    access_token,
    credential,
    fresh,
    grant,
    refresh_token,
)
from .scenarios import (
    Builder,
    Look,
    Scenario,
    Verdict,
    equal,
    is_a,
    outcome,
    raises,
)

__all__ = ["REDEMPTIONS", "REVOCATIONS", "TOKENS"]


def _save_token(kit: Kit) -> Scenario:
    given = grant(kit.now, family=fresh())
    tokens = [access_token(kit.now), refresh_token(kit.now)]
    call, again = deeds.save_token(given, tokens), raises(DuplicateError)
    return _token_scenario(kit, call, given, tokens, ([], tokens), (equal(None), again))


def _add_token(kit: Kit) -> Scenario:
    given, token = saved_grant(kit)
    tokens = [access_token(kit.now), access_token(kit.now)]
    call, again = deeds.save_token(given, tokens), raises(DuplicateError)
    states = ([token], [token, *tokens])
    return _token_scenario(kit, call, given, [token, *tokens], states, (equal(None), again))


def _rotate(kit: Kit) -> Scenario:
    family = Family(kit)
    brought = family.successors(family.first, kit.now)
    issued = [family.access, family.first, *brought]

    def look(handle: Handle) -> object:
        return alive(handle, family.grant, issued, kit.now), family.stored(handle)

    before = [family.access, family.first], (family.first, None)
    done = [family.access, *brought], (brought[1], rotated_record(family.first, kit.now))
    call, won = deeds.rotate(family.grant, family.first, brought, kit.now), RotationOutcome.WON
    right = outcome(won)
    left, given = _left_of(family.grant, issued), family.grant
    return Scenario(call, look, before, done, right, right, left=left, given=given, issued=issued)


def _reuse(kit: Kit) -> Scenario:
    family = Family(kit)
    brought = family.successors(family.first, kit.now)
    call = deeds.rotate(family.grant, refresh_token(kit.now), brought, kit.now)
    issued, states = _two_states(family)
    verdicts = outcome(RotationOutcome.REUSED), outcome(RotationOutcome.REVOKED)
    return _token_scenario(kit, call, family.grant, issued, states, verdicts)


def _revoke_token(kit: Kit) -> Scenario:
    given, token = saved_grant(kit)
    call = Call("tokens", "revoke_token", (given.grant_id, token.digest, kit.now))
    quiet = equal(None), equal(None)
    return _token_scenario(kit, call, given, [token], ([token], []), quiet)


def _revoke_grant(kit: Kit) -> Scenario:
    family = Family(kit)
    issued, states = _two_states(family)
    call, quiet = deeds.revoke_grant(family.grant, kit.now), (equal(None), equal(None))
    scenario = _token_scenario(kit, call, family.grant, issued, states, quiet)
    return replace(scenario, in_parts=True)


def _revoke_all(kit: Kit) -> Scenario:
    family = Family(kit)
    issued, states = _two_states(family)
    call = deeds.revoke_all(None, family.grant.subject, kit.now)
    verdicts = equal(1), is_a(int)
    scenario = _token_scenario(kit, call, family.grant, issued, states, verdicts)
    return replace(scenario, in_parts=True)


def _purge_tokens(kit: Kit) -> Scenario:
    given = grant(kit.now - 99, keep_until=kit.now)
    token = access_token(kit.now - 99)
    kit.first.tokens.save_token(given, [token])
    call = deeds.purge("tokens", kit.now)

    def look(handle: Handle) -> object:
        return handle.tokens.query_token(token.digest) is None

    purged = is_a(Purged)
    return Scenario(call, look, False, True, purged, purged, in_parts=True)  # noqa: FBT003 - seen


def _redeem(kit: Kit) -> Scenario:
    code = credential(kit.now, subject=f"subject-{fresh()}")
    kit.first.credentials.save_credential(code, kit.now)
    names = {"client_id": code.client_id, "subject": code.subject, "family": fresh()}
    given = grant(kit.now, grant_id=code.grant_id, **names)
    tokens = [access_token(kit.now), refresh_token(kit.now)]

    def look(handle: Handle) -> object:
        stored = handle.credentials.query_credential(code.kind, code.digest)
        return stored, alive(handle, given, tokens, kit.now)

    used = replace(code, state=CredentialState.USED)
    right, again = outcome(ClaimOutcome.WON), outcome(ClaimOutcome.ALREADY_USED)
    call = deeds.redeem(code, given, tokens, kit.now)
    before: tuple[object, object] = (code, [])
    done, left = (used, tokens), _left_of(given, tokens)
    return Scenario(call, look, before, done, right, again, left=left, given=given, issued=tokens)


def _token_scenario(
    kit: Kit,
    call: Call,
    given: Grant,
    issued: Sequence[Token],
    states: tuple[object, object],
    verdicts: tuple[Verdict, Verdict],
) -> Scenario:
    now = kit.now
    return Scenario(
        call,
        lambda handle: alive(handle, given, issued, now),
        *states,
        *verdicts,
        left=_left_of(given, issued),
        given=given,
        issued=issued,
    )


def _left_of(given: Grant, issued: Sequence[Token]) -> Look:
    def look(handle: Handle) -> object:
        family = handle.tokens.query_refresh_token(given.family) if given.family else None
        digests = [token.digest for token in issued if token.kind != "refresh"]
        return family or [d for d in digests if handle.tokens.query_token(d) is not None]

    return look


def _two_states(family: Family) -> tuple[list[Token], tuple[list[Token], list[Token]]]:
    """Return the tokens of a family that lives until it is revoked, and what lives when."""
    issued = [family.access, family.first]
    return issued, (issued, [])


REVOCATIONS: tuple[Builder, ...] = (_revoke_token, _revoke_grant, _revoke_all, _reuse)
TOKENS: tuple[Builder, ...] = (_save_token, _add_token, _rotate, _purge_tokens)
REDEMPTIONS: tuple[Builder, ...] = (_redeem,)
