"""Views of Django's behind a protector: functions and classes, sync and async, kept from caches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

__all__ = ["Judge", "keep_apart", "keep_out_of_cache", "protect_view"]

#: Gives a request what it was let through with, and returns None, or returns the refusal.
Judge = Callable[[HttpRequest], HttpResponse | None]
_Response = TypeVar("_Response")


def protect_view(
    view: Callable[..., Any], judge: Judge, *, optional: bool = False
) -> Callable[..., Any]:
    """Return a view whose requests are judged first: in a thread where it is async.

    It is exempt from Django's CSRF protection, but for an optional one, which
    requests may reach without anything.
    """

    @functools.wraps(view)
    def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        answer = judge(request) or view(request, *args, **kwargs)
        return keep_apart(answer, request, optional=optional)

    @functools.wraps(view)
    async def protected_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        answer = await sync_to_async(judge)(request) or await view(request, *args, **kwargs)
        return keep_apart(answer, request, optional=optional)

    chosen = protected_async if _is_async(view) else protected
    if not optional:
        # Nobody's browser sends a token or signs by itself, so no other site can have it do so.
        cast("Any", chosen).csrf_exempt = True
    return chosen


def keep_apart(answer: _Response, request: HttpRequest, *, optional: bool = False) -> _Response:
    """Let no cache give one's answer to another, or to the same one without asking again.

    Django's own caches take no account of RFC 9111 section 3.5 in every version,
    and a signature of OAuth 1 need not be in the header that section is about.
    What a view says of `public` is not for those who come with a token.
    """
    if not isinstance(answer, HttpResponseBase):
        return answer
    patch_vary_headers(answer, ["Authorization"])
    is_anonymous = optional and "Authorization" not in request.headers
    if not is_anonymous and "no-store" not in answer.get("Cache-Control", "").lower():
        patch_cache_control(answer, private=True)
    return answer


def keep_out_of_cache(request: HttpRequest) -> None:
    """Have Django's own cache, of a site or of a view, keep no answer to this request.

    What answers may be another framework, which leaves us no say in its headers.
    """
    # What Django's cache middleware sets by itself where it has found an answer.
    cast("Any", request)._cache_update_cache = False  # noqa: SLF001 - it has no other name


def _is_async(view: Callable[..., Any]) -> bool:
    """Tell whether a view is to be awaited."""
    # Of asgiref, for Django marks its class-based views with that.
    if iscoroutinefunction(view):  # pyright: ignore[reportDeprecated]
        return True
    # `method_decorator` hands over a class's `dispatch` as a partial, maybe in other decorators.
    method: Any = view
    while not isinstance(method, functools.partial) and hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    method = getattr(method, "func", method)
    if getattr(method, "__name__", None) != "dispatch":
        return False
    # It is no coroutine function, but returns what the class's handlers return.
    return bool(getattr(getattr(method, "__self__", None), "view_is_async", False))
