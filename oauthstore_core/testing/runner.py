"""Single cases without pytest's collection: for reports, and for the kit's own test."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from .address import StoreAddress
from .cases import Case, all_cases, find_case
from .kit import Kit
from .summary import Result, skipped_result

__all__ = ["run_case", "run_cases"]


def run_case(
    case_id: str, address: StoreAddress, dump: Callable[[Kit], bytes] | None = None
) -> None:
    """Run one case on an empty store; it raises what the case raises.

    `dump` is the raw probe. A case that does not apply raises pytest's
    `skip.Exception`.
    """
    case = find_case(case_id)
    kit = Kit(address)
    if dump is not None:
        kit.dump_with(lambda: dump(kit))
    try:
        case.function(case.contract(), kit)
    finally:
        kit.close()


def run_cases(
    address_of: Callable[[Case], StoreAddress], dump: Callable[[Kit], bytes] | None = None
) -> Iterable[Result]:
    """Run every case, each on the empty store that `address_of` gives, and tell how it ended."""
    for case in all_cases():
        yield _result(case, address_of(case), dump)


def _result(case: Case, address: StoreAddress, dump: Callable[[Kit], bytes] | None) -> Result:
    try:
        run_case(case.id, address, dump)
    except pytest.skip.Exception as skipped:
        return skipped_result(case.id, str(skipped))
    except pytest.fail.Exception as failure:
        return Result(case.id, "failed", str(failure))
    except Exception as error:  # noqa: BLE001 - whatever a backend raises is the report's content
        return Result(case.id, "failed", f"{type(error).__name__}: {error}")
    return Result(case.id, "proved")
