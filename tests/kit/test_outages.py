"""The cases that need a fixture of the author's: without it not proved, with it no formality."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.memory import plugin
from oauthstore_core.testing import races
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.cases import find_case
from oauthstore_core.testing.kit import Kit
from oauthstore_core.testing.sabotage import FileBackend

ROLES = "abcde"
ALIVE = StoreAddress("oauthstore_core.memory:plugin", "memory://")


class Hanging(FileBackend):
    """Waits for an answer that never comes."""

    def claim_nonce(self, *_: object) -> bool:
        time.sleep(3600)
        return True


def open_nothing(url: str, options: Mapping[str, Any]) -> FileBackend:
    raise StoreUnavailableError("The store was to be opened, but nobody is there. Start it.")


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with FileBackend.installed() as installed:
        yield installed


def run(case_id: str, address: StoreAddress, **fixtures: object) -> None:
    case = find_case(case_id)
    with closing(Kit(address)) as kit:
        kit.find_with(fixtures.__getitem__)
        case.function(case.contract(), kit)


def nothing() -> None:
    """Restart nothing."""


@pytest.mark.parametrize("case_id", ["FLT-07a", "FLT-10a"])
def test_without_the_fixture_it_is_not_proved(address: StoreAddress, case_id: str) -> None:
    with pytest.raises(pytest.skip.Exception, match="not proved: there is no fixture"):
        run(case_id, address)


@pytest.mark.parametrize("role", ROLES)
def test_a_restart_that_loses_nothing_passes(address: StoreAddress, role: str) -> None:
    run(f"FLT-07{role}", address, restart_store=nothing)


@pytest.mark.parametrize("role", ROLES)
def test_a_restart_that_forgets_fails(address: StoreAddress, role: str) -> None:
    def forget() -> None:
        Path(address.url).unlink()
        address.open().migrate()

    with pytest.raises((AssertionError, StoreUnavailableError)):
        run(f"FLT-07{role}", address, restart_store=forget)


def test_a_restart_after_which_nothing_works_fails(
    address: StoreAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oauthstore_core.testing.outages._PAUSE", 0)

    def stop() -> None:
        Path(address.url).write_bytes(b"no database " * 1000)

    with pytest.raises(AssertionError, match="does not come back"):
        run("FLT-07a", address, restart_store=stop)


@pytest.mark.parametrize("role", ROLES)
def test_a_store_that_is_not_there_passes(address: StoreAddress, tmp_path: Path, role: str) -> None:
    nowhere = StoreAddress(address.plugin, str(tmp_path / "no" / "such.db"))
    refused = BackendPlugin("refused", plugin.roles, plugin.capabilities, open=open_nothing)

    run(f"FLT-10{role}", address, dead_address=nowhere)
    run(f"FLT-10{role}", address, dead_address=StoreAddress(refused, "refused://"))


@pytest.mark.parametrize("role", ROLES)
def test_a_store_that_answers_is_not_dead(address: StoreAddress, role: str) -> None:
    with pytest.raises(AssertionError, match="nothing answers there, but it says"):
        run(
            f"FLT-10{role}", address, dead_address=StoreAddress("oauthstore_core.memory:plugin", "")
        )


def test_a_store_that_hangs_fails(address: StoreAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(races, "_PATIENCE", 0.3)
    hanging = BackendPlugin("hanging", plugin.roles, FileBackend.capabilities, open=Hanging)

    with pytest.raises(AssertionError, match="did not return in time"):
        run("FLT-10c", address, dead_address=StoreAddress(hanging, address.url))
