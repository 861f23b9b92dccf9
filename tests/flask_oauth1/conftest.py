from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..live.figures import pytest_terminal_summary, report
from .worlds import OURS, WORLDS, World, open_world

__all__ = ["pytest_terminal_summary", "report"]


@pytest.fixture(autouse=True)
def log_no_rows(caplog: pytest.LogCaptureFixture) -> None:
    """Keep rows of the application's own tables out of the log, where ours would be missed."""
    caplog.set_level(logging.INFO, logger="sqlalchemy.engine")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where an application has its own tables, with secrets as they are.

    That is its own affair; in `tmp_path` they would be found as ours.
    """
    return tmp_path_factory.mktemp("own")


@pytest.fixture(params=WORLDS)
def world(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Return the application on Authlib, and on ours in both modes."""
    yield from _open(request.param, folder, monkeypatch)


@pytest.fixture(params=OURS)
def ours(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Return the application on ours in both modes."""
    yield from _open(request.param, folder, monkeypatch)


def _open(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if name == "authlib":
        # Authlib's own switch: this version of it takes http for insecure on loopback, too.
        monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    yield from open_world(name, folder)
