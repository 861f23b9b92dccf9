from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

from ..oauth2.world import Routed, World
from .routes import ROUTES, Keepers

#: Of two kinds, both of which come with the tests.
_EVERYDAY = "sqlite+redis"


@pytest.fixture(scope="session")
def keepers() -> Iterator[Keepers]:
    with closing(Keepers()) as opened:
        yield opened


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if name == _EVERYDAY else pytest.mark.servers)
        for name in ROUTES
    ]
)
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def routed(keepers: Keepers, route: str, tmp_path: Path) -> Iterator[dict[str, object]]:
    """Yield the settings of a route whose stores are empty."""
    with keepers.settings(route, tmp_path) as settings:
        yield settings


@pytest.fixture
def backend(routed: dict[str, object]) -> Iterator[Routed]:
    """Yield open stores, in the place of the one store that tests are usually given."""
    settings = Settings.from_mapping({"issuer": "https://auth.example.com", **routed})
    with open_stores(settings) as stores:
        yield Routed(stores.backends, routed)


@pytest.fixture
def world(backend: Routed) -> World:
    return World(backend)
