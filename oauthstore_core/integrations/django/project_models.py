"""What a project's models show from outside: their names, and fields that hide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist

__all__ = ["keeps_readable", "name_models"]


def keeps_readable(model: Any, field: str) -> bool:
    """Tell whether a model certainly keeps what it is given in a field as it is.

    A field or a `save` of the project's own may encrypt; nothing here can tell.
    """
    from django.db import models  # noqa: PLC0415 - only once the project is set up

    try:
        found = model._meta.get_field(field)  # noqa: SLF001 - Django's documented name
    except (AttributeError, FieldDoesNotExist):
        return False
    return type(found) in {models.CharField, models.TextField} and _saves_plainly(model)


def _saves_plainly(model: Any) -> bool:
    from django.db import models  # noqa: PLC0415 - the same

    return all(
        getattr(model, name) is getattr(models.Model, name)
        for name in ("__init__", "save", "save_base")
    )


def name_models(found: Iterable[Any]) -> Sequence[str]:
    """Return the names of models, each once."""
    return list(dict.fromkeys(model.__name__ for model in found))
