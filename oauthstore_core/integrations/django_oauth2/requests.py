"""Django's request as the neutral one, and the neutral response as Django's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest as NativeRequest
from django.http import HttpResponse as NativeResponse
from django.http import RawPostDataException, UnreadablePostError

from ...http import HttpRequest, HttpResponse, MalformedRequestError

__all__ = [
    "MAXIMUM_BODY",
    "DjangoHttpRequest",
    "OAuthResponse",
    "read_request",
    "to_django",
]

#: A larger form is refused; nothing that OAuth sends comes near.
MAXIMUM_BODY = 1 << 18
_MOST_DIGITS = 9


class DjangoHttpRequest(HttpRequest):
    """A request of Django's, of which only what is asked for is read.

    `native` is Django's own. Its form may have been read by the application
    before, and may be read by it afterwards.
    """

    def __init__(self, native: NativeRequest) -> None:
        self.native = native
        super().__init__(
            native.method or "",
            # As the browser has it, where the application is mounted, too.
            native.path,
            query_string=native.META.get("QUERY_STRING", ""),
            headers=native.headers,
            body=self._read_body,
            address=native.META.get("REMOTE_ADDR"),
            scheme=native.scheme or "http",
            raw_path=_raw_path(native),
        )

    def _read_body(self) -> bytes:
        told = str(self.native.META.get("CONTENT_LENGTH") or "0")
        if not (told.isascii() and told.isdecimal()):
            raise MalformedRequestError("The length of the request body is no number.")
        if len(told) > _MOST_DIGITS or int(told) > MAXIMUM_BODY:
            raise MalformedRequestError("The request body is too large.")
        try:
            body = self.native.body
        except RawPostDataException:
            # Files alone are read so that nothing is left: whoever did has seen no form of ours.
            raise MalformedRequestError("The request body was read as a stream.") from None
        except UnreadablePostError:
            raise MalformedRequestError("The request body ended too early.") from None
        if len(body) > MAXIMUM_BODY:
            raise MalformedRequestError("The request body is too large.")
        return body


def _raw_path(native: NativeRequest) -> str | None:
    """Return the path as it was sent, where the server tells it; Django's is decoded."""
    scope: Mapping[str, Any] = getattr(native, "scope", {})
    if raw := scope.get("raw_path"):
        sent: str = raw.decode("latin-1")
        return sent
    target: str | None = native.META.get("RAW_URI") or native.META.get("REQUEST_URI")
    if target is None or not target.startswith("/"):
        return None
    return target.partition("?")[0]


def read_request(request: Any = None) -> HttpRequest:
    """Return the neutral request of Django's, or what is one already."""
    if isinstance(request, HttpRequest):
        return request
    if request is None:
        return HttpRequest("GET", "/")
    return DjangoHttpRequest(request)


class OAuthResponse(NativeResponse):
    """Django's response, with the location of a redirect where Authlib's extensions look for it."""

    @property
    def location(self) -> str | None:
        """Where a redirect leads."""
        return self.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self["Location"] = value


def to_django(response: HttpResponse) -> OAuthResponse:
    """Return Django's response."""
    return OAuthResponse(response.body, status=response.status, headers=dict(response.headers))
