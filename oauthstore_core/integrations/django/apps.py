"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["OAuthStoreConfig"]


class OAuthStoreConfig(AppConfig):
    """Registers the checks; its models have no tables."""

    name = "oauthstore_core.integrations.django"
    label = "oauthstore"
    verbose_name = "OAuth"

    def ready(self) -> None:
        """Let ``manage.py check`` know the checks."""
        from ..django_oauth1 import checks as oauth1_checks  # noqa: PLC0415 - the same
        from .checks import register_checks  # noqa: PLC0415 - the app's name must import by itself

        register_checks()
        oauth1_checks.register_checks()
