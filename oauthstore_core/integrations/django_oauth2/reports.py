"""Django's reports of errors, which may be mailed: what was sent to a server is not in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

__all__ = ["unreported"]

F = TypeVar("F", bound=Callable[..., Any])


def unreported(act: F) -> F:
    """Return a view, or a server's method, of which reports have neither the form nor variables.

    This goes for all that it calls: a grant of the project's own has a person's
    password in its variables.
    """

    @sensitive_variables()
    @wraps(act)
    def call(*args: Any, **options: Any) -> Any:
        for given in (*args, *options.values()):
            if isinstance(given, HttpRequest):
                # As `sensitive_post_parameters` marks it, which is for functions alone.
                cast("Any", given).sensitive_post_parameters = "__ALL__"
        return act(*args, **options)

    return cast("F", call)
