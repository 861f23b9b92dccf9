"""The suite as its users meet it: what is run, skipped and refused."""

from __future__ import annotations

import inspect
import pickle
import re
from importlib import import_module

import pytest

from oauthstore_core import testing
from oauthstore_core.memory import plugin
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.cases import (
    RESTATED,
    STRUCK,
    all_cases,
    case_ids,
    find_case,
)
from oauthstore_core.testing.contracts import CONTRACTS

pytest_plugins = ["pytester"]

#: How many cases each family of the first list has, of those that no store may skip.
BASE = {"RT": 9, "ONE": 9, "FAM": 13, "REV": 8, "RPL": 7, "EXP": 8}

NONCES_ONLY = """
import pytest
from oauthstore_core.backends import BackendPlugin
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.testing.probe import dump_objects
from oauthstore_core.testing.suite import *

plugin = BackendPlugin("memory", ("nonces",), MemoryBackend.capabilities, open=MemoryBackend)

@pytest.fixture
def store_address():
    return StoreAddress(plugin, "tiny://")
"""

PROBE = """
@pytest.fixture
def raw_dump(open_backend):
    return dump_objects(open_backend().nonces)
"""


def numbers(family: str) -> set[str]:
    return {re.sub(r"[a-z]$", "", case_id) for case_id in case_ids()[family]}


# --- the list of cases ---


def test_every_case_has_an_id_of_its_own() -> None:
    ids = [case.id for case in all_cases()]

    assert len(ids) == len(set(ids))


def test_every_case_is_a_sentence_and_takes_the_kit() -> None:
    for case in all_cases():
        assert case.summary.endswith("."), case.id
        assert list(inspect.signature(case.function).parameters) == ["self", "kit"], case.id


def test_no_case_hides_another_of_its_name() -> None:
    for contract in CONTRACTS:
        written = [name for each in contract.__mro__ for name in vars(each) if "test_" in name]

        assert len(written) == len(set(written)), contract.__name__


@pytest.mark.parametrize(("family", "count"), BASE.items())
def test_no_case_of_the_base_is_forgotten(family: str, count: int) -> None:
    wanted = {f"{family}-{number:02}" for number in range(1, count + 1)}

    assert wanted - numbers(family) <= set(STRUCK)


def test_what_is_struck_is_not_run_and_what_is_restated_is() -> None:
    run = {re.sub(r"[a-z]$", "", case.id) for case in all_cases()}

    assert not run & set(STRUCK)
    assert set(RESTATED) <= run


def test_a_case_is_found_by_its_id() -> None:
    assert find_case("FAM-03b").name == "test_the_grace_is_for_the_immediate_predecessor_only"


# --- in a test module ---


def test_a_backend_of_one_role_is_asked_for_nothing_else(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(NONCES_ONLY + PROBE)
    result = pytester.runpytest("-rs")

    asked = sum(case.function.__module__.endswith(".nonces") for case in all_cases())
    outcomes = result.parseoutcomes()
    # Besides: what is asked of every store, as far as it applies, and the guard.
    assert asked < outcomes["passed"] < asked + 30
    assert outcomes == {**outcomes, "skipped": len(all_cases()) + 1 - outcomes["passed"]}
    assert set(outcomes) == {"passed", "skipped"}
    result.stdout.fnmatch_lines(["*does not serve role tokens"])


def test_the_raw_probe_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(NONCES_ONLY)
    result = pytester.runpytest("-k", "test_no_nonce_is_at_rest")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SEC-01 needs a raw probe*raw_dump*"])


def test_a_probe_that_shows_nothing_is_refused(pytester: pytest.Pytester) -> None:
    blind = "\n@pytest.fixture\ndef raw_dump():\n    return b''\n"
    pytester.makepyfile(NONCES_ONLY + blind)
    result = pytester.runpytest("-k", "test_no_nonce_is_at_rest")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*it proves nothing*"])


def test_a_probe_that_skips_is_refused(pytester: pytest.Pytester) -> None:
    skips = "\n@pytest.fixture\ndef raw_dump():\n    pytest.skip('not today')\n"
    pytester.makepyfile(NONCES_ONLY + skips)
    result = pytester.runpytest("-k", "test_no_nonce_is_at_rest")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SEC-01 is never skipped*not today*"])


OVERRIDDEN = """
class TestNonceStore(NonceStoreContract):
    def test_a_nonce_is_new_once(self, kit):
        pass
"""
DERIVED = OVERRIDDEN.replace("TestNonceStore", "TestMine")
SKIPPED = """
@pytest.mark.skip(reason="slow")
class TestNonceStore(NonceStoreContract):
    pass
"""
PATCHED = "\nNonceStoreContract.test_a_nonce_is_new_once = lambda self, kit: None\n"
REMOVED = "\ndel TestTokenStore\n"
OTHER_KIT = "\n@pytest.fixture\ndef kit():\n    pytest.skip('no')\n"
NO_CASE = "\nclass TestNonceStore(NonceStoreContract):\n    test_a_nonce_is_new_once = None\n"
WITHOUT_REASON = OVERRIDDEN.replace("    def", "    @pytest.mark.xfail\n    def")


KEPT_FROM_RUNNING = {
    "test_overridden": (OVERRIDDEN, "TestNonceStore.test_a_nonce_is_new_once overrides a case"),
    "test_derived": (DERIVED, "TestMine.test_a_nonce_is_new_once overrides a case"),
    "test_no_reason": (WITHOUT_REASON, "TestNonceStore.test_a_nonce_is_new_once overrides a case"),
    "test_no_case": (NO_CASE, "TestNonceStore.test_a_nonce_is_new_once overrides a case"),
    "test_skipped": (SKIPPED, "TestNonceStore is marked skip"),
    "test_skipped_all": ("\npytestmark = pytest.mark.skipif(False, reason='x')", "skipif"),
    "test_other_kit": (OTHER_KIT, "The fixture `kit` is not the suite's"),
    "test_removed_histories": ("\ndel TestHistories\n", "HistoryContract has no test class"),
    "test_removed_facts": ("\ndel TestOperations\n", "OperationsContract has no test class"),
    "test_removed": (REMOVED, "TokenStoreContract has no test class in this module"),
}


def test_a_case_that_is_kept_from_running_fails_the_run(pytester: pytest.Pytester) -> None:
    modules = {name: NONCES_ONLY + change for name, (change, _) in KEPT_FROM_RUNNING.items()}
    pytester.makepyfile(**modules)
    result = pytester.runpytest("-k", "test_no_case_is_overridden", "--no-header", "-rf")

    result.assert_outcomes(failed=len(KEPT_FROM_RUNNING))
    for name, (_, told) in KEPT_FROM_RUNNING.items():
        result.stdout.fnmatch_lines_random([f"*AssertionError: *{told}*"])
        result.stdout.fnmatch_lines_random([f"FAILED {name}.py::*"])


def test_a_case_that_is_replaced_in_the_kit_fails_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(NONCES_ONLY + PROBE + PATCHED)
    # In a process of its own: it breaks the kit.
    result = pytester.runpytest_subprocess("-k", "test_no_case_is_overridden")

    result.assert_outcomes(failed=1)


def test_an_expected_failure_with_a_reason_stands(pytester: pytest.Pytester) -> None:
    expected = OVERRIDDEN.replace("    def", '    @pytest.mark.xfail(reason="known")\n    def')
    pytester.makepyfile(NONCES_ONLY + PROBE + expected.replace("pass", "assert False"))
    result = pytester.runpytest("-k", "test_a_nonce_is_new_once or test_no_case_is_overridden")

    result.assert_outcomes(passed=1, xfailed=1)


def test_nothing_is_loaded_into_other_runs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_the_kit_is_not_there():
            assert "oauthstore_core.testing" not in sys.modules
    """)

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_asserts_of_the_kit_show_their_values() -> None:
    for name in testing.REWRITTEN:
        loader = import_module(name).__loader__

        assert type(loader).__name__ == "AssertionRewritingHook", name


# --- addresses ---


def test_an_address_can_be_handed_to_another_process() -> None:
    by_name = StoreAddress("oauthstore_core.memory:plugin", "memory://", {"a": 1})
    for address in (by_name, StoreAddress(plugin, "memory://", {"a": 1})):
        handed = pickle.loads(pickle.dumps(address))  # noqa: S301 - our own

        assert handed == address
        assert handed.descriptor() == plugin
        handed.open().ping()


def test_an_address_of_something_else_says_so() -> None:
    with pytest.raises(TypeError, match="names a type"):
        StoreAddress("oauthstore_core.memory:MemoryBackend", "memory://").descriptor()
