"""No case of the list that the contract was written with is forgotten."""

from __future__ import annotations

import re

from oauthstore_core.testing.cases import ELSEWHERE, RESTATED, STRUCK, all_cases

#: How many cases each family of the first list has, numbered from 1.
FIRST_LIST = {
    "CAP": 5,
    "RT": 9,
    "ONE": 9,
    "FAM": 13,
    "REV": 8,
    "RPL": 7,
    "IDX": 7,
    "DEV": 4,
    "PAR": 2,
    "O1": 3,
    "CLI": 3,
    "EXP": 8,
    "CON": 8,
    "FLT": 10,
    "SEC": 6,
    "OPS": 6,
}
WANTED = {f"{family}-{n:02}" for family, count in FIRST_LIST.items() for n in range(1, count + 1)}


def run() -> set[str]:
    return {re.sub(r"[a-z]$", "", case.id) for case in all_cases()}


def test_each_case_of_the_list_is_run_or_has_a_reason() -> None:
    assert sorted(WANTED - run() - set(STRUCK) - set(ELSEWHERE)) == []


def test_no_case_is_both_run_and_left_out() -> None:
    assert not run() & set(STRUCK)
    assert not run() & set(ELSEWHERE)
    assert not set(STRUCK) & set(ELSEWHERE)


def test_only_what_is_run_is_restated() -> None:
    assert set(RESTATED) <= run()


def test_every_reason_is_one() -> None:
    for reasons in (RESTATED, STRUCK, ELSEWHERE):
        assert all(len(reason) > 10 or reason in run() for reason in reasons.values())
        assert set(reasons) <= WANTED
