"""Subjects as people: the users of AUTH_USER_MODEL, whose primary key a subject is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError

__all__ = ["find_subject", "user_names"]


def user_names(subjects: Iterable[str]) -> Mapping[str, str]:
    """Return the user names of those subjects that are users, active or not."""
    model = get_user_model()
    keys = [key for subject in set(subjects) if (key := _key_of(model, subject)) is not None]
    try:
        found = model._default_manager.in_bulk(keys)  # noqa: SLF001 - Django's documented name of it
    except OverflowError:  # a number that the database cannot have
        return {}
    return {str(user.pk): str(user.get_username()) for user in found.values()}


def _key_of(model: Any, subject: str) -> Any:
    """Return a subject as a primary key; None where it is none."""
    try:
        key = model._meta.pk.to_python(subject)  # noqa: SLF001 - Django's documented name of it
    except ValidationError:
        return None
    # A key's type may take more than one text for the same key.
    return key if str(key) == subject else None


def find_subject(user_name: str) -> str | None:
    """Return the subject of a user name; None where nobody has it."""
    manager: Any = get_user_model()._default_manager  # noqa: SLF001 - Django's documented name of it
    try:
        return str(manager.get_by_natural_key(user_name).pk)
    except (ObjectDoesNotExist, ValueError):
        return None
