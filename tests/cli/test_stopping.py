"""SIGTERM lets the requests at work end, and loses nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ..live.oauth import Party
from ..live.server import RunningServer
from ..live.wire import Answer

pytestmark = pytest.mark.slow

REQUESTS = 6
#: Seconds after which what was sent has been read.
READ = 0.5


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Let nobody write to the database meanwhile: what would, waits."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("workers", [1, 2])
def test_requests_at_work_are_answered_and_what_was_answered_is_kept(
    tmp_path: Path, workers: int
) -> None:
    server = RunningServer(tmp_path, workers=workers)
    server.start()
    client = server.create_client("--scope", "profile")
    parties = [Party(server, client) for _ in range(REQUESTS)]

    def ask(party: Party) -> Answer:
        return party.ask_token({"grant_type": "client_credentials"})

    try:
        with ThreadPoolExecutor(REQUESTS) as pool:
            with locked(server.database):
                asked = [pool.submit(ask, party) for party in parties]
                time.sleep(READ)
                process = server._process
                assert process is not None
                process.terminate()
                time.sleep(READ)
            answers = [future.result() for future in asked]
        ended = process.wait(60)
        server.start()
        parties.append(Party(server, client))

        assert ended == 0
        assert [answer.status for answer in answers] == [200] * REQUESTS
        assert all(parties[-1].is_active(answer.json["access_token"]) for answer in answers)
    finally:
        for party in parties:
            party.close()
        server.kill()


def test_a_client_that_says_nothing_does_not_hold_a_stop_up(tmp_path: Path) -> None:
    server = RunningServer(tmp_path, workers=1)
    server.start()
    party = Party(server, server.create_client())
    party.ask_token({"grant_type": "client_credentials"})
    server.stop()
    party.close()

    # What requests at work are given: there is none.
    assert b"graceful shutdown exceeded" not in server.output()
