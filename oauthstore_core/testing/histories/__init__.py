"""Random histories of all verbs, played to a store and to the memory model at once.

Every answer is compared: values, and errors by their class. The order of a
page and of what a purge removes is the store's own. What the contract leaves
open is not asked for: malformed input, and which of two refusals comes first.
A difference is shrunk to a short history and told as a script.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ..kit import Kit
from .credential_rules import CredentialRules, RedemptionRules
from .register_rules import AccountRules, ClientRules, NonceRules
from .rules import Rules
from .token_rules import TokenRules

__all__ = ["histories", "machines", "play"]

_RULES: Final[dict[str, type[Rules]]] = {
    "clients": ClientRules,
    "tokens": TokenRules,
    "credentials": CredentialRules,
    "nonces": NonceRules,
    "accounts": AccountRules,
}
#: Of ten histories, how many are of that role alone: the one with the most states gets the most.
_SHARES: Final = {"clients": 1, "tokens": 3, "credentials": 2, "nonces": 1, "accounts": 1}
#: How long a history takes, and how many are thrown away, is no matter here.
_NO_CHECKS: Final = (
    *(HealthCheck.data_too_large, HealthCheck.filter_too_much),
    *(HealthCheck.too_slow, HealthCheck.large_base_example),
)
_STEPS: Final = 40
_HISTORIES: Final = 200


def histories() -> int:
    """Return how many are played: 200, or `OAUTHSTORE_TEST_HISTORIES` (5,000 before a release)."""
    return int(os.environ.get("OAUTHSTORE_TEST_HISTORIES", _HISTORIES))


def machines(kit: Kit) -> list[tuple[int, type[Rules]]]:
    """Return the machines for the roles of the store, each with its share of the histories.

    One for each role, for a history that keeps to one role goes deeper; and
    one for all together.
    """
    served = [role for role in _RULES if kit.serves(role)]
    found = [(_SHARES[role], _machine(kit, (_RULES[role],))) for role in served]
    rules = [_RULES[role] for role in served]
    if kit.capabilities.redeems and kit.serves("tokens", "credentials"):
        found.append((2, _machine(kit, (RedemptionRules,))))
        rules = [RedemptionRules, *(r for r in rules if not issubclass(RedemptionRules, r))]
    if len(rules) > 1:
        found.append((1, _machine(kit, rules)))
    return found


def _machine(kit: Kit, rules: Sequence[type[Rules]]) -> type[Rules]:
    return cast("type[Rules]", type("Histories", tuple(rules), {"kit": kit}))


def play(kit: Kit, count: int, *, steps: int = _STEPS, shrink: bool = True) -> None:
    """Play that many histories; a difference is an `AssertionError` with the shortest script."""
    found = machines(kit)
    total = sum(share for share, _ in found)
    for share, machine in found:
        examples = max(1, count * share // total)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                database=None,
                deadline=None,
                derandomize=not shrink,
                phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
                print_blob=False,
                report_multiple_bugs=False,
                suppress_health_check=_NO_CHECKS,
            ),
        )
