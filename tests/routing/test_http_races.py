"""The races over HTTP against two workers, where roles are routed to Redis."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack

import pytest

from ..live.figures import report
from ..live.server import RunningServer
from ..races.stage import FEW_ROUNDS, Stage
from ..races.test_codes import (
    test_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead,
)
from ..races.test_refresh import (
    test_within_the_grace_16_refreshes_get_one_and_the_same_successor,
    test_without_a_grace_one_refresh_of_16_succeeds_at_most_and_the_family_is_dead,
)
from ..races.test_revocation import (
    test_a_refresh_that_races_a_revoke_leaves_nothing_alive,
    test_client_credentials_that_race_the_deletion_of_their_client_leave_nothing_alive,
)
from .routes import ROUTES, Keepers

__all__ = [
    "report",
    "test_a_refresh_that_races_a_revoke_leaves_nothing_alive",
    "test_client_credentials_that_race_the_deletion_of_their_client_leave_nothing_alive",
    "test_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead",
    "test_within_the_grace_16_refreshes_get_one_and_the_same_successor",
    "test_without_a_grace_one_refresh_of_16_succeeds_at_most_and_the_family_is_dead",
]
pytestmark = pytest.mark.race

OpenStage = Callable[..., Stage]


@pytest.fixture(scope="module", params=list(ROUTES))
def open_stage(
    request: pytest.FixtureRequest, keepers: Keepers, tmp_path_factory: pytest.TempPathFactory
) -> Generator[OpenStage]:
    """Yield what starts a server on the stores of a route; each has new ones."""
    with ExitStack() as stack:

        def start(**settings: object) -> Stage:
            folder = tmp_path_factory.mktemp("routed")
            routed = stack.enter_context(keepers.settings(request.param, folder))
            server = RunningServer(
                folder, workers=2, settings={**routed, **settings}, options=["--demo"]
            )
            server.start()
            stage = Stage(server, FEW_ROUNDS)
            stack.callback(stage.close)
            return stage

        yield start


@pytest.fixture(scope="module")
def stage(open_stage: OpenStage) -> Stage:
    """Return a stage with the defaults: a grace of ten seconds."""
    return open_stage()


@pytest.fixture(scope="module")
def strict_stage(open_stage: OpenStage) -> Stage:
    """Return a stage without a grace."""
    return open_stage(reuse_grace=0)
