"""What a store says of itself is so."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Final

import pytest

from ...hookspecs import CONTRACT_VERSION
from ...plugins.hooks import check_store
from ...records import ClaimOutcome
from ..kit import Kit
from ..processes import in_processes
from ..samples import access_token, credential, grant
from ..specimens import missing, save_specimens
from .contract import Contract

__all__ = ["CapabilityContract"]

#: What waits, by the module or class that a call belongs to.
_WAITING: Final = {
    *("socket", "_socket", "select", "_ssl", "ssl", "sqlite3", "_sqlite3", "_winapi"),
    *("time.sleep", "io.open", "posix.open", "posix.read", "posix.write", "posix.fsync"),
}


class CapabilityContract(Contract):
    """Capabilities are honest, and the hooks are those of the contract."""

    def test_an_open_store_promises_no_more_than_its_plugin(self, kit: Kit) -> None:
        """CAP-01a: the plugin's capabilities are the ceiling of the open store's."""
        declared, promised = kit.address.descriptor().capabilities, kit.capabilities

        for name in ("durable", "shared", "redeems", "native_ttl"):
            assert getattr(promised, name) <= getattr(declared, name), name
        assert declared.atomic == "store" or promised.atomic == "process"
        assert promised.blocking or not declared.blocking

    def test_what_is_shared_is_seen_by_every_handle(self, kit: Kit) -> None:
        """CAP-01b: a store that declares `shared` shows each record to any other handle."""
        if not kit.capabilities.shared:
            pytest.skip("does not declare the capability shared")
        saved = save_specimens(kit, kit.first)
        with kit.new_handle() as opened_afterwards:
            assert missing(opened_afterwards, saved) == []

    def test_what_is_shared_is_seen_by_other_processes(self, kit: Kit) -> None:
        """CAP-01c: `shared` and `atomic="store"` show each record to any other process."""
        saved = save_specimens(kit, kit.first)

        found = in_processes(kit, [specimen.is_there for specimen in saved] * 4)
        assert found == [True] * len(found)

    def test_what_is_durable_outlives_its_handles(self, kit: Kit) -> None:
        """CAP-01d: a store that declares `durable` holds everything when it is opened again."""
        if not kit.capabilities.durable:
            pytest.skip("does not declare the capability durable")
        saved = save_specimens(kit, kit.first)
        kit.close()
        with kit.new_handle() as handle:
            assert missing(handle, saved) == []

    def test_what_redeems_does_so(self, kit: Kit) -> None:
        """CAP-01e: a store that declares `redeems` claims and saves in one call."""
        if not kit.capabilities.redeems:
            pytest.skip("does not declare the capability redeems")
        if not kit.serves("tokens", "credentials"):
            pytest.skip("does not serve the roles tokens and credentials together")
        code, given, token = credential(kit.now), grant(kit.now), access_token(kit.now)
        kit.first.credentials.save_credential(code, kit.now)
        claim = kit.first.redeeming.redeem_credential(
            code.kind, code.digest, code.client_id, given, [token], kit.now
        )

        assert claim.outcome is ClaimOutcome.WON
        assert kit.first.tokens.query_token(token.digest) is not None

    def test_what_does_not_block_waits_for_nothing(self, kit: Kit) -> None:
        """CAP-01f: a store that declares `blocking=False` neither sleeps nor does I/O."""
        if kit.capabilities.blocking:
            pytest.skip("declares the capability blocking")
        handle = kit.first
        waits = _waits_of(lambda: missing(handle, save_specimens(kit, handle)))

        assert waits == []

    def test_what_has_no_ttl_keeps_what_expired(self, kit: Kit) -> None:
        """CAP-01g: without `native_ttl` what expired long ago stays until it is purged."""
        if kit.capabilities.native_ttl:
            pytest.skip("declares the capability native_ttl")
        kit.require("tokens")
        then = kit.now - 10**6
        given, token = grant(then), access_token(then)
        kit.first.tokens.save_token(given, [token])

        for handle in kit.handles:
            assert handle.tokens.query_token(token.digest) is not None
        assert kit.first.tokens.purge_tokens(kit.now, 10).count == 1

    def test_every_hook_is_the_one_of_the_contract(self, kit: Kit) -> None:
        """CAP-04: each role is an object of its own, whose hooks have the contract's parameters."""
        descriptor, backend = kit.address.descriptor(), kit.first.backend
        assert descriptor.contract == CONTRACT_VERSION
        assert descriptor.roles
        redeems = kit.capabilities.redeems
        for role in descriptor.roles:
            check_store(role, getattr(backend, role), owner=descriptor.name, redeems=redeems)

        objects = [getattr(backend, role) for role in descriptor.roles]
        assert len({id(each) for each in objects}) == len(objects)


def _waits_of(work: Callable[[], object]) -> list[str]:
    """Return the names of the waiting functions that the work calls, in a thread of its own."""
    called: list[str] = []

    def note(_frame: object, event: str, function: object) -> None:
        if event == "c_call":
            called.append(_name_of(function))

    def watched() -> None:
        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(None)

    thread = threading.Thread(target=watched)
    thread.start()
    thread.join()
    return [name for name in called if name in _WAITING or name.partition(".")[0] in _WAITING]


def _name_of(function: object) -> str:
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or getattr(owner, "__name__", None)
    module = module or type(owner).__module__
    return f"{module}.{getattr(function, '__name__', '')}"
