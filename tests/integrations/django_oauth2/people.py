"""The people of the tests' project, whose name is their primary key."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["find_person", "person_model"]


@cache
def person_model() -> Any:  # noqa: ANN401 - a class that is made here
    """Return AUTH_USER_MODEL."""
    # Models can be imported only once the project is set up.
    from django.contrib.auth import get_backends  # noqa: PLC0415
    from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager  # noqa: PLC0415
    from django.db import models  # noqa: PLC0415

    class Person(AbstractBaseUser):
        name = models.CharField(max_length=100, primary_key=True)
        is_active = models.BooleanField(default=True)
        is_staff = models.BooleanField(default=False)
        is_superuser = models.BooleanField(default=False)
        objects = BaseUserManager()  # type: ignore[misc]  # of this very class

        USERNAME_FIELD = "name"

        class Meta:
            app_label = "people"

        def has_perm(self, permission: str, obj: object = None) -> bool:
            asked = [b for b in get_backends() if b.has_perm(self, permission, obj)]
            return self.is_superuser or bool(asked)

        def has_module_perms(self, app_label: str) -> bool:
            held = {name for b in get_backends() for name in b.get_all_permissions(self)}
            return self.is_superuser or any(name.startswith(f"{app_label}.") for name in held)

    return Person


def find_person(name: str) -> Any:  # noqa: ANN401 - of the class above
    """Return the person of a name, who is there from now on."""
    from .project import create_table  # noqa: PLC0415 - it sets Django up, which asks for the model

    create_table(person_model())
    return person_model().objects.get_or_create(pk=name)[0]
