from __future__ import annotations

from collections.abc import Iterator

import pytest

from oauthstore_core.integrations.django_oauth2.reading import close_servers

from ..live.figures import pytest_terminal_summary, report
from .worlds import OURS, WORLDS, DjangoWorld, open_world

__all__ = ["pytest_terminal_summary", "report"]


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    close_servers()


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[DjangoWorld]:
    """Return the project on Authlib, and on ours in each mode."""
    if request.param == "authlib":
        # Authlib's own switch: this version of it takes http for insecure on loopback, too.
        monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    yield from open_world(request.param)


@pytest.fixture(params=OURS)
def ours(request: pytest.FixtureRequest) -> Iterator[DjangoWorld]:
    """Return the project on ours in each mode."""
    yield from open_world(request.param)
