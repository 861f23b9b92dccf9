"""The races again, in processes of their own: what a lock of one process does not decide."""

from __future__ import annotations

from ..kit import Kit
from ..processes import in_processes
from .contests import (
    each_attempt_counts,
    each_poll_counts,
    each_writer_counts,
    one_account_replacement_wins,
    one_claim_wins,
    one_client_creation_wins,
    one_credential_wins,
    one_decision_wins,
    one_nonce_is_first,
    one_token_wins,
)
from .contract import Contract
from .token_contests import (
    all_get_one_response_within_the_grace,
    nothing_in_flight_survives,
    nothing_is_left_of_a_code,
    one_call_delivered_often_wins_once,
    one_redemption_wins,
    one_rotation_wins,
    saves_amid_a_sweep_are_dead,
)

__all__ = [
    "AccountProcesses",
    "ClientProcesses",
    "CredentialProcesses",
    "NonceProcesses",
    "TokenProcesses",
]


class ClientProcesses(Contract):
    """Clients, between two processes."""

    def test_one_of_many_creators_wins_among_processes(self, kit: Kit) -> None:
        """RT-02l: of creators of one client in two processes one succeeds."""
        one_client_creation_wins(kit, in_processes)

    def test_no_update_is_lost_among_processes(self, kit: Kit) -> None:
        """CON-01c: each of 100 writers' counts arrives from two processes, and in order."""
        each_writer_counts(kit, in_processes)


class AccountProcesses(Contract):
    """Accounts, between two processes."""

    def test_no_update_is_lost_among_processes(self, kit: Kit) -> None:
        """CON-01d: of those in two processes who replace one version of an account, one does."""
        one_account_replacement_wins(kit, in_processes)

    def test_no_attempt_is_lost_among_processes(self, kit: Kit) -> None:
        """ACC-04b: attempts counted in two processes are told 1 to N, each number once."""
        each_attempt_counts(kit, in_processes)


class NonceProcesses(Contract):
    """Nonces, between two processes."""

    def test_one_of_many_is_first_among_processes(self, kit: Kit) -> None:
        """RPL-01d: of uses of a nonce, new or expired, in two processes one is the first."""
        one_nonce_is_first(kit, in_processes, ages=(0, 300))


class CredentialProcesses(Contract):
    """Credentials, between two processes."""

    def test_one_of_many_claims_wins_among_processes(self, kit: Kit) -> None:
        """ONE-01b: of claims in two processes one is WON, the rest ALREADY_USED."""
        one_claim_wins(kit, in_processes)

    def test_one_of_many_decisions_wins_among_processes(self, kit: Kit) -> None:
        """DEV-01f: of decisions in two processes one is WON, and the others are shown it."""
        one_decision_wins(kit, in_processes)

    def test_no_poll_is_lost_among_processes(self, kit: Kit) -> None:
        """DEV-02g: of polls in two processes one is PENDING, each other adds its 5 seconds."""
        each_poll_counts(kit, in_processes)

    def test_one_of_many_saves_wins_among_processes(self, kit: Kit) -> None:
        """RT-02m: of those in two processes who save one credential one succeeds."""
        one_credential_wins(kit, in_processes)


class TokenProcesses(Contract):
    """Grants and families, between two processes."""

    def test_one_of_many_saves_of_a_digest_wins_among_processes(self, kit: Kit) -> None:
        """RT-02n: of those in two processes who save one token one succeeds."""
        one_token_wins(kit, in_processes)

    def test_one_of_many_rotations_wins_among_processes(self, kit: Kit) -> None:
        """FAM-01c: without grace one rotation in two processes is WON, and nothing is alive."""
        one_rotation_wins(kit, in_processes)

    def test_within_the_grace_all_processes_get_one_response(self, kit: Kit) -> None:
        """FAM-01d: with grace one rotation in two processes is WON, all get its response."""
        all_get_one_response_within_the_grace(kit, in_processes)

    def test_a_call_that_is_delivered_to_processes_wins_once(self, kit: Kit) -> None:
        """FAM-13d: one rotation delivered to two processes is WON each time, and stored once."""
        one_call_delivered_often_wins_once(kit, in_processes)

    def test_a_revoked_grant_is_dead_in_all_processes(self, kit: Kit) -> None:
        """FAM-06d: once `revoke_grant` returned, nothing in flight elsewhere is or gets valid."""
        nothing_in_flight_survives(kit, in_processes, ("grant",))

    def test_a_swept_grant_is_dead_in_all_processes(self, kit: Kit) -> None:
        """FAM-06e: once `revoke_all` returned, nothing in flight elsewhere is or gets valid."""
        nothing_in_flight_survives(kit, in_processes, ("client", "subject", "both"))

    def test_reuse_kills_what_other_processes_save(self, kit: Kit) -> None:
        """FAM-06f: once reuse was told, nothing in flight elsewhere is or gets valid."""
        nothing_in_flight_survives(kit, in_processes, ("reuse",))

    def test_grants_saved_while_their_range_is_swept_elsewhere_are_dead(self, kit: Kit) -> None:
        """REV-07i: saves racing another process's `revoke_all` are refused, or dead."""
        saves_amid_a_sweep_are_dead(kit, in_processes)

    def test_of_presentations_to_processes_nothing_is_left(self, kit: Kit) -> None:
        """ONE-09b: of presentations of a code to two processes one gets tokens, and they die."""
        kit.require("credentials")
        nothing_is_left_of_a_code(kit, in_processes)

    def test_one_of_many_redemptions_wins_among_processes(self, kit: Kit) -> None:
        """ONE-08h: of redemptions in two processes one is WON, and only its tokens exist."""
        kit.require_redeeming()
        one_redemption_wins(kit, in_processes)
