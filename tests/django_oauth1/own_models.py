"""Clients and token credentials of a project's own, as Authlib's documentation has them."""

# ruff: noqa: ANN401, DJ008 - of Authlib, which declares no types; nobody looks at them

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from authlib.oauth1 import ClientMixin, TokenCredentialMixin

from ..integrations.django_oauth2.people import find_person, person_model
from ..integrations.django_oauth2.project import create_table

__all__ = ["fill", "own_models"]


@cache
def own_models() -> SimpleNamespace:
    """Return the models, whose tables are there from now on."""
    from django.db import models  # noqa: PLC0415 - only once the project is set up

    class Client(models.Model, ClientMixin):  # type: ignore[misc]  # of Authlib, untyped
        client_id = models.CharField(max_length=48, unique=True)
        client_secret = models.CharField(max_length=120, blank=True)
        default_redirect_uri = models.TextField(blank=True)
        rsa_public_key = models.TextField(blank=True)

        class Meta:
            app_label = "people"

        def get_default_redirect_uri(self) -> Any:
            return self.default_redirect_uri

        def get_client_secret(self) -> Any:
            return self.client_secret

        def get_rsa_public_key(self) -> Any:
            return self.rsa_public_key

    class Token(models.Model, TokenCredentialMixin):  # type: ignore[misc]  # the same
        user = models.ForeignKey(person_model(), on_delete=models.CASCADE)
        client_id = models.CharField(max_length=48, db_index=True)
        oauth_token = models.CharField(max_length=84, unique=True)
        oauth_token_secret = models.CharField(max_length=84)

        class Meta:
            app_label = "people"

        def get_oauth_token(self) -> Any:
            return self.oauth_token

        def get_oauth_token_secret(self) -> Any:
            return self.oauth_token_secret

    find_person("1")
    for model in (Client, Token):
        create_table(model)
    return SimpleNamespace(Client=Client, Token=Token)


def fill(secret: str, rsa_public_key: str, callback: str) -> SimpleNamespace:
    """Empty the tables, and register three clients, of which c3 has no secret but a key."""
    models = own_models()
    for name in ("1", "2"):
        find_person(name)
    for model in (models.Client, models.Token):
        model.objects.all().delete()
    for client_id in ("c1", "c2"):
        models.Client.objects.create(
            client_id=client_id,
            client_secret=secret,
            default_redirect_uri=callback,
            rsa_public_key=rsa_public_key,
        )
    models.Client.objects.create(client_id="c3", rsa_public_key=rsa_public_key)
    return models
