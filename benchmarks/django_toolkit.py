"""django-oauth-toolkit on SQLite, with hashed tokens.

The client's secret is in clear text: with Django's password hashes, its default,
nothing but PBKDF2 would be measured.
"""

from __future__ import annotations

from typing import Any

from .django_setting import set_up
from .setting import CLIENT_ID, CLIENT_SECRET, SCOPE, Setting

__all__ = ["create_app"]


def create_app() -> Any:
    """Return the WSGI application on the database that the environment names."""
    provider = {
        "SCOPES": {SCOPE: "See your name"},
        "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    }
    make = set_up(
        Setting.of_environment(),
        "benchmarks.django_toolkit_urls",
        "oauth2_provider",
        OAUTH2_PROVIDER=provider,
    )
    _register_client()
    return make()


def _register_client() -> None:
    from oauth2_provider.models import get_application_model  # noqa: PLC0415 - not before set-up

    application = get_application_model()
    if application.objects.filter(client_id=CLIENT_ID).exists():
        return
    application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        hash_client_secret=False,
        client_type=application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=application.GRANT_CLIENT_CREDENTIALS,
        name="Benchmark",
    )
