"""Django's users as resource owners: AUTH_USER_MODEL, by primary key."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import InterfaceError, OperationalError

from ...errors import StoreUnavailableError

__all__ = ["answering_database", "load_user", "signed_in"]


def load_user(subject: str) -> Any:
    """Return the active user with this primary key, None where there is none any more.

    `StoreUnavailableError`: the database does not answer.
    """
    manager = get_user_model()._default_manager  # noqa: SLF001 - Django's documented name of it
    try:
        with answering_database():
            user = manager.get(pk=subject)
    except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError):
        return None
    # A key's type may take more than one text for the same key.
    is_it = str(user.pk) == subject
    return user if is_it and getattr(user, "is_active", True) else None


def signed_in(user: Any) -> Any:
    """Return the user, None for nobody: an `AnonymousUser` can consent to nothing."""
    if not user or not getattr(user, "is_authenticated", True):
        return None
    return user


@contextmanager
def answering_database() -> Generator[None]:
    """Turn a database that does not answer into a store that does not."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise StoreUnavailableError(
            "The application's database was asked, but it does not answer "
            f"({type(error).__name__}). See whether it is there, and try again."
        ) from error
