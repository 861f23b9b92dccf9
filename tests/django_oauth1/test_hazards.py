"""The table of Authlib's hazards, which is Flask's: what happens on Django, and on ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from ..flask_oauth1.hazards import HAZARDS, Hazard
from .worlds import DjangoWorld

#: What comes of it on Authlib under Django, where that is not what comes of it under Flask.
ON_DJANGO: Final[Mapping[str, object]] = {
    "a query beyond ASCII": 200,
    "a path beyond ASCII": 200,
    # Django reads its parts, which are none.
    "a form in several parts": 400,
    # It sends the browser to its own address.
    "a client without any callback": 302,
}


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name)
def test_a_hazard_is_there_on_authlib_and_closed_on_ours(
    world: DjangoWorld, hazard: Hazard
) -> None:
    expected = hazard.expected("store" if world.models is None else world.name)
    if world.name == "authlib":
        expected = ON_DJANGO.get(hazard.name, expected)

    assert hazard.attempt(world) == expected
