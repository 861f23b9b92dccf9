"""How times and places are said in plain English."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from ..settings import is_loopback

__all__ = ["describe_duration", "describe_place"]

_UNITS: Final = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def describe_duration(seconds: int) -> str:
    """Return ``90 days``, ``1 hour``, ``90 minutes``: the largest unit that fits whole."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0 or size == 1)
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def describe_place(redirect_uri: str) -> str:
    """Return where a redirect leads, as a person would call it."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in {"http", "https"}:
        return f"an app on this device ({parts.scheme})"
    if is_loopback(redirect_uri):
        return f"this device ({parts.netloc})"
    return parts.hostname or redirect_uri
