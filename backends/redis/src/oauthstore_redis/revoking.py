"""Revoking one grant, or all of a range: the fence first, then every grant that is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .handles import Handles
from .ranges import Range, range_of, ranges_over
from .records import packed, unpacked_grant
from .store import Command, Store, call

__all__ = ["GrantRevoker"]


class GrantRevoker:
    """Marks grants as revoked, those that are yet to be saved as well."""

    def __init__(self, store: Store, handles: Handles) -> None:
        self._store = store
        self._handles = handles
        self._slack = store.options.slack

    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        """Revoke the grant; see the hook."""
        keys = self._store.keys.record("grant", grant_id)
        asked = (grant_id, now, keep_until, self._slack)
        _, *endless = self._store.call("revoke", keys, *asked, 0, 0, "", "")
        self._store.run(*self._ends(grant_id, endless, keep_until, now))

    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        """Raise the fence, then revoke every grant of the range; see the hook."""
        if client_id is None and subject is None:
            raise ValueError("revoke_all needs a client id, a subject, or both; both are None.")
        swept = range_of(self._store.keys, client_id, subject)
        of_client = "" if client_id is None else f"={client_id}"
        of_subject = "" if subject is None else packed(subject)[:-1] + ","
        count = 0
        for entries in self._sweep(swept, now, keep_until):
            answers = self._store.run(
                *(
                    # What has ended and gone needs no mark: nothing saves it any more.
                    call(
                        "revoke",
                        self._store.keys.record("grant", grant_id),
                        *(grant_id, now, keep_until, self._slack, int(now >= ends), 1),
                        *(of_client, of_subject),
                    )
                    for grant_id, _, ends in entries
                )
            )
            count += sum(answer[0] for answer in answers)
            later: list[Command] = []
            for (grant_id, member, _), (_, *endless) in zip(entries, answers, strict=True):
                if endless:
                    later.append(self._rescored(swept.index, member, keep_until, now))
                    later += self._ends(grant_id, endless, keep_until, now)
            self._store.run(*later)
        return count

    def _sweep(
        self, swept: Range, now: int, keep_until: int
    ) -> Iterator[Sequence[tuple[str, str, float]]]:
        """Yield the range's grants, entries and ends, from the step on that raises the fence."""
        keys = [swept.fence, swept.index]
        page = self._store.call("fence", keys, now, keep_until, self._slack)
        while True:
            cursor, flat = page
            members = [(m.decode(), float(e)) for m, e in zip(flat[::2], flat[1::2], strict=True)]
            named = [(swept.grant_id(member), member, ends) for member, ends in members]
            yield [(found, member, ends) for found, member, ends in named if found is not None]
            if cursor == b"0":
                return
            page = self._store.call("scan", [swept.index], cursor)

    def _rescored(self, index: str, member: str, ends: int, now: int) -> Command:
        return call("rescore", [index], member, ends, now, self._slack)

    def _ends(self, grant_id: str, endless: Sequence[Any], ends: int, now: int) -> list[Command]:
        """Return what gives an end to all that leads to a grant that had none till now."""
        if not endless:
            return []
        about, fields = endless
        grant = unpacked_grant(grant_id, about)
        if grant is None:
            return []
        ranged = ranges_over(self._store.keys, grant)
        commands = [self._rescored(keys[0], member, ends, now) for keys, member in ranged]
        keys = [self._handles.token(f[2:].decode()) for f in fields if f[:2] == b"t:"]
        if grant.family is not None:
            keys.append(self._handles.family(grant.family))
        return commands + self._handles.end(keys, ends, now)
