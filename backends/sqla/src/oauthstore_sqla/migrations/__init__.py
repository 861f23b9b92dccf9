"""The schema's history: Alembic, run by the store itself and configured by nobody."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from ..schema import VERSION_TABLE

__all__ = ["configuration", "current_revision", "upgrade"]

#: Alembic keeps what it is at in its modules: one at a time.
_ALEMBIC: Final = threading.Lock()


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, which needs no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema to its newest revision, within the caller's transaction."""
    with _ALEMBIC:
        command.upgrade(configuration(connection), "head")


def current_revision(connection: Connection) -> str | None:
    """Return the revision at which the schema stands, None before the first."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()
