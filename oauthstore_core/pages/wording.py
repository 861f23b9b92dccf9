"""How times and places are said in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from ..settings import is_loopback
from ..translation import Message, Plural, Texts

__all__ = ["describe_duration", "describe_moment", "describe_place"]

_UNITS: Final = (
    (86400, Plural("%(count)s day", "%(count)s days")),
    (3600, Plural("%(count)s hour", "%(count)s hours")),
    (60, Plural("%(count)s minute", "%(count)s minutes")),
    (1, Plural("%(count)s second", "%(count)s seconds")),
)


def describe_duration(texts: Texts, seconds: int) -> str:
    """Return ``90 days``, ``1 hour``, ``90 minutes``: the largest unit that fits whole."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return texts.count(unit, seconds // size)


def describe_moment(seconds: int) -> str:
    """Return a time (seconds since the epoch) as ``2027-01-15 08:00 UTC``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def describe_place(texts: Texts, redirect_uri: str) -> str:
    """Return where a redirect leads, as a person would call it."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in {"http", "https"}:
        return texts.say(Message("an app on this device (%(scheme)s)"), scheme=parts.scheme)
    if is_loopback(redirect_uri):
        return texts.say(Message("this device (%(address)s)"), address=parts.netloc)
    return parts.hostname or redirect_uri
