"""The Django app: its models and their migrations."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["OAuthStoreConfig"]


class OAuthStoreConfig(AppConfig):
    """What ``INSTALLED_APPS += ["oauthstore_django"]`` installs."""

    name = "oauthstore_django"
    verbose_name = "OAuth store"
    default_auto_field = "django.db.models.BigAutoField"
