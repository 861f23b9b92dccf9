from __future__ import annotations

from pathlib import Path

import pytest

from .__main__ import main
from .comparison import complaints, read_outcomes, summary

STOCK = {"a": "passed", "b": "failure"}


def test_the_same_outcomes_are_no_complaint() -> None:
    assert list(complaints(STOCK, {**STOCK}, {})) == []


@pytest.mark.parametrize("ours", [{"a": "failure", "b": "failure"}, {"b": "failure"}])
def test_a_difference_needs_a_reason(ours: dict[str, str]) -> None:
    (complaint,) = complaints(STOCK, ours, {})

    assert complaint.startswith("a: passed on Authlib")
    assert list(complaints(STOCK, ours, {"a": "stricter"})) == []


def test_a_case_that_only_ours_passes_needs_a_reason_too() -> None:
    assert len(list(complaints(STOCK, {"a": "passed", "b": "passed"}, {}))) == 1


@pytest.mark.parametrize("test", ["a", "c"])
def test_a_reason_that_explains_nothing_is_a_complaint(test: str) -> None:
    (complaint,) = complaints(STOCK, {**STOCK}, {test: "stricter"})

    assert complaint.startswith(f"{test}: a reason is given")


def test_outcomes_are_read_from_pytest_s_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="m" name="one"/>'
        '<testcase classname="m" name="two"><failure/></testcase>'
        '<testcase classname="m" name="three"><skipped/></testcase>'
        '<testcase classname="m" name="four"><error/></testcase>'
        "</testsuite></testsuites>"
    )

    outcomes = read_outcomes(report)

    assert outcomes == {
        "m.one": "passed",
        "m.two": "failure",
        "m.three": "skipped",
        "m.four": "error",
    }
    assert summary(outcomes) == "1 passed, 1 failure, 1 skipped, 1 error"


def test_without_a_checkout_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "git clone" in capsys.readouterr().out
