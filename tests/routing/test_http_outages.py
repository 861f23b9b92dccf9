"""A store is killed or does not answer under load over HTTP, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backends.mongo.tests.server import own_engine
from backends.mongo.tests.server_processes import FerretDB
from backends.redis.tests.server_processes import RedisProcess, find_redis, find_valkey_wheel

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


@pytest.fixture(params=["valkey", "redis", "ferretdb"])
def database(request: pytest.FixtureRequest) -> Iterator[RedisProcess | FerretDB]:
    """Yield a server of the test's own, which has on its disk what it answers."""
    with closing(own_engine() if request.param == "ferretdb" else _redis(request.param)) as found:
        found.start()
        yield found


def _redis(name: str) -> RedisProcess:
    program = find_redis() if name == "redis" else find_valkey_wheel()
    if program is None:
        pytest.skip("its program is not installed: apt install redis-server")
    return RedisProcess(program)


def _store(database: RedisProcess | FerretDB) -> dict[str, object]:
    if isinstance(database, FerretDB):
        return {"url": f"{database.url}oauth", "options": {"timeout": TIMEOUT}}
    return {"url": database.url, "options": {"timeout": TIMEOUT, "retries": 1}}


@pytest.fixture
def server(tmp_path: Path, database: RedisProcess | FerretDB) -> Iterator[RunningServer]:
    settings = {"stores": {"default": _store(database)}, "reuse_grace": 60}
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
