"""The pages, one module each: functions of the site and a request that give a response."""

from __future__ import annotations

__all__: list[str] = []
