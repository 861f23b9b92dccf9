"""MongoDB storage for oauthstore, on PyMongo."""

from .backend import MongoBackend, plugin

__all__ = ["MongoBackend", "plugin"]
