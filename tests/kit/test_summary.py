"""The summary at the end of a run: per store and family, and "proved" only for what ran."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oauthstore_core.memory import plugin
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.cases import Case, all_cases, case_ids
from oauthstore_core.testing.runner import run_cases
from oauthstore_core.testing.summary import Result, format_summary

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.slow

MODULE = """
import pytest
from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.testing.probe import dump_objects
from oauthstore_core.testing.suite import *

plugin = BackendPlugin("tiny", ("nonces",), Capabilities(), open=MemoryBackend)

@pytest.fixture
def store_address():
    return StoreAddress(plugin, "tiny://operator:password@host/")

@pytest.fixture
def raw_dump(open_backend):
    return dump_objects(open_backend().nonces)
"""

FORGETFUL = MODULE.replace(
    "from oauthstore_core.memory import MemoryBackend",
    "from oauthstore_core.testing.sabotage.registers import NonceForgottenEarly as MemoryBackend",
)
#: Neither proves anything: one is not the kit's own, and one fails as expected.
UNPROVED = """
class TestNonceStore(NonceStoreContract):
    @pytest.mark.xfail(reason="known", strict=False)
    def test_a_nonce_is_new_once(self, kit):
        pass

    @pytest.mark.xfail(reason="known as well")
    def test_parts_do_not_flow_into_each_other(self, kit):
        raise AssertionError
"""
MODULES = {
    "test_green": MODULE,
    "test_red": FORGETFUL,
    "test_unproved": MODULE + UNPROVED,
    "test_lost": MODULE.replace("return Store", "raise OSError('no server')\n    return Store"),
    "test_both": MODULE.replace("@pytest.fixture\ndef s", "@pytest.fixture(params='ab')\ndef s"),
}
#: Of those that are asked of every store, one that needs a seam.
SELECTED = (
    "TestNonceStore or test_no_nonce_is_at_rest or TestAccountStore "
    "or test_two_stores_do_not_see_each_other"
)


def of(role: str, family: str) -> int:
    return sum(case.family == family and _role(case) == role for case in all_cases())


def of_nonces(family: str) -> int:
    """Count what a store proves that has neither I/O nor other processes."""
    cases = [case for case in all_cases() if _role(case) == "nonces"]
    alone = [case for case in cases if case.function.__module__.endswith(".nonces")]
    return sum(case.family == family for case in alone)


def _role(case: Case) -> str | None:
    return getattr(case.contract, "role", None)


def rows(table: str) -> dict[str, list[str]]:
    """Return the counts by family."""
    return {
        family: counts.split()
        for family, counts in re.findall(r"^([A-Z]+|all) +([-\d ]+)$", table, re.MULTILINE)
    }


def in_one_line(table: str) -> str:
    return " ".join(table.split())


class Run:
    """A run of pytest, with the table of each store in what it wrote."""

    def __init__(self, folder: Path, *options: str) -> None:
        for name, text in MODULES.items():
            (folder / f"{name}.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-q", "-k", SELECTED, *options]
        environment = {**os.environ, "COLUMNS": "80", "OAUTHSTORE_TEST_ROUNDS": "1"}
        done = subprocess.run(  # noqa: S603 - our own fixed command
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        self.output = done.stdout
        summary = self.output.partition("= short test summary info")[0]
        parts = re.split(r"=+ oauthstore conformance =+\n", summary)[1:]
        self.tables = dict(part.split("\n", 1) for part in parts)


@pytest.fixture(scope="module", params=[("-p", "no:xdist"), ("-n", "2")], ids=["alone", "xdist"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("run"), *request.param)


# --- under pytest ---


def test_what_passed_is_proved(run: Run) -> None:
    table = run.tables["tiny (tiny), test_green.py"]

    assert rows(table)["RPL"][::2] == [str(of_nonces("RPL")), "-"]
    assert rows(table)["SEC"][0] == "1"


def test_what_is_not_served_is_skipped_and_told_once(run: Run) -> None:
    table = run.tables["tiny (tiny), test_green.py"]

    assert rows(table)["ACC"] == ["-", "-", "-", str(of("accounts", "ACC"))]
    assert re.search(r"skipped: \d+ of ACC, .*: does not serve role accounts", in_one_line(table))
    assert in_one_line(table).count("does not serve") == 1


def test_what_was_not_run_is_counted_and_not_proved(run: Run) -> None:
    table = run.tables["tiny (tiny), test_green.py"]
    left = len(all_cases()) - sum(int(n) for n in rows(table)["all"] if n != "-")

    assert "FAM" not in rows(table)
    assert f"not run: {left} of {len(all_cases())} cases" in in_one_line(table)


def test_what_failed_says_why(run: Run) -> None:
    table = run.tables["tiny (tiny), test_red.py"]

    proved, ended_badly = map(int, rows(table)["RPL"][::2])
    assert proved + ended_badly == of_nonces("RPL")
    assert ended_badly >= 2
    assert re.search(
        "failed: .*RPL-04a.*: AssertionError: assert True is False", in_one_line(table)
    )


def test_what_lacks_a_seam_or_is_overridden_is_not_proved(run: Run) -> None:
    table = run.tables["tiny (tiny), test_unproved.py"]

    assert rows(table)["SEC"][:3] == ["1", "1", "-"]
    assert rows(table)["RPL"][::2] == [str(of_nonces("RPL") - 2), "1"]
    for told in (
        "not proved: RPL-01b: overridden: what passed is not the kit's case",
        "not proved: SEC-06: `StoreAddress.another` is not set",
        "failed: RPL-03: as expected: known as well",
    ):
        assert told in in_one_line(table)


def test_a_store_that_cannot_be_had_fails_its_cases(run: Run) -> None:
    table = run.tables["no store, test_lost.py"]

    assert rows(table)["RPL"] == ["-", "-", str(of("nonces", "RPL")), "-"]
    assert "OSError: no server" in in_one_line(table)


def test_each_store_has_a_table_of_its_own(run: Run) -> None:
    stores = {"tiny (tiny) a, test_both.py", "tiny (tiny) b, test_both.py"}

    assert stores < set(run.tables)
    assert len(run.tables) == len(MODULES) + 1
    assert all(rows(run.tables[store])["RPL"][0] == str(of_nonces("RPL")) for store in stores)


def test_it_is_plain_text_that_fits_a_narrow_terminal_and_shows_no_password(run: Run) -> None:
    assert "operator:password" not in run.output.partition("oauthstore conformance")[2]
    assert "\x1b" not in run.output
    for table in run.tables.values():
        assert max(map(len, table.splitlines())) <= 80


def test_a_run_without_the_kit_has_no_summary_and_does_not_import_it(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test_other(record_property): record_property('oauth', 1)")
    pytester.makeconftest("""
        import sys

        def pytest_unconfigure():
            loaded = sorted(name for name in sys.modules if name.startswith("oauthstore_"))
            print("loaded:", *loaded)
    """)
    result = pytester.runpytest_subprocess("-s")

    result.stdout.no_fnmatch_line("*oauthstore conformance*")
    result.stdout.fnmatch_lines(
        ["loaded: oauthstore_core oauthstore_core._version oauthstore_core.pytest_plugin"]
    )


# --- from the runner ---


def test_a_report_tells_how_each_case_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHSTORE_TEST_ROUNDS", "2")
    monkeypatch.setenv("OAUTHSTORE_TEST_GENERATIONS", "5")
    results = {r.case_id: r for r in run_cases(lambda _: StoreAddress(plugin, "memory://"))}

    assert set(results) == {case.id for case in all_cases()}
    assert results["RPL-01a"] == Result("RPL-01a", "proved")
    assert results["ONE-03"].ending == "skipped"
    assert results["SEC-01a"].ending == "failed"
    assert "SEC-01 needs a raw probe" in results["SEC-01a"].reason


def test_a_summary_counts_by_family_and_tells_what_is_not_proved() -> None:
    summary = format_summary(
        [
            Result("FAM-01a", "proved"),
            Result("FAM-02a", "failed", "it is alive\nand well"),
            Result("RPL-05", "not proved", "no seam"),
            Result("RPL-01a", "not proved", "no seam"),
        ]
    )

    assert rows(summary) == {
        "FAM": ["1", "-", "1", "-"],
        "RPL": ["-", "2", "-", "-"],
        "all": ["1", "2", "1", "-"],
    }
    assert "not proved: RPL-01a, RPL-05: no seam\nfailed: FAM-02a: it is alive\n" in summary
    assert "family      proved  not proved      failed     skipped" in summary


def test_a_summary_of_everything_leaves_nothing_out() -> None:
    ids = [case_id for family in case_ids().values() for case_id in family]

    assert "not run" not in format_summary([Result(case_id, "proved") for case_id in ids])
