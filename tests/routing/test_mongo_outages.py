"""A server of MongoDB's is killed or does not answer under load over HTTP, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backends.mongo.tests.server import own_engine
from backends.mongo.tests.server_processes import FerretDB

from ..live.figures import report
from ..live.server import RunningServer
from ..races.stage import Stage
from ..races.test_outage import (
    TIMEOUT,
    Load,
    start_load,
    test_a_database_that_does_not_answer_is_given_up_and_taken_back_when_it_does,
    test_after_a_kill_of_the_database_everything_told_is_there_and_nothing_works_twice,
)
from ..server.test_outage import (
    test_everything_says_so_while_it_lasts_and_serves_again_by_itself,
    visitor,
)

__all__ = [
    "report",
    "test_a_database_that_does_not_answer_is_given_up_and_taken_back_when_it_does",
    "test_after_a_kill_of_the_database_everything_told_is_there_and_nothing_works_twice",
    "test_everything_says_so_while_it_lasts_and_serves_again_by_itself",
    "visitor",
]
pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]


@pytest.fixture
def database() -> Iterator[FerretDB]:
    """Yield an engine of the test's own, which has on its disk what it answers."""
    with closing(own_engine()) as found:
        found.start()
        yield found


@pytest.fixture
def server(tmp_path: Path, database: FerretDB) -> Iterator[RunningServer]:
    store = {"url": f"{database.url}oauth", "options": {"timeout": TIMEOUT}}
    settings = {"stores": {"default": store}, "reuse_grace": 60}
    server = RunningServer(tmp_path, workers=2, settings=settings, options=["--demo"])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def load(server: RunningServer) -> Iterator[Load]:
    stage = Stage(server)
    started = start_load(stage)
    yield started
    started.end()
    stage.close()
