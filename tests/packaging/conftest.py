from __future__ import annotations

from pathlib import Path

import pytest

from .distributions import BACKENDS, CORE, EXAMPLES, ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, found in (
        ("distribution", [CORE, *BACKENDS, *EXAMPLES]),
        ("ours", [CORE, *BACKENDS]),
        ("backend", BACKENDS),
    ):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, found, ids=lambda d: d.name)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT
