"""The table of Authlib's hazards: what happens there, with hooks on ours, and on a store."""

from __future__ import annotations

import pytest

from .hazards import HAZARDS, Hazard
from .worlds import World


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name)
def test_a_hazard_is_there_on_authlib_and_closed_on_ours(world: World, hazard: Hazard) -> None:
    assert hazard.attempt(world) == hazard.expected(world.name)
