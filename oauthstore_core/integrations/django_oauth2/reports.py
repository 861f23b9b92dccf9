"""Django's reports of errors, which may be mailed: what was sent to a server is not in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from types import CodeType, FrameType
from typing import Any, Final, TypeVar, cast

from django.http import HttpRequest
from django.views.debug import get_exception_reporter_filter
from django.views.decorators.debug import sensitive_variables

__all__ = ["unreported"]

F = TypeVar("F", bound=Callable[..., Any])

_unreported: Final[set[CodeType]] = set()


class _Filter:
    """The project's filter, for which nothing below `unreported` has variables.

    `sensitive_variables` alone is not enough: the nearest one decides, and that of
    Django's own `authenticate` lets a backend's `password` through.
    """

    def __init__(self, project: Any) -> None:
        self._project = project

    def __getattr__(self, name: str) -> Any:
        return getattr(self._project, name)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Iterable[tuple[str, Any]]:
        """Return names and values of a frame's variables as a report shows them."""
        found: Iterable[tuple[str, Any]] = self._project.get_traceback_frame_variables(
            request, tb_frame
        )
        if self._project.is_active(request) and _is_below(tb_frame):
            return [(name, self._project.cleansed_substitute) for name, _ in found]
        return found


def _is_below(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in _unreported:
            return True
        frame = frame.f_back
    return False


def unreported(act: F) -> F:
    """Return a view, or a server's method, of which reports have neither the form nor variables.

    This goes for all that it calls: a grant of the project's own has a person's
    password in its variables.
    """

    @wraps(act)
    def call(*args: Any, **options: Any) -> Any:
        for given in (*args, *options.values()):
            if isinstance(given, HttpRequest):
                _mark(given)
        return act(*args, **options)

    _unreported.add(cast("Any", call).__code__)
    # Where a report has no request, which brings the filter.
    return cast("F", sensitive_variables()(call))


def _mark(request: Any) -> None:
    # As `sensitive_post_parameters` marks it, which is for functions alone.
    request.sensitive_post_parameters = "__ALL__"
    project = get_exception_reporter_filter(request)
    if not isinstance(project, _Filter):
        request.exception_reporter_filter = _Filter(project)
