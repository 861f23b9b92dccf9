"""Many writers on one store, and what each handle sees right after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ...errors import ConflictError
from ...records import ClaimOutcome, CredentialState, RotationOutcome
from ..flows import Family, alive_anywhere
from ..kit import Kit
from ..races import RACERS, race
from ..samples import DAY, access_token, account, client, credential, fresh, grant, pending
from ..specimens import missing, save_specimens
from .contract import finds
from .reading import RegisterReaders

__all__ = ["ContentionContract"]


class ContentionContract(RegisterReaders):
    """Nobody fails for want of a turn, and everybody sees what was answered."""

    def test_crossing_sweeps_end(self, kit: Kit) -> None:
        """CON-03: sweeps that cross each other, and saves, end or raise ConflictError."""
        kit.require("tokens")
        for _ in range(max(1, len(kit.rounds) // 5)):
            clients, subjects = [fresh() for _ in range(3)], [fresh() for _ in range(3)]
            pairs = [(c, s) for c in clients for s in subjects]
            grants = [grant(kit.now, client_id=c, subject=s) for c, s in pairs]
            tokens = [access_token(kit.now) for _ in grants]
            for given, token in zip(grants, tokens, strict=True):
                kit.first.tokens.save_token(given, [token])

            def sweep(index: int, scope: tuple[str | None, str | None]) -> int:
                return kit.handle(index).tokens.revoke_all(*scope, kit.now, kit.now + DAY)

            scopes = [(c, None) for c in clients] + [(None, s) for s in subjects]
            calls = [partial(sweep, index, scope) for index, scope in enumerate(scopes * 2)]
            answers = race(calls, (ConflictError,))
            for index, (scope, answer) in enumerate(zip(scopes * 2, answers, strict=True)):
                if isinstance(answer, ConflictError):
                    sweep(index, scope)

            for given, token in zip(grants, tokens, strict=True):
                assert alive_anywhere(kit, given, [token], kit.now) == []

    def test_every_writer_gets_a_turn(self, kit: Kit) -> None:
        """CON-04: of many writers of all roles at once each succeeds, and nothing is lost."""

        def write(index: int) -> list[list[str]]:
            handle = kit.handle(index)
            return [missing(handle, save_specimens(kit, handle)) for _ in range(4)]

        answers = race([partial(write, index) for index in range(RACERS)])

        assert answers == [[[]] * 4] * RACERS

    def test_purges_of_registers_and_traffic_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08g: several purges of clients and attempts amid writers: all ends, counts add up."""
        for role, verb in (("clients", "purge_clients"), ("accounts", "purge_attempts")):
            if not kit.serves(role):
                continue
            for _ in range(20):
                if role == "clients":
                    kit.first.clients.save_client(client(expires_at=kit.now + 60))
                else:
                    kit.first.accounts.count_attempt(fresh(), 60, kit.now)

            def purge(index: int, role: str = role, verb: str = verb) -> int:
                handle = kit.handle(index)
                count: int = getattr(handle.role(role), verb)(kit.now + 60, 7).count
                return count

            def write(index: int) -> list[str]:
                return missing(kit.handle(index), save_specimens(kit, kit.handle(index)))

            runners = [partial(purge, index) for index in range(4)]
            answers = race([*runners, *(partial(write, index) for index in range(8))])
            assert answers[4:] == [[]] * 8
            removed = sum(count for count in answers[:4] if isinstance(count, int))
            while more := purge(0):
                removed += more
            assert removed == 20 or kit.capabilities.native_ttl

    def test_every_handle_sees_every_save_at_once(self, kit: Kit) -> None:
        """CON-05a: what one handle saved, of whatever role, the next call of any other finds."""
        for turn in range(6):
            saved = save_specimens(kit, kit.handle(turn))
            for reader in kit.handles:
                assert missing(reader, saved) == []

    def test_every_handle_sees_every_change_of_a_credential_at_once(self, kit: Kit) -> None:
        """CON-05b: decisions, polls and claims are seen by the next call of any other handle."""
        kit.require("credentials")
        for turn in range(3):
            writer, given = kit.handle(turn).credentials, pending(kit.now)
            key = (given.kind, given.digest)
            writer.save_credential(given, kit.now)
            steps: list[Callable[[], object]] = [
                partial(writer.poll_credential, *key, given.client_id, kit.now),
                partial(
                    writer.decide_credential, *key, CredentialState.APPROVED, "s", "{}", kit.now
                ),
                partial(writer.claim_credential, *key, given.client_id, kit.now),
            ]
            for step in steps:
                step()
                found = [handle.credentials.query_credential(*key) for handle in kit.handles]
                assert found == [writer.query_credential(*key)] * len(found)
            for handle in kit.handles:
                claim = handle.credentials.claim_credential(*key, given.client_id, kit.now)
                assert claim.outcome is ClaimOutcome.ALREADY_USED

    def test_every_handle_sees_every_rotation_and_revocation_at_once(self, kit: Kit) -> None:
        """CON-05c: rotations and revocations are seen by the next call of any other handle."""
        kit.require("tokens")
        for turn in range(3):
            family = Family(kit)
            attempt = family.rotate(family.first, index=turn)
            assert attempt.outcome is RotationOutcome.WON
            for handle in kit.handles:
                assert family.stored(handle)[0] == attempt.successor
                assert handle.tokens.query_token(attempt.access[0].digest) is not None
            issued = [attempt.successor, *attempt.access]
            store = kit.handle(turn + 1).tokens
            store.revoke_token(family.grant.grant_id, attempt.access[0].digest, kit.now)
            assert alive_anywhere(kit, family.grant, attempt.access, kit.now) == []
            store.revoke_grant(family.grant.grant_id, kit.now, kit.now + 99 * DAY)
            assert alive_anywhere(kit, family.grant, issued, kit.now) == []

    def test_every_handle_sees_every_change_of_a_register_at_once(self, kit: Kit) -> None:
        """CON-05d: changed and deleted clients and accounts are seen by any other handle."""
        for turn in range(3):
            handle = kit.handle(turn)
            if kit.serves("clients"):
                saved = handle.clients.save_client(client())
                changed = handle.clients.save_client(replace(saved, payload='{"changed":1}'))
                for other in kit.handles:
                    assert other.clients.query_client(saved.client_id) == changed
                handle.clients.delete_client(saved.client_id)
                for other in kit.handles:
                    assert not finds(partial(other.clients.query_client, saved.client_id))
            if kit.serves("accounts"):
                kept = handle.accounts.save_account(account())
                renamed = handle.accounts.save_account(replace(kept, name=f"{kept.name}-2"))
                for other in kit.handles:
                    assert other.accounts.query_account(kept.name) is None
                    assert other.accounts.query_account(renamed.name) == renamed

    def test_a_used_code_is_used_for_every_handle_at_once(self, kit: Kit) -> None:
        """CON-05e: a code that was claimed through one handle is used for the next call of any."""
        kit.require("credentials")
        for turn in range(3):
            given = credential(kit.now)
            kit.handle(turn).credentials.save_credential(given, kit.now)
            asked = (given.kind, given.digest, given.client_id, kit.now)
            outcomes = [
                kit.handle(turn + step).credentials.claim_credential(*asked).outcome
                for step in range(3)
            ]

            assert outcomes == [ClaimOutcome.WON, *[ClaimOutcome.ALREADY_USED] * 2]
