from __future__ import annotations

from pathlib import Path

import pytest

from .distributions import BACKENDS, CORE, ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "distribution" in metafunc.fixturenames:
        metafunc.parametrize("distribution", [CORE, *BACKENDS], ids=lambda d: d.name)
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", BACKENDS, ids=lambda d: d.name)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT
