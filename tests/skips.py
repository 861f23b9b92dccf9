"""Where a check must not be skipped, a skip is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

#: Set by the sessions that exist to run just these tests (`clients`, `browser`).
FORBID_SKIPS = "OAUTHSTORE_TEST_FORBID_SKIPS"


def _refuse_skip(report: pytest.CollectReport | pytest.TestReport) -> None:
    if os.environ.get(FORBID_SKIPS) and report.skipped and not hasattr(report, "wasxfail"):
        found = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = (
            f"This session runs the test for certain ({FORBID_SKIPS} is set).\n"
            f"It was skipped: {found}\n"
            "Install what it needs, or run `python3 noxfile.py tests`, which may skip it."
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report
