"""Four runners purge 100,000 rows while others use the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Table, create_engine, func, select

from oauthstore_core.records import ClaimOutcome, Purged, RotationOutcome
from oauthstore_core.testing.samples import access_token, credential, fresh, grant, refresh_token
from oauthstore_sqla import SqlaBackend, schema

from .filling import credential_row, fill_table, grant_row, nonce_row, token_row
from .servers import Database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOW = 1_700_000_000
LATER = NOW + 90 * 86_400
RUNNERS = 4
#: Threads that use the store meanwhile.
USERS = 2
LIMIT = 1000
#: How many of each are due, and how many more there are. What is due of the tokens is of
#: grants that live, and grants that are due have no tokens: those would not be counted.
DUE = {
    schema.tokens: 30_000,
    schema.grants: 20_000,
    schema.credentials: 25_000,
    schema.nonces: 25_000,
}
LIVE = 500


def test_of_100000_rows_that_are_due_four_runners_remove_each_once_and_nothing_else(
    database: Database,
) -> None:
    fill_both(database.url)
    over = threading.Event()
    with ThreadPoolExecutor(RUNNERS + USERS) as pool:
        users = [pool.submit(use, database.url, over) for _ in range(USERS)]
        runners = [pool.submit(purge_all, database.url) for _ in range(RUNNERS)]
        try:
            counts = [runner.result() for runner in runners]
        finally:
            over.set()
        added = sum(user.result() for user in users)

    assert sum(counts) == sum(DUE.values()) == 100_000
    assert added > 0
    left = counted(database.url)
    assert left[schema.nonces] == LIVE + added
    assert left[schema.credentials] == LIVE + added
    assert left[schema.grants] == LIVE + added
    # Each of theirs was saved with an access token, and rotated to one more.
    assert left[schema.tokens] == LIVE + 2 * added
    with closing(SqlaBackend(database.url)) as store:
        assert not any(step(NOW, LIMIT).count for step in steps(store))


def fill_both(url: str) -> None:
    """Put in what is due, and what is not."""
    engine = create_engine(url)
    for table, row in ROWS.items():
        due = DUE[table]
        fill_table(engine, table, LIVE, lambda n, row=row: row(n, LATER))
        fill_table(engine, table, due, lambda n, row=row, due=due: row(LIVE + n, NOW - due + n))
    engine.dispose()


def live_grants_token(n: int, due: int) -> dict[str, Any]:
    return {**token_row(n, due), "grant_id": f"grant-{n % LIVE:06}"}


ROWS = {
    schema.tokens: live_grants_token,
    schema.grants: grant_row,
    schema.credentials: credential_row,
    schema.nonces: nonce_row,
}


def steps(store: SqlaBackend) -> Iterable[Callable[[int, int], Purged]]:
    return (
        store.tokens.purge_tokens,
        store.credentials.purge_credentials,
        store.nonces.purge_nonces,
    )


def purge_all(url: str) -> int:
    """Purge as `oauthstore purge` does, through a handle of its own; return the count."""
    removed = 0
    # Four that never pause keep one another out: SQLite's waiting sleeps, and is unfair.
    with closing(SqlaBackend(url, {"busy_timeout": 60})) as store:
        for step in steps(store):
            while True:
                purged = step(NOW, LIMIT)
                removed += purged.count
                if not purged.more or purged.count == 0:
                    break
    return removed


def use(url: str, over: threading.Event) -> int:
    """Use the store until the runners are done; return how many rounds it were."""
    rounds = 0
    with closing(SqlaBackend(url)) as store:
        while not over.is_set():
            use_once(store)
            rounds += 1
    return rounds


def use_once(store: SqlaBackend) -> None:
    made, old = grant(NOW, family=fresh()), refresh_token(NOW)
    store.tokens.save_token(made, [access_token(NOW), old])
    rotation = store.tokens.rotate_refresh_token(
        made.family or "",
        old.digest,
        made.client_id,
        [access_token(NOW), refresh_token(NOW, generation=1)],
        b"sealed",
        NOW,
        10,
    )
    assert rotation.outcome is RotationOutcome.WON
    code = credential(NOW)
    store.credentials.save_credential(code, NOW)
    claim = store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)
    assert claim.outcome is ClaimOutcome.WON
    assert store.nonces.claim_nonce(fresh(), LATER, NOW)


def counted(url: str) -> dict[Table, int]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {t: connection.scalar(select(func.count()).select_from(t)) for t in ROWS}
    engine.dispose()
    return {table: count or 0 for table, count in found.items()}
