"""How the cases ended, by store and family; the word "proved" is for what ran and passed.

Under pytest each case notes in its report which one it is, so that the
summary is written wherever the reports arrive, as in xdist's controller.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pytest

from .address import StoreAddress
from .cases import all_cases, case_of
from .kit import NOT_PROVED

__all__ = [
    "ENDINGS",
    "Ending",
    "Result",
    "collect_results",
    "format_summary",
    "note_case",
    "note_store",
    "skipped_result",
]

Ending = Literal["proved", "not proved", "failed", "skipped"]

#: In the order of the columns.
ENDINGS: Final[tuple[Ending, ...]] = ("proved", "not proved", "failed", "skipped")
#: Which ending stands where a case has several, as one that passed and whose teardown failed.
_GRAVITY: Final[tuple[Ending, ...]] = ("proved", "skipped", "not proved", "failed")
_CASE, _OVERRIDDEN, _STORE = "oauthstore_case", "oauthstore_overridden_case", "oauthstore_store"
_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Result:
    """How a case ended, with the reason where it is not proved."""

    case_id: str
    ending: Ending
    reason: str = ""


# --- from pytest's reports ---


def note_case(item: pytest.Item, owner: type | None, function: object) -> None:
    """Write into the item's reports which case it is, and whether it still is what was written."""
    function = getattr(function, "__func__", function)
    case = None if owner is None else case_of(owner, getattr(function, "__name__", ""))
    if case is not None:
        kind = _CASE if function is case.function else _OVERRIDDEN
        item.user_properties.append((kind, case.id))


def note_store(item: pytest.Item, address: StoreAddress) -> None:
    """Write into the item's reports which kind of store it is run on; no more of the URL."""
    scheme, colon, _ = address.url.partition(":")
    name = address.descriptor().name
    item.user_properties.append((_STORE, f"{name} ({scheme})" if colon else name))


def collect_results(stats: Mapping[str, Iterable[object]]) -> dict[str, list[Result]]:
    """Return the results by store and test module, from pytest's reports by category."""
    worst: dict[tuple[str, str], tuple[str, Result]] = {}
    for category, report, kind, case_id in _noted(stats):
        found = _result(category, case_id, report, overridden=kind == _OVERRIDDEN)
        if found is None:
            continue
        key = (str(getattr(report, "nodeid", "")), case_id)
        _, before = worst.get(key, ("", found))
        worst[key] = (_where(report), max(before, found, key=_gravity))
    groups: dict[str, list[Result]] = {}
    for where, result in worst.values():
        groups.setdefault(where, []).append(result)
    return groups


def _noted(stats: Mapping[str, Iterable[object]]) -> Iterator[tuple[str, object, str, str]]:
    for category, reports in stats.items():
        for report in reports:
            for kind, value in getattr(report, "user_properties", ()):
                if kind in {_CASE, _OVERRIDDEN}:
                    yield category, report, kind, str(value)


def _gravity(result: Result) -> int:
    return _GRAVITY.index(result.ending)


def _where(report: object) -> str:
    nodeid = str(getattr(report, "nodeid", ""))
    noted = dict(getattr(report, "user_properties", ()))
    parameters = nodeid.partition("[")[2].rpartition("]")[0]
    store = " ".join(filter(None, (str(noted.get(_STORE, "no store")), parameters)))
    return f"{store}, {nodeid.partition('::')[0]}"


def _result(category: str, case_id: str, report: object, *, overridden: bool) -> Result | None:
    reason = _reason(getattr(report, "longrepr", None))
    match category:
        case "passed" | "xpassed" if overridden:
            return Result(case_id, "not proved", "overridden: what passed is not the kit's case")
        case "passed":
            return Result(case_id, "proved")
        case "failed" | "error":
            return Result(case_id, "failed", reason)
        case "xfailed":
            return Result(case_id, "failed", f"as expected: {getattr(report, 'wasxfail', '')}")
        case "xpassed":
            return Result(case_id, "failed", "it was expected to fail, and passed")
        case "skipped":
            return skipped_result(case_id, reason)
        case _:
            return None


def skipped_result(case_id: str, reason: str) -> Result:
    """Return the result of a case that was skipped: not proved, if the reason says so."""
    reason = reason.removeprefix("Skipped: ")
    if reason.startswith(NOT_PROVED):
        return Result(case_id, "not proved", reason.removeprefix(NOT_PROVED))
    return Result(case_id, "skipped", reason)


def _reason(longrepr: object) -> str:
    if isinstance(longrepr, tuple | list) and len(longrepr) == 3:
        return str(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    return str(getattr(crash, "message", "") or longrepr or "")


# --- as a table ---


def format_summary(results: Iterable[Result], width: int = _WIDTH) -> str:
    """Return a table of families and endings, then all that is not proved, with its reasons."""
    results = sorted(results, key=lambda each: each.case_id)
    families: dict[str, Counter[Ending]] = {}
    for result in results:
        families.setdefault(result.case_id.partition("-")[0], Counter())[result.ending] += 1
    total: Counter[Ending] = Counter(result.ending for result in results)
    lines = ["family" + "".join(f"{ending:>12}" for ending in ENDINGS)]
    lines += [_row(family, counts) for family, counts in sorted(families.items())]
    lines += [_row("all", total)]
    for ending in ENDINGS[1:]:
        lines += _reasons(ending, [each for each in results if each.ending == ending], width)
    lines += _left_out({result.case_id for result in results}, width)
    return "\n".join(lines)


def _row(title: str, counts: Mapping[Ending, int]) -> str:
    return f"{title:6}" + "".join(f"{counts.get(ending, 0) or '-':>12}" for ending in ENDINGS)


def _reasons(ending: Ending, results: Iterable[Result], width: int) -> Iterator[str]:
    """Yield one paragraph for each reason: most are those of many cases."""
    cases: dict[str, list[str]] = {}
    for result in results:
        first = (result.reason.strip() or "no reason was given").splitlines()[0]
        cases.setdefault(first, []).append(result.case_id)
    for reason, case_ids in cases.items():
        yield from textwrap.wrap(
            f"{ending}: {_listed(case_ids)}: {reason}",
            width,
            subsequent_indent="    ",
            max_lines=4,
            placeholder=" ...",
            break_on_hyphens=False,
        )


def _listed(case_ids: list[str]) -> str:
    if len(case_ids) <= 6:
        return ", ".join(case_ids)
    families = Counter(case_id.partition("-")[0] for case_id in case_ids)
    return ", ".join(f"{count} of {family}" for family, count in families.items())


def _left_out(run: set[str], width: int) -> list[str]:
    known = {case.id for case in all_cases()}
    if not known - run:
        return []
    text = (
        f"not run: {len(known - run)} of {len(known)} cases, which were deselected or not reached; "
        "nothing is said of them"
    )
    return textwrap.wrap(text, width, subsequent_indent="    ")
