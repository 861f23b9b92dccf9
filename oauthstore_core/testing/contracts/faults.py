"""Whatever is cut off: a call is done or it is not, and nobody is told that it is not there."""

from __future__ import annotations

from ..crashes import assert_survives_kills
from ..deeds import Call
from ..faults import assert_fails_closed, assert_reads_fail_loudly, assert_survives_errors
from ..flows import Family
from ..kit import Kit
from ..outages import assert_dead_is_told, assert_survives_a_restart
from ..samples import account, client, pending
from ..token_writes import REDEMPTIONS, REVOCATIONS, TOKENS
from ..writes import ACCOUNTS, CLIENTS, CREDENTIALS, NONCES
from .contract import Contract

__all__ = ["AccountFaults", "ClientFaults", "CredentialFaults", "NonceFaults", "TokenFaults"]


class ClientFaults(Contract):
    """Clients, cut off."""

    def test_a_kill_leaves_a_write_done_or_not(self, kit: Kit) -> None:
        """FLT-01a: a process killed between any two I/Os of a write leaves a client whole."""
        assert_survives_kills(kit, CLIENTS)

    def test_a_lost_reply_is_no_loss(self, kit: Kit) -> None:
        """FLT-02a: a write whose reply was lost is right or unavailable, never a conflict."""
        assert_survives_errors(kit, CLIENTS, "after")

    def test_a_failed_read_is_not_nothing(self, kit: Kit) -> None:
        """FLT-04a: a query whose I/O fails raises StoreUnavailableError, or answers rightly."""
        saved = kit.first.clients.save_client(client())
        queries = (
            Call("clients", "query_client", (saved.client_id,)),
            Call("clients", "list_clients", (None, None, 5)),
        )
        assert_reads_fail_loudly(kit, queries)

    def test_a_failed_io_is_a_store_error(self, kit: Kit) -> None:
        """FLT-05a: a write whose I/O fails is unavailable or right, and may be repeated."""
        assert_survives_errors(kit, CLIENTS, "before")
        assert_fails_closed(kit, CLIENTS)

    def test_it_works_again_after_a_restart(self, kit: Kit) -> None:
        """FLT-07a: after a restart of the server the same handle works, and all is there."""
        assert_survives_a_restart(kit, CLIENTS)

    def test_a_dead_store_is_told(self, kit: Kit) -> None:
        """FLT-10a: where nothing answers, a ping and every verb are unavailable, in time."""
        assert_dead_is_told(kit, CLIENTS)


class AccountFaults(Contract):
    """Accounts, cut off."""

    def test_a_kill_leaves_a_write_done_or_not(self, kit: Kit) -> None:
        """FLT-01b: a process killed between any two I/Os of a write leaves an account whole."""
        assert_survives_kills(kit, ACCOUNTS)

    def test_a_lost_reply_is_no_loss(self, kit: Kit) -> None:
        """FLT-02b: a write whose reply was lost is right or unavailable, never a conflict."""
        assert_survives_errors(kit, ACCOUNTS, "after")

    def test_a_failed_read_is_not_nothing(self, kit: Kit) -> None:
        """FLT-04b: a query whose I/O fails raises StoreUnavailableError, or answers rightly."""
        saved = kit.first.accounts.save_account(account())
        queries = (
            Call("accounts", "query_account", (saved.name,)),
            Call("accounts", "query_account_by_subject", (saved.subject,)),
            Call("accounts", "list_accounts", (None, 5)),
        )
        assert_reads_fail_loudly(kit, queries)

    def test_a_failed_io_is_a_store_error(self, kit: Kit) -> None:
        """FLT-05b: a write whose I/O fails is unavailable or right, and may be repeated."""
        assert_survives_errors(kit, ACCOUNTS, "before")
        assert_fails_closed(kit, ACCOUNTS)

    def test_it_works_again_after_a_restart(self, kit: Kit) -> None:
        """FLT-07b: after a restart of the server the same handle works, and all is there."""
        assert_survives_a_restart(kit, ACCOUNTS)

    def test_a_dead_store_is_told(self, kit: Kit) -> None:
        """FLT-10b: where nothing answers, a ping and every verb are unavailable, in time."""
        assert_dead_is_told(kit, ACCOUNTS)


class NonceFaults(Contract):
    """Nonces, cut off."""

    def test_a_kill_leaves_a_nonce_new_or_known(self, kit: Kit) -> None:
        """FLT-01c: after a process was killed in a claim, the nonce is new for one, at most."""
        assert_survives_kills(kit, NONCES)

    def test_a_lost_reply_is_no_replay(self, kit: Kit) -> None:
        """FLT-02c: a claim whose reply was lost is True or unavailable, never a replay."""
        assert_survives_errors(kit, NONCES, "after")

    def test_a_failed_io_is_a_store_error(self, kit: Kit) -> None:
        """FLT-05c: a claim whose I/O fails is unavailable or True, and may be repeated."""
        assert_survives_errors(kit, NONCES, "before")

    def test_a_failing_store_says_neither_new_nor_known(self, kit: Kit) -> None:
        """RPL-05: where no I/O works, a claim raises; it answers neither True nor False."""
        assert_fails_closed(kit, NONCES)

    def test_it_works_again_after_a_restart(self, kit: Kit) -> None:
        """FLT-07c: after a restart of the server the same handle works, and all is there."""
        assert_survives_a_restart(kit, NONCES)

    def test_a_dead_store_is_told(self, kit: Kit) -> None:
        """FLT-10c: where nothing answers, a ping and every verb are unavailable, in time."""
        assert_dead_is_told(kit, NONCES)


class CredentialFaults(Contract):
    """Credentials, cut off."""

    def test_a_kill_leaves_a_write_done_or_not(self, kit: Kit) -> None:
        """FLT-01d: a process killed between any two I/Os of a write leaves a credential whole."""
        assert_survives_kills(kit, CREDENTIALS)

    def test_a_lost_reply_is_no_loss(self, kit: Kit) -> None:
        """FLT-02d: a claim whose reply was lost is WON or unavailable, never ALREADY_USED."""
        assert_survives_errors(kit, CREDENTIALS, "after")

    def test_a_failed_read_is_not_nothing(self, kit: Kit) -> None:
        """FLT-04d: a query whose I/O fails raises StoreUnavailableError, or answers rightly."""
        saved = pending(kit.now)
        kit.first.credentials.save_credential(saved, kit.now)
        queries = (
            Call("credentials", "query_credential", (saved.kind, saved.digest)),
            Call("credentials", "query_credential_by_alias", (saved.kind, saved.alias)),
        )
        assert_reads_fail_loudly(kit, queries)

    def test_a_failed_io_is_a_store_error(self, kit: Kit) -> None:
        """FLT-05d: a write whose I/O fails is unavailable or right, and may be repeated."""
        assert_survives_errors(kit, CREDENTIALS, "before")
        assert_fails_closed(kit, CREDENTIALS)

    def test_it_works_again_after_a_restart(self, kit: Kit) -> None:
        """FLT-07d: after a restart of the server the same handle works, and all is there."""
        assert_survives_a_restart(kit, CREDENTIALS)

    def test_a_dead_store_is_told(self, kit: Kit) -> None:
        """FLT-10d: where nothing answers, a ping and every verb are unavailable, in time."""
        assert_dead_is_told(kit, CREDENTIALS)


class TokenFaults(Contract):
    """Grants and families, cut off."""

    def test_a_kill_leaves_no_token_without_its_indexes(self, kit: Kit) -> None:
        """FLT-01e: a process killed in a save or rotation leaves all or none, and revocable."""
        assert_survives_kills(kit, TOKENS)

    def test_a_killed_revocation_is_completed_by_the_next(self, kit: Kit) -> None:
        """FLT-01f: a revocation whose process was killed may be made again, and is whole then."""
        assert_survives_kills(kit, REVOCATIONS)

    def test_a_killed_redemption_is_whole_or_not_at_all(self, kit: Kit) -> None:
        """FLT-01g: a process killed in a redemption leaves the code unused, or its tokens."""
        kit.require_redeeming()
        assert_survives_kills(kit, REDEMPTIONS)

    def test_a_lost_reply_mints_nothing_twice(self, kit: Kit) -> None:
        """FLT-02e: a save or rotation whose reply was lost is right or unavailable, and whole."""
        assert_survives_errors(kit, TOKENS, "after")

    def test_a_lost_reply_redeems_nothing_twice(self, kit: Kit) -> None:
        """FLT-02f: a redemption whose reply was lost is WON or unavailable, and whole."""
        kit.require_redeeming()
        assert_survives_errors(kit, REDEMPTIONS, "after")

    def test_an_error_while_revoking_is_raised(self, kit: Kit) -> None:
        """FLT-03a: a revocation whose I/O fails raises, or it is done; what was, stays."""
        family = Family(kit)
        kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now, family.grant.keep_until or 0)
        before = family.snapshot()
        for moment in ("before", "after"):
            assert_survives_errors(kit, REVOCATIONS, moment)

        assert family.snapshot() == before

    def test_a_revocation_that_cannot_work_is_not_answered(self, kit: Kit) -> None:
        """FLT-03b: where no I/O works, every revocation raises."""
        assert_fails_closed(kit, REVOCATIONS)

    def test_a_failed_read_is_not_nothing(self, kit: Kit) -> None:
        """FLT-04e: a query whose I/O fails raises StoreUnavailableError, or answers rightly."""
        family = Family(kit)
        queries = (
            Call("tokens", "query_token", (family.access.digest,)),
            Call("tokens", "query_refresh_token", (family.digest,)),
            Call("tokens", "list_grants", (family.grant.client_id, None, None, 5)),
        )
        assert_reads_fail_loudly(kit, queries)

    def test_a_failed_io_is_a_store_error(self, kit: Kit) -> None:
        """FLT-05e: a write whose I/O fails is unavailable or right, and may be repeated."""
        assert_survives_errors(kit, TOKENS, "before")
        assert_fails_closed(kit, TOKENS)

    def test_a_failed_redemption_is_a_store_error(self, kit: Kit) -> None:
        """FLT-05f: a redemption whose I/O fails is unavailable or WON, and may be repeated."""
        kit.require_redeeming()
        assert_survives_errors(kit, REDEMPTIONS, "before")
        assert_fails_closed(kit, REDEMPTIONS)

    def test_it_works_again_after_a_restart(self, kit: Kit) -> None:
        """FLT-07e: after a restart of the server the same handle works, and all is there."""
        assert_survives_a_restart(kit, (*TOKENS, *REVOCATIONS))

    def test_a_dead_store_is_told(self, kit: Kit) -> None:
        """FLT-10e: where nothing answers, a ping and every verb are unavailable, in time."""
        assert_dead_is_told(kit, (*TOKENS, *REVOCATIONS))
