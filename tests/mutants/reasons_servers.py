"""On PostgreSQL and on MySQL: why what nobody notices there is no gap of the kit."""

from __future__ import annotations

from typing import Final

from .reason import Reason

__all__ = ["OF_MYSQL", "OF_POSTGRESQL"]

OF_POSTGRESQL: Final[tuple[Reason, ...]] = ()
OF_MYSQL: Final[tuple[Reason, ...]] = ()
