"""The stores as the core sees them: opened by settings, called through typed façades."""

from __future__ import annotations

from .capabilities import check_capabilities
from .facades import (
    AccountStoreFacade,
    ClientStoreFacade,
    CredentialCacheFacade,
    NonceStoreFacade,
    TokenStoreFacade,
)
from .forwarding import (
    ForwardingAccountStore,
    ForwardingClientStore,
    ForwardingCredentialCache,
    ForwardingNonceStore,
    ForwardingTokenStore,
)
from .reading import is_read_anew, read_anew
from .routing import OPTIONAL_ROLES, REQUIRED_ROLES, Stores, open_stores

__all__ = [
    "OPTIONAL_ROLES",
    "REQUIRED_ROLES",
    "AccountStoreFacade",
    "ClientStoreFacade",
    "CredentialCacheFacade",
    "ForwardingAccountStore",
    "ForwardingClientStore",
    "ForwardingCredentialCache",
    "ForwardingNonceStore",
    "ForwardingTokenStore",
    "NonceStoreFacade",
    "Stores",
    "TokenStoreFacade",
    "check_capabilities",
    "is_read_anew",
    "open_stores",
    "read_anew",
]
