"""The pytest plugin: the summary at the end of a run of the conformance kit.

An entry point loads this module into every run of pytest where oauthstore-core
is installed, so it imports nothing. It is one all the same, since xdist's
controller, which writes the summary, never imports the module that asks for it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["pytest_terminal_summary"]


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's, not imported
    """Write a table for each store on which cases of the kit were run."""
    if not any(_has_cases(reports) for reports in terminalreporter.stats.values()):
        return
    # Only where the kit was run is it imported.
    from .testing.summary import collect_results, format_summary  # noqa: PLC0415

    width = min(100, max(60, terminalreporter.config.get_terminal_writer().fullwidth))
    for where, results in sorted(collect_results(terminalreporter.stats).items()):
        terminalreporter.section("oauthstore conformance")
        terminalreporter.write_line(where)
        terminalreporter.write_line(format_summary(results, width))


def _has_cases(reports: Any) -> bool:  # noqa: ANN401 - reports of any kind, and items
    return any(
        name.startswith("oauthstore_")
        for report in reports
        for name, _ in getattr(report, "user_properties", ())
    )
