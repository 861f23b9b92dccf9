"""The neutral request and response: all in memory, read lazily, of no web framework."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, quote, unquote

from .payloads import encode_json

__all__ = [
    "Headers",
    "HttpRequest",
    "HttpResponse",
    "MalformedRequestError",
    "Pairs",
    "json_response",
    "redirect",
    "refuse_nul",
    "repeated_names",
]

Pairs = Sequence[tuple[str, str]]

#: A query or a form with more fields than this is refused.
MAXIMUM_FIELDS = 100
FORM_TYPE = "application/x-www-form-urlencoded"
#: What RFC 3986 section 3.3 allows in a path beside letters and digits.
_PATH_SAFE = "/:@!$&'()*+,;=-._~"


class MalformedRequestError(ValueError):
    """The query or the form is not what its type says; the message is for the client."""


class Headers(Mapping[str, str]):
    """Header fields by name, whatever their case; repeated ones are joined by a comma."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            known = self._fields.get(key)
            # HTTP/2 may send each cookie in a field of its own (RFC 9113 section 8.2.3).
            between = "; " if key == "cookie" else ", "
            self._fields[key] = value if known is None else f"{known}{between}{value}"

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class HttpRequest:
    """One request, as the protocol core and the pages see it."""

    def __init__(
        self,
        method: str,
        path: str,
        *,
        query_string: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], bytes] = b"",
        address: str | None = None,
        scheme: str = "http",
        raw_path: str | None = None,
    ) -> None:
        """Take what an edge has read; `path` is decoded, `query_string` is raw.

        `headers` are found whatever the case of their names. `body` may be
        what reads it, when it is asked for. `address` is the peer's, or what a
        trusted proxy said of it. `scheme` and `raw_path`, the path as it was
        sent, are what a signature of OAuth 1 is over.
        """
        self.method = method
        self.path = path
        self.query_string = query_string
        self.headers: Mapping[str, str] = Headers(()) if headers is None else headers
        self._body = body
        self.address = address
        self.scheme = scheme
        self._raw_path = raw_path

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.path!r}>"

    @property
    def encoded_path(self) -> str:
        """The path as it was sent; where the edge has moved or not kept it, encoded anew."""
        raw = self._raw_path
        # A path that needs no encoding is what was sent, whatever a proxy took off in front.
        if raw is not None and self.path in {raw, unquote(raw)}:
            return raw
        return quote(self.path, safe=_PATH_SAFE)

    @cached_property
    def body(self) -> bytes:
        """The body. `MalformedRequestError`: it is larger than any that OAuth has a use for."""
        return self._body() if callable(self._body) else self._body

    @cached_property
    def query(self) -> Pairs:
        """The query's names and values. `MalformedRequestError`: it is not url-encoded UTF-8."""
        return _parse(self.query_string, "query")

    @cached_property
    def form(self) -> Pairs:
        """The body's names and values where it is a url-encoded form, else nothing."""
        if self.content_type != FORM_TYPE:
            return ()
        return _parse(self.body.decode("latin-1"), "form")

    @cached_property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name (RFC 6265 section 5.4).

        Other applications of this host have theirs in the same header, such as
        JSON: whatever they look like, ours beside them are found.
        """
        pairs = (pair.partition("=") for pair in self.headers.get("Cookie", "").split(";"))
        # No more than these two: a name behind an exotic space is not what it looks like.
        return {name.strip(" \t"): value.strip(" \t") for name, equals, value in pairs if equals}


def _parse(text: str, what: str) -> Pairs:
    if not text.isascii():
        raise MalformedRequestError(f"The {what} is not url-encoded.")
    if text.count("&") >= MAXIMUM_FIELDS:
        raise MalformedRequestError(f"The {what} has too many fields.")
    pairs = _decode(text)
    if pairs is None:
        raise MalformedRequestError(f"The {what} is not UTF-8.")
    return refuse_nul(pairs, what) if "%00" in text or "\0" in text else pairs


def refuse_nul(pairs: Pairs, what: str) -> Pairs:
    """Return the pairs. `MalformedRequestError`: there is a NUL in them."""
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise MalformedRequestError(f"The {what} contains a NUL character.")
    return pairs


def _decode(text: str) -> Pairs | None:
    """Return the pairs, None where they are not UTF-8.

    The decoder's own exception holds the value, which may be a secret: it
    must not become the cause of one that is logged.
    """
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return None


def repeated_names(pairs: Pairs) -> Sequence[str]:
    """Return the names that occur more than once; OAuth forbids that (RFC 6749 3.1, 3.2)."""
    if len({name for name, _ in pairs}) == len(pairs):
        return ()
    return [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]


@dataclass(slots=True)
class HttpResponse:
    """Status, header fields and body."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: list[tuple[str, str]] = field(default_factory=list, repr=False)

    @property
    def location(self) -> str | None:
        """Where a redirect leads; Authlib's RFC 9207 extension reads and writes it."""
        return next((value for name, value in self.headers if name.lower() == "location"), None)

    @location.setter
    def location(self, value: str) -> None:
        self.set_header("Location", value)

    def set_header(self, name: str, value: str) -> None:
        """Set a header field, in place of one of that name."""
        rest = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers[:] = [*rest, (name, value)]


def json_response(
    status: int, body: object, headers: Iterable[tuple[str, str]] = ()
) -> HttpResponse:
    """Return a JSON answer that no cache keeps."""
    encoded = encode_json(body).encode()
    fixed = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    extra = [pair for pair in headers if pair[0].lower() not in {"content-type", "cache-control"}]
    return HttpResponse(status, encoded, [*fixed, *extra])


def redirect(location: str, status: int = 303) -> HttpResponse:
    """Return a redirect; never a 307, which would post credentials again (RFC 9700 4.12)."""
    return HttpResponse(status, b"", [("Location", location), ("Cache-Control", "no-store")])
