"""The kit tells every broken backend from a good one, by the case that the mistake names."""

from __future__ import annotations

import pytest

from oauthstore_core.errors import OAuthStoreError
from oauthstore_core.memory import plugin
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.kit import Kit
from oauthstore_core.testing.probe import dump_objects
from oauthstore_core.testing.runner import run_case
from oauthstore_core.testing.sabotage import SABOTAGE, FileBackend, SabotagedBackend

#: How a case fails: by its assert, by an error that it expected, or by one that it did not.
FAILURES = (AssertionError, pytest.fail.Exception, OAuthStoreError)


def caught_by(kind: type) -> set[str]:
    return {broken.caught_by for broken in SABOTAGE if issubclass(broken, kind)}


def dump(kit: Kit) -> bytes:
    return dump_objects(kit.first.backend)


@pytest.mark.parametrize("broken", SABOTAGE, ids=lambda broken: broken.__name__)
def test_a_broken_backend_is_caught_by_the_case_that_it_names(
    broken: type[SabotagedBackend | FileBackend],
) -> None:
    with broken.installed() as address, pytest.raises(FAILURES):
        run_case(broken.caught_by, address, dump)


@pytest.mark.parametrize("case_id", sorted(caught_by(SabotagedBackend)))
def test_the_good_backend_passes_that_case(case_id: str) -> None:
    another = StoreAddress(plugin, "memory://")
    run_case(case_id, StoreAddress(plugin, "memory://operator:hunter2@host", another=another), dump)


@pytest.mark.parametrize("case_id", sorted(caught_by(FileBackend)))
def test_the_good_backend_in_a_file_passes_that_case(case_id: str) -> None:
    with FileBackend.installed() as address:
        run_case(case_id, address)


def test_every_mistake_is_told() -> None:
    assert all(broken.__doc__ for broken in SABOTAGE)
    assert len({broken.__name__ for broken in SABOTAGE}) == len(SABOTAGE)
