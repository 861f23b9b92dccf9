from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oauthstore_core.integrations.django import project_servers
from oauthstore_core.integrations.django_oauth2.reading import (
    SettingsReader,
    close_servers,
    living_readers,
)

from .site import Site, make_site


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    close_servers()


@pytest.fixture
def only_this_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rules be held against the servers of this test, and not those of other ones."""
    others = living_readers()

    def made_here() -> list[SettingsReader]:
        return [made for made in living_readers() if all(made is not other for other in others)]

    monkeypatch.setattr(project_servers, "living_readers", made_here)


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Return a project on memory, and one on SQLite."""
    store = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/oauth.db"
    return make_site(store=store)
