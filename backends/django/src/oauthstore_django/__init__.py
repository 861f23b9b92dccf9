"""Storage for oauthstore in a Django project's own database."""

from .opening import plugin

__all__ = ["plugin"]
