"""SQL storage for oauthstore, on SQLAlchemy Core."""

from .backend import SqlaBackend, plugin

__all__ = ["SqlaBackend", "plugin"]
