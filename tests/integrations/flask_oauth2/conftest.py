from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .site import Site, make_site


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Return an application on memory, and one on SQLite."""
    store = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/oauth.db"
    site = make_site(store=store)
    yield site
    site.server.close()
