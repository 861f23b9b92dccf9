"""Views of each kind behind a protector: functions and classes, sync and async."""

# ruff: noqa: ANN401 - of two protectors, and of Django, whose decorators take anything

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

__all__ = ["KINDS", "KindAnswer", "ask_kind", "make_kinds"]

_KINDS = (
    *("sync", "sync-as-view", "sync-dispatch", "sync-passed", "sync-method", "sync-super"),
    *("async", "async-as-view", "async-dispatch", "async-passed", "async-method", "async-super"),
)
#: Each kind with the servers, WSGI and ASGI; a stream is of the server's own kind.
KINDS = (
    *itertools.product(_KINDS, ("WSGI", "ASGI")),
    *(("sync-streaming", "WSGI"), ("async-streaming", "ASGI")),
)


@dataclass(frozen=True)
class KindAnswer:
    """What was answered."""

    status_code: int
    headers: Mapping[str, str]
    text: str


def make_kinds(require: Any, tell: Callable[[HttpRequest], HttpResponse]) -> ModuleType:
    """Return the URLs of a view of each kind, which answers what `tell` does."""

    class Sync(View):
        def get(self, request: HttpRequest) -> HttpResponse:
            return tell(request)

    class Later(View):
        async def get(self, request: HttpRequest) -> HttpResponse:
            return tell(request)

    views = {**dict(_functions(require, tell)), **dict(_classes(require, Sync, Later))}
    urls = ModuleType("urls")
    urls.urlpatterns = [path(name, view) for name, view in views.items()]  # type: ignore[attr-defined]
    return urls


def _functions(
    require: Any, tell: Callable[[HttpRequest], HttpResponse]
) -> Iterator[tuple[str, Any]]:
    async def later(request: HttpRequest) -> HttpResponse:
        return tell(request)

    def streaming(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse([tell(request).content])

    async def streaming_later(request: HttpRequest) -> StreamingHttpResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield tell(request).content

        return StreamingHttpResponse(parts())

    yield from {
        "sync": require(tell),
        "async": require(later),
        "sync-streaming": require(streaming),
        "async-streaming": require(streaming_later),
    }.items()


def _classes(require: Any, *kinds: type[View]) -> Iterator[tuple[str, Any]]:
    for name, kind in zip(("sync", "async"), kinds, strict=True):
        yield f"{name}-as-view", require(kind.as_view())
        for way, decorators in (("dispatch", require), ("passed", [require, _pass])):
            made = type(name, (kind,), {})
            yield f"{name}-{way}", method_decorator(decorators, name="dispatch")(made).as_view()
        decorated = method_decorator(require)(vars(kind)["get"])
        yield f"{name}-method", type(name, (kind,), {"get": decorated}).as_view()
        yield f"{name}-super", _with_dispatch(require, kind).as_view()


def _with_dispatch(require: Any, kind: Any) -> Any:
    class Own(kind):  # type: ignore[misc]  # a class that is given
        @method_decorator(require)
        def dispatch(self, *args: Any, **kwargs: Any) -> Any:
            return super().dispatch(*args, **kwargs)

    return Own


def _pass(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a view without a change, as others do who know of no async views."""

    @functools.wraps(view)
    def passed(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return passed


def ask_kind(urls: ModuleType, kind: str, server: str, headers: dict[str, str]) -> KindAnswer:
    """Return what a view answers under WSGI or ASGI."""
    with override_settings(ROOT_URLCONF=urls):
        if server == "ASGI":
            return asyncio.run(_ask_later(kind, headers))
        browser = Client(raise_request_exception=False)
        return _read(browser.get(f"/{kind}", secure=True, headers=headers))


async def _ask_later(kind: str, headers: dict[str, str]) -> KindAnswer:
    browser = AsyncClient(raise_request_exception=False)
    answer: Any = await browser.get(f"/{kind}", secure=True, headers=headers)
    if not hasattr(getattr(answer, "streaming_content", None), "__aiter__"):
        return _read(answer)
    body = b"".join([part async for part in answer.streaming_content])
    return KindAnswer(answer.status_code, answer.headers, body.decode())


def _read(answer: Any) -> KindAnswer:
    body = answer.getvalue() if answer.streaming else answer.content
    return KindAnswer(answer.status_code, answer.headers, body.decode())
