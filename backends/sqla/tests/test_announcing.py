"""What another call does between the steps of one, where many write at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from oauthstore_core.errors import DuplicateError, GrantRevokedError
from oauthstore_core.records import ClaimOutcome, Grant
from oauthstore_core.testing.samples import access_token, credential, fresh, grant, refresh_token
from oauthstore_sqla import SqlaBackend

from .servers import Database

NOW = 1_700_000_000


class Interrupted(SqlaBackend):
    """A store in which something else is done after the next statement."""

    def __init__(self, url: str) -> None:
        self.then: Callable[[], object] | None = None
        super().__init__(url, {"on_io": self._on_io})

    def _on_io(self, moment: str) -> None:
        if moment == "after" and self.then is not None:
            then, self.then = self.then, None
            then()


@pytest.fixture
def store(database: Database) -> Iterator[Interrupted]:
    backend = Interrupted(database.url)
    backend.ping()
    yield backend
    backend.close()


@pytest.fixture
def other(database: Database) -> Iterator[SqlaBackend]:
    backend = SqlaBackend(database.url)
    yield backend
    backend.close()


def kept(store: SqlaBackend) -> list[Grant]:
    return list(store.tokens.list_grants(None, None, None, 9).items)


@pytest.mark.parametrize("server_name", ["postgresql", "mysql"])
def test_a_refused_save_leaves_the_grant_that_another_has_saved_without_tokens(
    store: Interrupted, other: SqlaBackend
) -> None:
    taken, made = access_token(NOW), grant(NOW)
    other.tokens.save_token(grant(NOW, client_id="c"), [taken])
    store.then = lambda: other.tokens.save_token(made, [])

    with pytest.raises(DuplicateError):
        store.tokens.save_token(made, [taken])

    assert made in kept(other)


@pytest.mark.parametrize("server_name", ["postgresql", "mysql"])
def test_who_loses_a_code_leaves_the_grant_that_the_winner_saved_without_tokens(
    store: Interrupted, other: SqlaBackend
) -> None:
    code, made = credential(NOW), grant(NOW)
    other.credentials.save_credential(code, NOW)
    presented = (code.kind, code.digest, code.client_id, made, [], NOW)
    won = []
    store.then = lambda: won.append(other.tokens.redeem_credential(*presented))

    lost = store.tokens.redeem_credential(*presented)

    assert [won[0].outcome, lost.outcome] == [ClaimOutcome.WON, ClaimOutcome.ALREADY_USED]
    assert kept(other) == [made]


@pytest.mark.parametrize("server_name", ["postgresql", "mysql"])
def test_who_loses_a_code_leaves_no_grant_of_its_own(
    store: Interrupted, other: SqlaBackend
) -> None:
    code, winners, losers = credential(NOW), grant(NOW), grant(NOW)
    other.credentials.save_credential(code, NOW)
    presented = (code.kind, code.digest, code.client_id)
    store.then = lambda: other.tokens.redeem_credential(*presented, winners, [], NOW)

    store.tokens.redeem_credential(*presented, losers, [access_token(NOW)], NOW)

    assert kept(other) == [winners]


def test_a_save_under_a_fence_is_refused_as_revoked_before_the_sweep_has_come(
    store: Interrupted, other: SqlaBackend
) -> None:
    made = grant(NOW, family=fresh())
    other.tokens.save_token(made, [refresh_token(NOW)])
    refused = []

    def save() -> None:
        with pytest.raises(GrantRevokedError) as caught:
            other.tokens.save_token(made, [refresh_token(NOW)])
        refused.append(caught.value)

    store.then = save
    store.tokens.revoke_all(made.client_id, None, NOW, NOW + 9)

    assert len(refused) == 1
