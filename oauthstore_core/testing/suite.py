"""Everything that a backend's test module imports: `from oauthstore_core.testing.suite import *`.

See the package for what the module adds. The names that start with ``Test``
are what pytest collects, in the module that imports them; the ``...Contract``
classes are for subclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pytest

from ..backends import Backend
from .address import StoreAddress
from .contracts import (
    AccountStoreContract,
    CapabilityContract,
    ClientStoreContract,
    ContentionContract,
    CredentialCacheContract,
    DiscretionContract,
    HistoryContract,
    NonceStoreContract,
    OperationsContract,
    StoreSecrecyContract,
    TokenStoreContract,
)
from .guard import broken_rules
from .kit import Kit
from .summary import note_case, note_store

__all__ = [
    "AccountStoreContract",
    "CapabilityContract",
    "ClientStoreContract",
    "ContentionContract",
    "CredentialCacheContract",
    "DiscretionContract",
    "HistoryContract",
    "NonceStoreContract",
    "OperationsContract",
    "StoreAddress",
    "StoreSecrecyContract",
    "TestAccountStore",
    "TestCapabilities",
    "TestClientStore",
    "TestContention",
    "TestCredentialCache",
    "TestDiscretion",
    "TestHistories",
    "TestNonceStore",
    "TestOperations",
    "TestStoreSecrecy",
    "TestTokenStore",
    "TokenStoreContract",
    "kit",
    "noted_case",
    "open_backend",
    "test_no_case_is_overridden",
]


class TestClientStore(ClientStoreContract):
    """The role `clients`."""


class TestTokenStore(TokenStoreContract):
    """The role `tokens`."""


class TestCredentialCache(CredentialCacheContract):
    """The role `credentials`."""


class TestNonceStore(NonceStoreContract):
    """The role `nonces`."""


class TestAccountStore(AccountStoreContract):
    """The role `accounts`."""


class TestStoreSecrecy(StoreSecrecyContract):
    """What is at rest, in every role."""


class TestDiscretion(DiscretionContract):
    """What is told and what is taken for data, in every role."""


class TestContention(ContentionContract):
    """Many writers and several handles, in every role."""


class TestCapabilities(CapabilityContract):
    """What the store says of itself."""


class TestOperations(OperationsContract):
    """What an operator does with the store."""


class TestHistories(HistoryContract):
    """Random histories, in every role."""


@pytest.fixture
def noted_case(request: pytest.FixtureRequest) -> None:
    """Let the reports tell which case it is, also where the store cannot be had."""
    note_case(request.node, request.cls, request.function)


@pytest.fixture
def kit(
    request: pytest.FixtureRequest, noted_case: None, store_address: StoreAddress
) -> Iterator[Kit]:
    """Open the store for one case, and close every handle after it."""
    note_store(request.node, store_address)
    opened = Kit(store_address)
    opened.dump_with(_probe(request))
    opened.find_with(request.getfixturevalue)
    try:
        role = getattr(request.cls, "role", None)
        if role is not None:
            opened.require(role)
        yield opened
    finally:
        opened.close()


def _probe(request: pytest.FixtureRequest) -> Callable[[], bytes]:
    # Asked for in the midst of a case, so that it sees what the case has written.
    def dump() -> bytes:
        try:
            return bytes(request.getfixturevalue("raw_dump"))
        except pytest.FixtureLookupError:
            pytest.fail(
                "SEC-01 needs a raw probe, but there is no fixture `raw_dump`. Define one that "
                "returns the bytes of everything that the store holds.",
                pytrace=False,
            )
        except pytest.skip.Exception as skipped:
            pytest.fail(
                f"SEC-01 is never skipped, but the fixture `raw_dump` skips: {skipped}. Let it "
                "return the bytes of everything that the store holds.",
                pytrace=False,
            )

    return dump


@pytest.fixture
def open_backend(kit: Kit) -> Callable[[], Backend]:
    """Return what gives one more handle on the store; the same one where it is not shared."""
    return kit.another_backend


#: What gives a case its store is the kit's own; what is the author's is the address.
_FIXTURES: Final[Mapping[str, object]] = {
    "kit": kit,
    "noted_case": noted_case,
    "open_backend": open_backend,
}


def test_no_case_is_overridden(request: pytest.FixtureRequest) -> None:
    """Every case stands as the kit wrote it, unless it is marked xfail with a reason."""
    problems = broken_rules(vars(request.module), _FIXTURES)

    assert not problems, "\n".join(problems)
