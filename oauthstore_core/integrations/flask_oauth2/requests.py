"""Flask's request as the neutral one, and the neutral response as Flask's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from flask import Request, Response
from flask import request as current_request

from ...http import (
    FORM_TYPE,
    HttpRequest,
    HttpResponse,
    MalformedRequestError,
    Pairs,
    refuse_nul,
)

__all__ = ["MAXIMUM_BODY", "FlaskHttpRequest", "WsgiHeaders", "read_request", "to_flask"]

#: A larger form is refused; nothing that OAuth sends comes near.
MAXIMUM_BODY = 1 << 18
#: The two fields that WSGI names without a prefix.
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


class WsgiHeaders(Mapping[str, str]):
    """Header fields as they stand in a WSGI environment, read one at a time."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        value: str = self._environ[key if key in _BARE else f"HTTP_{key}"]
        return value

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key in _BARE:
                yield key.replace("_", "-").title()
            elif key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").title()

    def __len__(self) -> int:
        return sum(1 for _ in self)


class FlaskHttpRequest(HttpRequest):
    """A request of Flask's, of which only what is asked for is read.

    `native` is Flask's own. Its form may have been read by the application
    before, and may be read by it afterwards.
    """

    def __init__(self, native: Request) -> None:
        self.native = native
        super().__init__(
            native.method,
            # As the browser has it, where the application is mounted, too.
            native.script_root + native.path,
            query_string=native.environ.get("QUERY_STRING", ""),
            headers=WsgiHeaders(native.environ),
            body=self._read_body,
            address=native.remote_addr,
            scheme=native.scheme,
            raw_path=_raw_path(native.environ),
        )

    def _read_body(self) -> bytes:
        if (self.native.content_length or 0) > MAXIMUM_BODY:
            raise MalformedRequestError("The request body is too large.")
        return self.native.get_data(cache=True)

    @cached_property
    def form(self) -> Pairs:
        """The form's names and values, also where the application has read it before."""
        if "form" in vars(self.native) and self.content_type == FORM_TYPE:
            return refuse_nul(tuple(self.native.form.items(multi=True)), "form")
        return super().form


def _raw_path(environ: Mapping[str, Any]) -> str | None:
    """Return the path as it was sent, where the WSGI server tells it; PATH_INFO is decoded."""
    target: str | None = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if target is None or not target.startswith("/"):
        return None
    return target.partition("?")[0]


def read_request(request: Any = None) -> HttpRequest:
    """Return the neutral request of what Authlib's Flask classes are given: none, or Flask's."""
    if isinstance(request, HttpRequest):
        return request
    native: Request = current_request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's documented way to the object behind the proxy
    return FlaskHttpRequest(native)


def to_flask(response: HttpResponse) -> Response:
    """Return Flask's response."""
    return Response(response.body, response.status, response.headers)
