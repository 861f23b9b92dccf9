from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import pytest

from backends.sqla.tests.servers import Servers

from ..live.figures import pytest_terminal_summary, report
from ..live.server import RunningServer
from .stage import Stage

__all__ = ["pytest_terminal_summary", "report"]

OpenStage = Callable[..., Stage]


@pytest.fixture(scope="session")
def open_stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[OpenStage]:
    stages: list[Stage] = []

    def start(*, demo: bool = True, **settings: object) -> Stage:
        options = ["--demo"] if demo else []
        folder = tmp_path_factory.mktemp("server")
        server = RunningServer(folder, workers=2, settings=settings, options=options)
        server.start()
        stages.append(Stage(server))
        return stages[-1]

    yield start
    for stage in stages:
        stage.close()


@pytest.fixture(scope="session")
def stage(open_stage: OpenStage) -> Stage:
    """Return a stage with the defaults: a grace of ten seconds."""
    return open_stage()


@pytest.fixture(scope="session")
def strict_stage(open_stage: OpenStage) -> Stage:
    """Return a stage without a grace."""
    return open_stage(reuse_grace=0)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with closing(Servers()) as opened:
        yield opened


@pytest.fixture
def postgresql(servers: Servers) -> Iterator[str]:
    """Yield the URL of a database with a store's tables in it."""
    server = servers["postgresql"]
    url = server.create_migrated()
    yield url
    server.drop(url)
