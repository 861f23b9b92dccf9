"""Storage for oauthstore in a Django project's own database, and nonces in its cache."""

from .opening import cache_plugin, plugin

__all__ = ["cache_plugin", "plugin"]
