"""Clients and token credentials in a project's own models, whose fields are Authlib's."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, router, transaction

from ...oauth1.errors import RefusedTokenError
from ..django_oauth2.users import answering_database

__all__ = ["query_client", "query_token", "save_token"]


def query_client(model: Any, client_id: str) -> Any:
    """Return the row of a client, or None. `StoreUnavailableError`: no answer."""
    return _find(model, client_id=client_id)


def query_token(model: Any, client_id: str, oauth_token: str) -> Any:
    """Return the row of a client's token credential, or None; raises as `query_client` does."""
    return _find(model, client_id=client_id, oauth_token=oauth_token)


def _find(model: Any, **fields: str) -> Any:
    # No database takes this character in a text, and some raise for it.
    if any("\0" in value for value in fields.values()):
        return None
    try:
        with answering_database():
            return model.objects.get(**fields)
    except ObjectDoesNotExist:
        return None


def save_token(model: Any, token: dict[str, str], temporary: Any) -> Any:
    """Return the saved row of a token credential.

    `InvalidTokenError`: its client or its user is gone. `StoreUnavailableError`: no answer.
    """
    item = model(
        oauth_token=token["oauth_token"],
        oauth_token_secret=token["oauth_token_secret"],
        user_id=temporary.get_user_id(),
        client_id=temporary.get_client_id(),
    )
    try:
        # A savepoint, within a transaction of the view's: what fails there must not end that.
        with answering_database(), transaction.atomic(using=router.db_for_write(model)):
            item.save()
    except IntegrityError as error:
        raise RefusedTokenError(
            f"the database takes no such row: {type(error).__name__}"
        ) from error
    return item
