"""The role `tokens`: all its cases together."""

from __future__ import annotations

from .families import FamilyEvidence, FamilyGrace, FamilyRotation
from .family_races import FamilyRaces
from .faults import TokenFaults
from .handles import TokenHandles
from .issuing import GrantIdentity, TokenFidelity
from .processes import TokenProcesses
from .reading import TokenReaders
from .redemption import Redemption
from .revocation import Fences, RevocationRaces, Revocations
from .token_conditions import FamilyConditions, PurgeConditions, SurplusConditions
from .token_expiry import GrantPages, TokenExpiry
from .token_purge import TokenPurge
from .token_schedules import TokenSchedules

__all__ = ["TokenStoreContract"]


class TokenStoreContract(
    TokenFidelity,
    GrantIdentity,
    FamilyRotation,
    FamilyGrace,
    FamilyEvidence,
    FamilyRaces,
    Revocations,
    Fences,
    RevocationRaces,
    Redemption,
    TokenExpiry,
    TokenPurge,
    GrantPages,
    TokenProcesses,
    TokenSchedules,
    TokenFaults,
    TokenHandles,
    FamilyConditions,
    SurplusConditions,
    PurgeConditions,
    TokenReaders,
):
    """All cases of the role `tokens`."""

    role = "tokens"
