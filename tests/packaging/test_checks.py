"""The checks themselves: a check that cannot fail protects nothing."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest


def test_a_warning_is_an_error() -> None:
    with pytest.raises(UserWarning, match="seen"):
        warnings.warn("seen", UserWarning, stacklevel=1)


def test_a_deprecation_that_authlib_announces_is_an_error() -> None:
    from authlib.deprecate import AuthlibDeprecationWarning, deprecate  # noqa: PLC0415

    with pytest.raises(AuthlibDeprecationWarning):
        deprecate("old name", "9.0")


RunPytest = Callable[[str, dict[str, str]], str]
SKIPS = [
    pytest.param("def test_it(): pytest.skip('no node')", "no node", id="test"),
    pytest.param("pytest.importorskip('no_such_module')", "no_such_module", id="module"),
]


@pytest.mark.parametrize(("source", "reason"), SKIPS)
def test_a_skip_is_no_failure_in_the_everyday_tests(
    source: str, reason: str, run_pytest: RunPytest
) -> None:
    report = run_pytest(source, {})

    assert "1 skipped" in report
    assert reason in report


@pytest.mark.parametrize(("source", "reason"), SKIPS)
def test_a_skip_is_a_failure_where_skips_are_forbidden(
    source: str, reason: str, run_pytest: RunPytest
) -> None:
    report = run_pytest(source, {"OAUTHSTORE_TEST_FORBID_SKIPS": "1"})

    assert re.search(r"1 (failed|error)", report)
    assert re.search(f"It was skipped: .*{reason}", report)


@pytest.fixture
def run_pytest(tmp_path: Path, root: Path) -> RunPytest:
    """Return a function that runs a test file under our conftest and returns the report."""

    def run(source: str, environment: dict[str, str]) -> str:
        (tmp_path / "conftest.py").write_text((root / "tests/skips.py").read_text())
        (tmp_path / "test_it.py").write_text(f"import pytest\n{source}\n")
        command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "."]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )
        return done.stdout

    return run
