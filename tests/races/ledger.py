"""What clients were told, and what must therefore hold after a crash."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..live.oauth import refresh_form
from .stage import Stage

__all__ = ["Ledger", "check"]


@dataclass
class Ledger:
    """What clients were told, and what they asked without hearing an answer."""

    #: Access tokens that were issued, and not revoked.
    issued: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    #: Refresh tokens that are spent, and each family's latest response.
    rotated: list[str] = field(default_factory=list)
    latest: list[dict[str, str]] = field(default_factory=list)
    #: Forms of codes that were redeemed, with the answer, and of those whose answer was lost.
    redeemed: list[tuple[dict[str, str], dict[str, str]]] = field(default_factory=list)
    unknown_codes: list[dict[str, str]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def check(stage: Stage, ledger: Ledger) -> Counter[str]:
    """Hold the server to what was told; return how much that was.

    Everything acknowledged is there, and nothing works twice.
    """
    party = stage.party
    assert all(party.is_active(token) for token in ledger.issued)
    assert not any(party.is_active(token) for token in ledger.revoked)
    for _, response in ledger.redeemed:
        stage.assert_alive(response)
    for form, response in ledger.redeemed:
        assert party.ask_token(form).outcome == "400 invalid_grant"
        stage.assert_dead(response)
    for form in ledger.unknown_codes:
        outcomes = [party.ask_token(form).outcome for _ in range(2)]
        assert outcomes[0] in {"200", "400 invalid_grant"}
        assert outcomes[1] == "400 invalid_grant"
    lost = sum(_check_family(stage, response) for response in ledger.latest)
    for token in ledger.rotated:
        assert not party.is_active(token)
        assert party.ask_token(refresh_form(token)).outcome == "400 invalid_grant"
    reused = {_family(token) for token in ledger.rotated}
    for response in ledger.latest:
        # One that was never rotated before the crash has no old token to be presented.
        if _family(response["refresh_token"]) in reused:
            stage.assert_dead(response)
    # The session outlives the crash, and so does the key that it is sealed under.
    stage.browser.fetch_code(stage.client.client_id)
    return Counter(
        {
            "requests answered": ledger.statuses.total(),
            "tokens": len(ledger.issued) + len(ledger.redeemed),
            "revocations": len(ledger.revoked),
            "rotations": len(ledger.rotated),
            "codes redeemed": len(ledger.redeemed),
            "lost answers": lost + len(ledger.unknown_codes),
        }
    )


def _family(refresh_token: str) -> str:
    return refresh_token.partition(".")[0]


def _check_family(stage: Stage, latest: dict[str, str]) -> bool:
    """Try the refresh token that a client has: it works, or gives what was lost on the way.

    Tell whether an answer was lost.
    """
    party, form = stage.party, refresh_form(latest["refresh_token"])
    assert party.is_active(latest["access_token"])
    lost = not party.is_active(latest["refresh_token"])
    first = party.ask_token(form)
    assert first.status == 200, first.outcome
    stage.assert_alive(first.json)
    assert party.ask_token(form).body == first.body
    return lost
