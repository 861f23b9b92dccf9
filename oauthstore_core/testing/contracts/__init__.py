"""The contract classes, one for each role and one for what is at rest."""

from __future__ import annotations

from .accounts import AccountStoreContract
from .clients import ClientStoreContract
from .contract import Contract, contract_cases
from .credentials import CredentialCacheContract
from .histories import HistoryContract
from .nonces import NonceStoreContract
from .secrecy import StoreSecrecyContract
from .tokens import TokenStoreContract

__all__ = [
    "CONTRACTS",
    "AccountStoreContract",
    "ClientStoreContract",
    "Contract",
    "CredentialCacheContract",
    "HistoryContract",
    "NonceStoreContract",
    "StoreSecrecyContract",
    "TokenStoreContract",
    "contract_cases",
]

#: All contract classes, in the order of a report.
CONTRACTS: tuple[type[Contract], ...] = (
    ClientStoreContract,
    TokenStoreContract,
    CredentialCacheContract,
    NonceStoreContract,
    AccountStoreContract,
    StoreSecrecyContract,
    HistoryContract,
)
