"""By hand: Authlib and Django's ORM, as Authlib's documentation shows it.

Its server on two models, its validator, and an endpoint of introspection, which
it leaves to the reader. A careful reader has indexes on what is looked up.
"""

from __future__ import annotations

from typing import Any

from ..django_setting import set_up
from ..setting import CLIENT_ID, CLIENT_SECRET, SCOPE, Setting

__all__ = ["create_app"]


def create_app() -> Any:
    """Return the WSGI application on the database that the environment names."""
    make = set_up(Setting.of_environment(), f"{__name__}.urls", __name__)
    _register_client()
    return make()


def _register_client() -> None:
    from .models import OAuth2Client  # noqa: PLC0415 - not before the set-up

    client = {"client_secret": CLIENT_SECRET, "client_name": "Benchmark", "scope": SCOPE}
    OAuth2Client.objects.get_or_create(client_id=CLIENT_ID, defaults=client)
