"""A case that is overridden, left out or skipped without a reason fails the run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

from .cases import all_cases
from .contracts import CONTRACTS, Contract

__all__ = ["broken_rules"]

#: The cases as written, taken when the kit is imported: what replaces one later is found out.
_WRITTEN = {(case.contract, case.name): case.function for case in all_cases()}


def broken_rules(
    namespace: Mapping[str, object], fixtures: Mapping[str, object] | None = None
) -> list[str]:
    """Return what in a test module keeps cases from being run as they were written.

    Allowed is to override a case marked ``@pytest.mark.xfail(reason="...")``.
    `fixtures` are those of the suite, which the module must not replace.
    """
    classes = [
        value
        for name, value in namespace.items()
        if inspect.isclass(value) and issubclass(value, Contract) and name.startswith("Test")
    ]
    problems = [problem for found in classes for problem in _problems(found)]
    problems += [
        f"{contract.__name__} has no test class in this module. Import all of "
        "`oauthstore_core.testing.suite`; roles that are not served are skipped."
        for contract in CONTRACTS
        if not any(issubclass(found, contract) for found in classes)
    ]
    problems += _skips("The module", namespace.get("pytestmark", []))
    problems += [
        f"The fixture `{name}` is not the suite's. Remove it: an author gives `store_address`, and "
        "the optional fixtures that the package tells of."
        for name, fixture in (fixtures or {}).items()
        if namespace.get(name, fixture) is not fixture
    ]
    return problems


def _problems(found: type) -> Iterator[str]:
    yield from _skips(found.__name__, getattr(found, "pytestmark", []))
    for (contract, name), written in _WRITTEN.items():
        if not issubclass(found, contract):
            continue
        present = inspect.getattr_static(found, name, None)
        if present is not written and not _expected_to_fail(present):
            yield (
                f"{found.__name__}.{name} overrides a case of {contract.__name__}. Remove it, or "
                'mark it @pytest.mark.xfail(reason="...").'
            )


def _skips(owner: str, marks: object) -> list[str]:
    found = marks if isinstance(marks, list) else [marks]
    names = [getattr(mark, "name", "") for mark in found]
    return [
        f"{owner} is marked {name}. Remove the mark: the cases of a served role are all run."
        for name in names
        if name in {"skip", "skipif", "xfail"}
    ]


def _expected_to_fail(function: object) -> bool:
    marks = getattr(function, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
