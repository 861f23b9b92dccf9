"""As with one store, so where roles are routed to several: OAuth 1's flows and races."""

from __future__ import annotations

import pytest

from ..oauth1.conftest import private_key
from ..oauth1.test_flow import *  # noqa: F403 - its tests, on the stores of this folder
from ..oauth1.test_races import *  # noqa: F403 - the same
from ..oauth1.world import World
from ..oauth2.world import Routed

__all__ = ["private_key"]


@pytest.fixture
def world(backend: Routed) -> World:
    return World(backend, settings=backend.settings)
