"""The list of cases: their ids and what each proves.

The ids are those of the list that the contract was written with. A letter
tells the cases of one id apart. `RESTATED` and `STRUCK` say where this
contract asks for something else than that list, and why; `ELSEWHERE`, where
the rest is proved.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from .contracts import CONTRACTS, contract_cases

__all__ = [
    "ELSEWHERE",
    "RESTATED",
    "STRUCK",
    "Case",
    "all_cases",
    "case_ids",
    "case_of",
    "find_case",
]

_DOCSTRING = re.compile(r"(?P<id>(?P<family>[A-Z]+)-\d\d[a-z]?): (?P<summary>.+)", re.DOTALL)

#: Cases that ask for something else than the first list, with the reason.
RESTATED: Final[dict[str, str]] = {
    "RT-02": "the error is DuplicateError; it also covers families, aliases and account names",
    "RT-05": "tokens cross as digests: what is long is payloads and sealed responses",
    "RT-07": "payloads are opaque: kept byte for byte, so unknown keys survive by themselves",
    "RT-08": "records are frozen: what was returned or given must not stay connected to the store",
    "ONE-03": "for stores that outlive their handle (capability shared)",
    "ONE-06": "failed validation is the core's, before the claim: looking must not use",
    "ONE-08": "`redeem_credential` (capability redeems); elsewhere the core claims, then saves",
    "ONE-09": "with the core's part played by the case: at most one is answered, none survives",
    "FAM-01": "without grace one WON and none alive, the rest REUSED or REVOKED; with grace one",
    "FAM-02": "issues access tokens too; there is no count of revoked tokens",
    "FAM-05": "the response is sealed by the core and comes back to the byte",
    "FAM-08": "there is no limit to the number of graces, only of their time",
    "FAM-10": "the end is the grant's `keep_until`, fixed when it is first saved",
    "FAM-11": "generations, not tokens: two refresh tokens are kept however often it rotates",
    "FAM-13": "the failing commit is a successor whose digest exists; a repeated delivery is WON",
    "REV-03": "by grant, by client, by subject, by both: sessions are payload",
    "REV-04": "`revoke_token` under another's grant; which client asks is checked by the core",
    "REV-05": "there are no hints: the shape of a token says which query to ask",
    "REV-06": "deleting a client is the core's delete, then sweep: the sweep takes all it finds",
    "REV-08": "the code is claimed, the consent withdrawn, then the save refused",
    "IDX-02": "the alias of a credential, after its holder expired and was purged",
    "IDX-03": "of a client's `expires_at`, the only expiry that a write can clear",
    "IDX-04": "a claim leaves `expires_at` and `keep_until` alone",
    "IDX-06": "a write drops the grant's expired access tokens and those beyond 32",
    "EXP-04": "no write prolongs a credential, token or grant",
    "EXP-07": "time is an argument: the given one decides, whatever the store's clock says",
    "EXP-08": "1970 only for stores that do not remove by their own clock",
    "CON-01": "compare-and-set of clients and accounts: contiguous versions, each writer counted",
    "CON-07": "one handle: threads at once, and parent and child of a fork",
    "FLT-01": "each writing verb; before an I/O it is repeated, after one a sweep finds the rest",
    "FLT-02": "the very call is right or unavailable: its own write is never another's",
    "FLT-03": "a sweep that was cut off may be half done, and is whole once it is made again",
    "FLT-05": "an I/O that fails is StoreUnavailableError or a right answer, and may be repeated",
    "FLT-07": "with the fixture `restart_store`; what was acknowledged is there if durable",
    "FLT-10": "with the fixture `dead_address`: no call answers, and none hangs",
    "DEV-02": "whole seconds have a tolerance of one, else the punctual would be slowed",
    "CAP-01": "each capability by a letter of its own; there are no transactions across calls",
    "CAP-04": "of the open store, with the very check that the core makes as it starts",
    "CON-03": "sweeps that cross each other: ConflictError is an answer, and a repetition ends",
    "CON-04": "of any store, not only an embedded one",
    "OPS-03": "`migrate`; on a new store with `StoreAddress.another`",
    "OPS-04": "`describe`, `ping` and `close`; on a new store with `StoreAddress.another`",
    "SEC-04": "handles never cross: what must not be told is payloads and sealed responses",
    "SEC-06": "with `StoreAddress.another`",
}

#: Cases that are not asked of a store, with the reason.
STRUCK: Final[dict[str, str]] = {
    "RPL-07": "which requests need a nonce is the core's affair",
    "IDX-01": "no verb changes a grant's id, an alias or a family once it is saved",
    "IDX-05": "a grant's end is fixed, so no index needs to grow with its members",
    "EXP-01": "times are whole seconds",
    "EXP-02": "times are integers: there is no zone to lose",
    "DEV-04": "user codes are normalised by the core before they are digested",
    "PAR-01": "ONE-06 runs for pushed requests",
    "PAR-02": "ONE-04 runs for pushed requests",
    "O1-01": "DEV-01 runs for temporary credentials",
    "O1-02": "sealing is the core's; SEC-01 looks for the secret",
    "O1-03": "EXP-06",
    "CLI-02": "secrets are payload",
    "CLI-03": "whether a client is disabled is payload",
    "FLT-06": "there is no unit of work across calls",
    "CON-02": "no verb takes a function",
    "CON-06": "verbs are synchronous: an async edge calls them in a worker thread",
    "OPS-05": "nothing plain is ever stored, so nothing is upgraded on read",
    "OPS-06": "no verb lists secrets: a store is moved with its own tools",
}

#: Cases that are no case of a store alone, with where they are proved instead.
ELSEWHERE: Final[dict[str, str]] = {
    "CAP-02": "the core refuses, as it starts, what no store promises: its own tests",
    "CAP-03": "a backend knows the layout of its cluster: its own tests",
    "CAP-05": "the kit's own test, which runs each broken backend of `sabotage`",
    "FLT-08": "a backend knows how its servers fail over, and declares what that can lose",
    "FLT-09": "a store that evicts declares itself not durable, and the core refuses it (CAP-02)",
    "SEC-02": "the core keys what has little entropy; no store sees it otherwise",
    "OPS-01": "a backend asks its database for the plans of its own statements: its own tests",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one contract class."""

    id: str
    #: The letters of the id, such as ``FAM``.
    family: str
    #: What the store must do, as a sentence.
    summary: str
    contract: type
    #: The name of the method.
    name: str
    #: The method as the kit wrote it.
    function: Callable[..., None]


@cache
def all_cases() -> tuple[Case, ...]:
    """Return every case of every contract class."""
    return tuple(
        _describe(contract, name, function)
        for contract in CONTRACTS
        for name, function in contract_cases(contract).items()
    )


def _describe(contract: type, name: str, function: Callable[..., None]) -> Case:
    found = _DOCSTRING.fullmatch(inspect.getdoc(function) or "")
    if found is None:
        raise ValueError(
            f"The docstring of {contract.__name__}.{name} does not begin with a case's id. "
            'Begin it like """FAM-03: only the immediate predecessor gets the grace."""'
        )
    return Case(found["id"], found["family"], found["summary"], contract, name, function)


def case_ids() -> dict[str, tuple[str, ...]]:
    """Return the ids of all cases by family, sorted."""
    families: dict[str, list[str]] = {}
    for case in all_cases():
        families.setdefault(case.family, []).append(case.id)
    return {family: tuple(sorted(ids)) for family, ids in sorted(families.items())}


def case_of(owner: type, name: str) -> Case | None:
    """Return the case that a test class of that name's method runs, if it is one."""
    return next((c for c in all_cases() if c.name == name and issubclass(owner, c.contract)), None)


def find_case(case_id: str) -> Case:
    """Return the case of that id. `KeyError`: there is none."""
    return {case.id: case for case in all_cases()}[case_id]
