"""The grants of a client or a subject, in the order of their ends, and the fences over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oauthstore_core.records import Grant

from .keys import TAG_WIDTH, Keys, tag
from .store import Command, Store, call

__all__ = ["Range", "announcements", "range_of", "ranges_over", "stops"]


@dataclass(frozen=True, slots=True)
class Range:
    """An index, the fence over it in the same slot, and what its entries begin with."""

    index: str
    fence: str
    #: In a subject's index the client stands in front of the grant, for a range of both.
    prefix: str = ""
    width: int = 0

    def grant_id(self, member: str) -> str | None:
        """Return the grant of an entry; None where it is not of this range."""
        return member[self.width :] if member.startswith(self.prefix) else None


def range_of(keys: Keys, client_id: str | None, subject: str | None) -> Range:
    """Return the range of a client, of a subject, or of both."""
    if subject is None:
        assert client_id is not None  # noqa: S101 - the callers have looked
        return Range(*keys.range("client", client_id))
    if client_id is None:
        return Range(*keys.range("subject", subject), width=TAG_WIDTH)
    both = keys.range("subject", subject, fence=client_id)
    return Range(*both, prefix=tag(client_id), width=TAG_WIDTH)


def ranges_over(keys: Keys, grant: Grant) -> Iterator[tuple[list[str], str]]:
    """Yield the keys of each index that a grant is in, with its fences, and its entry there."""
    of_client = range_of(keys, grant.client_id, None)
    yield [of_client.index, of_client.fence], grant.grant_id
    if grant.subject is not None:
        of_subject = range_of(keys, None, grant.subject)
        of_both = range_of(keys, grant.client_id, grant.subject)
        member = tag(grant.client_id) + grant.grant_id
        yield [of_subject.index, of_subject.fence, of_both.fence], member


def announcements(store: Store, grant: Grant, now: int) -> list[Command]:
    """Return what announces a grant in its indexes; the answers are the fences there."""
    rest = (grant.keep_until, now, store.options.slack)
    ranged = ranges_over(store.keys, grant)
    return [call("announce", keys, member, *rest) for keys, member in ranged]


def stops(fence: bytes | None, grant: Grant) -> bool:
    """Tell whether a fence, as stored, stops a new grant."""
    return fence is not None and grant.granted_at <= int(fence.split()[0])
