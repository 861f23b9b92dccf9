"""The contract classes, one for each role and some for all of them."""

from __future__ import annotations

from .accounts import AccountStoreContract
from .capabilities import CapabilityContract
from .clients import ClientStoreContract
from .contention import ContentionContract
from .contract import Contract, contract_cases
from .credentials import CredentialCacheContract
from .discretion import DiscretionContract
from .histories import HistoryContract
from .nonces import NonceStoreContract
from .operations import OperationsContract
from .secrecy import StoreSecrecyContract
from .tokens import TokenStoreContract

__all__ = [
    "CONTRACTS",
    "AccountStoreContract",
    "CapabilityContract",
    "ClientStoreContract",
    "ContentionContract",
    "Contract",
    "CredentialCacheContract",
    "DiscretionContract",
    "HistoryContract",
    "NonceStoreContract",
    "OperationsContract",
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
    DiscretionContract,
    ContentionContract,
    CapabilityContract,
    OperationsContract,
    HistoryContract,
)
