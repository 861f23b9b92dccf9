from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oauthstore_core.integrations.django_oauth2.reading import close_servers

from .site import Site, make_site


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    close_servers()


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Return a project on memory, and one on SQLite."""
    store = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/oauth.db"
    return make_site(store=store)
