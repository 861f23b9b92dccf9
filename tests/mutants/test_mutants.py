"""The tool itself, on a module of three lines: what is weak survives, what is tested does not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from .mutants import Mutant, mutants_of, source_of
from .processes import Call, Died, Overdue, run_all
from .reason import Reason
from .reasons import REASONS, reason_for, unused
from .targets import TARGETS

SOURCE = """
def is_due(deadline, now):
    return deadline is not None and deadline <= now
"""


def changes(source: str) -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants_of("tiny", source)}


def notices(mutant: Mutant, *, boundary: bool) -> bool:
    """Judge a mutant of SOURCE by tests that look at the boundary, or do not."""
    found = SimpleNamespace()
    exec(mutant.code(), vars(found))  # noqa: S102 - our own lines
    is_due: Callable[[int | None, int], bool] = found.is_due
    try:
        answers = [is_due(None, 5), is_due(4, 5), is_due(6, 5), boundary and is_due(5, 5)]
    except TypeError:
        return True
    return answers != [False, True, False, boundary]


def test_a_test_at_the_boundary_notices_what_another_does_not() -> None:
    mutants = mutants_of("tiny", SOURCE)

    survivors = {m.after for m in mutants if not notices(m, boundary=False)}
    assert survivors == {"deadline < now"}
    assert all(notices(m, boundary=True) for m in mutants)


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        ("a < b", "a < b", "a >= b"),
        ("a and b", "b", "(dropped)"),
        ("not a", "not a", "a"),
        ("~a", "~a", "a"),
        ("q.where(a, b, c)", "b", "(dropped)"),
        ("q.where(a)", "where(a)", "(dropped)"),
        ("q.order_by(a)", "order_by(a)", "(dropped)"),
        ("or_(a, b)", "a", "(dropped)"),
        ("c.is_(None)", "c.is_(None)", "c.is_not(None)"),
        ("q.join_from(a, b, a.x == b.x)", "a.x == b.x", "a.x == a.x"),
        ("q.values(state=x, at=y)", "at=y", "(dropped)"),
        ("replace(r, state=x)", "state=x", "(dropped)"),
        ("upsert(set_={'at': x, 'state': y})", "{'state': y}", "(dropped)"),
        ("func.coalesce(a, b)", "func.coalesce(a, b)", "b"),
        ("case((a, b), else_=c)", "case((a, b), else_=c)", "c"),
        ("max(a, b)", "max(a, b)", "min(a, b)"),
        ("x if a else y", "x if a else y", "y"),
        ("Claim(ClaimOutcome.MISSING)", "ClaimOutcome.MISSING", "ClaimOutcome.ALREADY_USED"),
        ("Claim(outcome, found)", "found", "(dropped)"),
        ("'BEGIN IMMEDIATE'", "'BEGIN IMMEDIATE'", "'BEGIN'"),
        ("store.transact(work)", "store.transact(work)", "store.run(work, writes=True)"),
    ],
)
def test_each_kind_of_condition_has_its_mutants(line: str, before: str, after: str) -> None:
    assert (before, after) in changes(f"def verb():\n    return {line}\n")


def test_a_lock_a_step_and_the_order_of_steps_have_theirs() -> None:
    found = changes("""
class Store:
    def revoke(self, now):
        with self._lock:
            self.fence(now)
            if now:
                raise DuplicateError("It is there.")
            return self.sweep(now)
""")

    assert ("with self._lock:", "if True:") in found
    assert ("self.fence(now)", "(dropped)") in found
    assert ("self.fence(now)", "(after the answer)") in found
    assert ("now", "True") in found
    assert ("now", "False") in found
    assert ("DuplicateError", "ConflictError") in found


def test_the_order_is_changed_and_nothing_else() -> None:
    source = "def act(done):\n    done.append('first')\n    return done.append('second')\n"
    (late,) = (m for m in mutants_of("tiny", source) if m.after == "(after the answer)")
    found, done = SimpleNamespace(), list[str]()
    exec(late.code(), vars(found))  # noqa: S102 - our own lines
    found.act(done)

    assert done == ["second", "first"]


def test_every_mutant_of_the_verbs_can_be_compiled_and_changes_no_file() -> None:
    for target in TARGETS[3:5]:
        source = source_of(target.module)
        for mutant in target.mutants()[::9]:
            mutant.code()

        assert source_of(target.module) == source


def test_every_target_has_mutants() -> None:
    for target in TARGETS:
        assert target.mutants(), target


def test_a_reason_goes_by_words_and_not_by_lines() -> None:
    moved = mutants_of("tiny", "\n\n" + SOURCE)
    reason = Reason("", "tiny", "is_due", "deadline <= now", "deadline < now", "Why not.")

    explained = [mutant.after for mutant in moved if reason_for(mutant, (reason,))]
    assert explained == ["deadline < now"]
    assert unused([reason], moved) == []
    assert unused([reason], [m for m in moved if m.after != "deadline < now"]) == [reason]


def test_every_reason_is_about_something_that_is_there() -> None:
    mutants = [mutant for target in TARGETS for mutant in target.mutants()]

    assert unused(REASONS, mutants) == []


def test_what_hangs_and_what_dies_is_told_from_what_answers() -> None:
    calls = [
        Call(lambda: 7, "answers", 60),
        Call(lambda: time.sleep(600), "hangs", 0.2),
        Call(lambda: sys.exit(3), "dies", 60),
    ]
    ends = {call.name: answer for call, answer in run_all(iter(calls), 2)}

    assert ends == {"answers": 7, "hangs": Overdue(), "dies": Died(3)}
