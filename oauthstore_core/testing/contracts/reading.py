"""Readers amid writers: they are told what was or what is, never an error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ...errors import GrantRevokedError
from ...records import Account, Grant
from ..flows import alive_anywhere, saved_grant
from ..kit import Handle, Kit
from ..races import race
from ..samples import DAY, access_token, account, client, fresh, grant, pending, refresh_token
from .contract import Contract

__all__ = ["CredentialReaders", "RegisterReaders", "TokenReaders"]

#: Reads on a handle what concerns the record of that index.
Reader = Callable[[Handle, int], object]
#: Records that are written while they are read.
_MANY = 12
REFUSED = (GrantRevokedError,)


class TokenReaders(Contract):
    """Grants and tokens that are read, and revoked, as they go or change."""

    def test_readers_and_purges_of_grants_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08h: lookups, pages and revocations of tokens amid their purge raise no error."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            _read_tokens_amid_purges(kit)

    def test_a_family_that_is_added_undoes_no_revocation(self, kit: Kit) -> None:
        """REV-07o: a grant gets its refresh family and is revoked, at once: it is revoked."""
        for turn in range(max(_MANY, len(kit.rounds))):
            given, token = saved_grant(kit)
            more = replace(given, family=fresh())
            adding = partial(_add_family, kit, more)

            refusal, _ = race([adding, partial(_revoke, kit, given, turn % _MANY)], REFUSED)

            assert alive_anywhere(kit, given, [token], kit.now) == []
            found = kit.first.tokens.query_refresh_token(str(more.family))
            assert (found is None) == (refusal is not None)
            assert found is None or found.grant.family == more.family


class CredentialReaders(Contract):
    """Credentials that are looked up as they go."""

    def test_readers_and_purges_of_credentials_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08i: lookups of credentials, by alias as well, amid their purge raise no error."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            _read_credentials_amid_purges(kit)


class RegisterReaders(Contract):
    """Clients and accounts that are listed as they come and go."""

    def test_pages_and_writers_of_registers_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08j: pages and lookups of clients and accounts amid writers raise no error."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            if kit.serves("clients"):
                readers: list[Reader] = [
                    lambda handle, _: handle.clients.list_clients(None, None, 50)
                ]
                _race(kit, readers * 6, _register_clients)
            if kit.serves("accounts"):
                _read_accounts_amid_writers(kit)


def _race(kit: Kit, readers: list[Reader], writer: Callable[[Handle], None]) -> None:
    """Let each reader read every record, again and again until the writer is through."""
    through = threading.Event()

    def write() -> None:
        try:
            writer(kit.first)
        finally:
            through.set()

    def read(place: int, reader: Reader) -> None:
        handle, last = kit.handle(place + 1), False
        while not last:
            last = through.is_set()
            for index in range(_MANY):
                reader(handle, index)

    race([write, *(partial(read, place, reader) for place, reader in enumerate(readers))])


def _purge(role: str, verb: str, now: int, handle: Handle) -> None:
    while getattr(handle.role(role), verb)(now, 3).more:
        pass


def _register_clients(handle: Handle) -> None:
    for _ in range(_MANY):
        saved = handle.clients.save_client(client())
        handle.clients.delete_client(saved.client_id)


def _register_accounts(made: Sequence[Account], handle: Handle) -> None:
    for each in made:
        handle.accounts.save_account(each)
        handle.accounts.delete_account(each.subject)


def _add_family(kit: Kit, more: Grant) -> None:
    kit.handle(0).tokens.save_token(more, [refresh_token(kit.now)])


def _revoke(kit: Kit, given: Grant, steps: int) -> None:
    # So many turns later: the moment at which it would undo the other is a short one.
    for _ in range(4 * steps):
        time.sleep(1e-6)
    kit.handle(1).tokens.revoke_grant(given.grant_id, kit.now, kit.now + DAY)


def _read_tokens_amid_purges(kit: Kit) -> None:
    end, names = kit.now + 60, grant(kit.now)
    due = [replace(names, grant_id=fresh(), family=fresh(), keep_until=end) for _ in range(_MANY)]
    tokens = [access_token(kit.now) for _ in due]
    for given, token in zip(due, tokens, strict=True):
        kit.first.tokens.save_token(given, [token, refresh_token(kit.now)])
    verbs: list[Reader] = [
        lambda handle, i: handle.tokens.query_token(tokens[i].digest),
        lambda handle, i: handle.tokens.query_refresh_token(due[i].family or ""),
        lambda handle, _: handle.tokens.list_grants(names.client_id, None, None, 50),
        lambda handle, i: handle.tokens.revoke_token(due[i].grant_id, tokens[i].digest, kit.now),
    ]

    purge = partial(_purge, "tokens", "purge_tokens", end)
    _race(kit, [*verbs, *verbs, *verbs[-1:] * 3], purge)
    for given, token in zip(due, tokens, strict=True):
        kit.assert_gone(kit.first.tokens.query_token(token.digest))
        kit.assert_gone(kit.first.tokens.query_refresh_token(given.family or ""))


def _read_credentials_amid_purges(kit: Kit) -> None:
    end = kit.now + 900
    due = [pending(kit.now, alias=fresh(), keep_until=end) for _ in range(_MANY)]
    for given in due:
        kit.first.credentials.save_credential(given, kit.now)
    verbs: list[Reader] = [
        lambda handle, i: handle.credentials.query_credential(due[i].kind, due[i].digest),
        lambda handle, i: handle.credentials.query_credential_by_alias(
            due[i].kind, due[i].alias or ""
        ),
    ]

    _race(kit, verbs * 3, partial(_purge, "credentials", "purge_credentials", end))
    for given in due:
        store = kit.first.credentials
        kit.assert_gone(store.query_credential(given.kind, given.digest))
        kit.assert_gone(store.query_credential_by_alias(given.kind, given.alias or ""))


def _read_accounts_amid_writers(kit: Kit) -> None:
    made = [account() for _ in range(_MANY)]
    readers: list[Reader] = [
        lambda handle, _: handle.accounts.list_accounts(None, 50),
        *[lambda handle, index: handle.accounts.query_account(made[index].name)] * 3,
    ]

    _race(kit, readers * 2, partial(_register_accounts, made))
    assert list(kit.first.accounts.list_accounts(None, 50).items) == []
