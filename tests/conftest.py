"""What holds for every test of the core."""

from __future__ import annotations

from .skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

pytest_plugins = ("tests.secrecy",)
