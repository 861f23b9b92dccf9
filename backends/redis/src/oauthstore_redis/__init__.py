"""Redis and Valkey storage for oauthstore, on redis-py."""

from .backend import RedisBackend, plugin

__all__ = ["RedisBackend", "plugin"]
