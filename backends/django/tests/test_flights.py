"""What a verb costs on PostgreSQL: round trips, as libpq counts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from costs import calls
from django.db.backends.signals import connection_created
from postgresql import Databases
from psycopg.pq import PGconn, Trace

from oauthstore_django.backend import DjangoBackend
from oauthstore_django.connections import OwnConnection

#: BEGIN and COMMIT among them; a save takes part in its scopes by one more.
COSTS = {
    "save: new": 5,
    "save: new, with a refresh token": 5,
    "save: without access token": 4,
    "save: another access token": 5,
    "save: that drops": 6,
    "save: refused": 5,
    "query_token": 1,
    "query_refresh_token": 1,
    "list_grants": 1,
    "rotate: won": 4,
    "rotate: grace": 4,
    "rotate: reused": 5,
    "revoke_token": 1,
    "revoke_grant": 1,
    "revoke_all": 3,
    "save_credential": 1,
    "save_credential: alias taken over": 5,
    "query_credential": 1,
    "claim: won": 1,
    "claim: lost": 2,
    "decide": 1,
    "poll: pending": 1,
    "poll: approved": 2,
    "redeem: won": 6,
    "redeem: lost": 4,
    "register": 1,
    "count_attempt": 1,
    "claim_nonce": 1,
    "purge": 1,
    "purge: tokens, nothing due": 5,
    "purge: tokens, grants due": 7,
}


class Flights:
    """Counts on the one connection that a store uses which nobody else is using."""

    def __init__(self, folder: Path) -> None:
        self._log = (folder / "libpq.log").open("w+b")
        self._traced: list[PGconn] = []

    def trace(self, sender: object, connection: OwnConnection, **_: object) -> None:
        self._traced.append(connection.connection.pgconn)
        self._begin(self._traced[-1])

    def _begin(self, pgconn: PGconn) -> None:
        pgconn.trace(self._log.fileno())
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

    def count(self) -> int:
        (pgconn,) = self._traced
        pgconn.untrace()  # libpq buffers its log
        self._log.seek(0)
        count = self._log.read().count(b"ReadyForQuery")
        self._begin(pgconn)
        return count

    def close(self) -> None:
        self._log.close()


@pytest.fixture
def flights(tmp_path: Path) -> Iterator[Flights]:
    counting = Flights(tmp_path)
    connection_created.connect(counting.trace)
    yield counting
    connection_created.disconnect(counting.trace)
    counting.close()


@pytest.fixture
def postgresql_store(databases: Databases, flights: Flights) -> Iterator[DjangoBackend]:
    url = databases.create_migrated()
    flights._traced.clear()
    backend = databases.address(url).open()
    backend.ping()
    yield backend
    backend.close()
    databases.server.drop(url)


def test_a_verb_costs_what_the_readme_says(
    postgresql_store: DjangoBackend, flights: Flights
) -> None:
    found: dict[str, set[int]] = {}
    for name, call in calls(postgresql_store):
        before = flights.count()
        call()
        found.setdefault(name, set()).add(flights.count() - before)

    assert found == {name: {cost} for name, cost in COSTS.items()}
