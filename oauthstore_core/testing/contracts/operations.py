"""What an operator does with a store: migrate, ping, describe, purge, close."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote, urlsplit

import pytest

from ...errors import SchemaError, StoreUnavailableError
from ...records import Purged
from ..address import StoreAddress
from ..kit import Handle, Kit, not_proved
from ..races import race
from ..samples import DAY, access_token, client, credential, fresh, grant
from ..specimens import missing, save_specimens
from .contract import Contract

__all__ = ["OperationsContract"]

_DUE = 100
_BATCH = 30
_RUNNERS = 8


class OperationsContract(Contract):
    """Migrations, health, facts, purges and the end of a handle."""

    def test_a_purge_is_bounded_and_taken_up_by_any_handle(self, kit: Kit) -> None:
        """OPS-02: purges of 30 by several handles in turn remove all 100 that are due, once."""
        for role, verb in _save_due(kit).items():
            answers: list[Purged] = []
            while not answers or answers[-1].more:
                purge = getattr(kit.handle(len(answers)).role(role), verb)
                answers.append(purge(kit.now + DAY, _BATCH))
                assert len(answers) <= _DUE, f"{verb} does not come to an end"

            assert max(answer.count for answer in answers) <= _BATCH
            total = sum(answer.count for answer in answers)
            assert total == _DUE or kit.capabilities.native_ttl

    def test_a_second_migration_keeps_everything(self, kit: Kit) -> None:
        """OPS-03a: migrating a store that is up to date changes nothing in it."""
        saved = save_specimens(kit, kit.first)
        for handle in (*kit.handles, kit.first):
            handle.backend.migrate()

        assert [missing(handle, saved) for handle in kit.handles] == [[], [], []]
        kit.first.backend.ping()

    def test_many_may_migrate_a_new_store_at_once(self, kit: Kit) -> None:
        """OPS-03b: of many who migrate an empty store at once none fails, and it is complete."""
        address = _another(kit)
        backends = [address.open() for _ in range(_RUNNERS if kit.capabilities.shared else 1)]
        try:
            race([backends[turn % len(backends)].migrate for turn in range(_RUNNERS)])

            handles = [Handle(backend, address.descriptor().roles) for backend in backends]
            saved = save_specimens(kit, handles[0])
            for handle in handles:
                handle.backend.ping()
                assert missing(handle, saved) == []
        finally:
            for backend in backends:
                backend.close()

    def test_a_migration_does_not_disturb_traffic(self, kit: Kit) -> None:
        """OPS-03c: migrations of a store in use fail no call and lose no record."""
        calls: list[Callable[[], object]] = [
            partial(save_specimens, kit, kit.handle(turn)) for turn in range(_RUNNERS)
        ]
        migrations = [kit.handle(turn).backend.migrate for turn in range(4)]
        answers = race([*calls, *migrations])

        for saved in answers[:_RUNNERS]:
            assert isinstance(saved, list)
            assert missing(kit.first, saved) == []

    def test_a_ping_is_true(self, kit: Kit) -> None:
        """OPS-04a: `ping` passes on a migrated store; on a new one it is SchemaError, or passes."""
        for handle in kit.handles:
            handle.backend.ping()
        backend = _another(kit).open()
        try:
            # A store without schema needs no migration.
            try:
                backend.ping()
            except SchemaError as error:
                assert str(error)  # noqa: PT017 - it may as well not be raised
            backend.migrate()
            backend.ping()
        finally:
            backend.close()

    def test_a_description_has_facts_for_an_operator(self, kit: Kit) -> None:
        """OPS-04b: `describe` names backend and version, and repeats the capabilities truly."""
        facts = kit.first.backend.describe()

        assert json.loads(json.dumps(facts)) == facts
        assert facts["backend"] == kit.address.descriptor().name
        assert facts["version"]
        assert facts["durable"] is kit.capabilities.durable
        assert facts["shared"] is kit.capabilities.shared

    def test_a_password_is_never_shown(self, kit: Kit) -> None:
        """OPS-04c: no password of the URL is in `describe`, a repr, or the address in an error."""
        password = urlsplit(kit.address.url).password
        if not password:
            pytest.skip("the URL of the store has no password")
        backend = kit.first.backend
        shown = f"{dict(backend.describe())!r} {backend!r} {backend}"

        for form in {password, unquote(password)}:
            assert form not in shown

    def test_a_second_close_does_nothing(self, kit: Kit) -> None:
        """OPS-04d: `close` may be called again, and leaves other handles open."""
        with kit.new_handle() as handle:
            handle.backend.close()
            handle.backend.close()
        saved = save_specimens(kit, kit.first)

        assert missing(kit.first, saved) == []

    def test_a_closed_handle_is_unavailable(self, kit: Kit) -> None:
        """OPS-04e: a call on a closed handle of a store that blocks is StoreUnavailableError."""
        if not kit.capabilities.blocking:
            pytest.skip("does not block: it has nothing to close")
        with kit.new_handle() as handle:
            handle.backend.close()
            with pytest.raises(StoreUnavailableError):
                save_specimens(kit, handle)
            with pytest.raises(StoreUnavailableError):
                handle.backend.ping()


def _another(kit: Kit) -> StoreAddress:
    address = kit.address.another
    if address is None:
        not_proved("`StoreAddress.another` is not set: there is no store without schema")
    return address


def _save_due(kit: Kit) -> dict[str, str]:
    """Save 100 records of each served role that end within a day; return the purge of each."""
    first, now = kit.first, kit.now
    for _ in range(_DUE):
        if kit.serves("clients"):
            first.clients.save_client(client(expires_at=now + 60))
        if kit.serves("credentials"):
            first.credentials.save_credential(credential(now, keep_until=now + 600), now)
        if kit.serves("nonces"):
            first.nonces.claim_nonce(fresh(), now + 60, now)
        if kit.serves("accounts"):
            first.accounts.count_attempt(fresh(), 60, now)
    if kit.serves("tokens"):
        for _ in range(_DUE // 10):
            first.tokens.save_token(grant(now), [access_token(now) for _ in range(10)])
    verbs = {
        "clients": "purge_clients",
        "tokens": "purge_tokens",
        "credentials": "purge_credentials",
        "nonces": "purge_nonces",
        "accounts": "purge_attempts",
    }
    return {role: verb for role, verb in verbs.items() if kit.serves(role)}
