"""Whatever is sent, to whichever endpoint, on every edge: an answer with 4xx, no traceback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from ...flask_oauth1.test_hostile_input import BODIES, HEADERS, QUERIES
from .applications import EDGES, SETTINGS, Edge, people
from .exchanges import FORM

#: Path to the methods that it takes.
ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "/oauth/token": ("POST",),
    "/oauth/revoke": ("POST",),
    "/oauth/introspect": ("POST",),
    "/oauth/authorize": ("GET", "POST"),
    "/oauth/oauth1/initiate": ("GET", "POST"),
    "/oauth/oauth1/token": ("GET", "POST"),
    "/oauth/oauth1/authorize": ("GET", "POST"),
}
PATHS = (
    *("*", "//", "//oauth/token", "/oauth//token", "/oauth/../token", "/oauth/%2e%2e/token"),
    *("/oauth/token%00", "/oauth/%ff", "/oauth/oauth1/%c3%a9", "/oauth/token;a=b"),
    *("/.well-known/oauth-authorization-server/%ff", "/.well-known/oauth-authorization-server//"),
)
LENGTHS = ("abc", "-1", "9" * 30, "\xb2")


@pytest.fixture(scope="module", params=EDGES)
def edge(request: pytest.FixtureRequest) -> Iterator[Edge]:
    with EDGES[request.param](SETTINGS) as edge:
        yield edge


def _wire(text: str) -> str:
    """Return what arrives of a text that is sent as UTF-8."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_what_cannot_be_read_is_refused(edge: Edge, path: str) -> None:
    browser = people(edge)["alice"]
    for method in ENDPOINTS[path]:
        empty = b"" if method == "POST" else None
        asked = [
            *((path, {"Authorization": _wire(header)}, empty) for header in HEADERS),
            *((f"{path}?{_wire(query)}", {}, empty) for query in QUERIES),
            *((path, {"Content-Type": kind}, body) for body, kind in BODIES if empty is not None),
        ]
        for target, headers, body in asked:
            answer = browser.send(method, target, headers, body)

            assert 400 <= answer.status < 500, (method, target[:100], headers, answer.status)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_is_none_is_refused(edge: Edge, path: str) -> None:
    for method in ("GET", "POST"):
        answer = people(edge)[None].send(method, path, {"Content-Type": FORM}, b"a=1")

        assert 300 <= answer.status < 500, (method, answer.status)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/oauth1/initiate"])
def test_a_length_that_is_none_is_refused(edge: Edge, path: str, length: str) -> None:
    headers = {"Content-Type": FORM, "Content-Length": length}

    answer = edge.wire.send("POST", path, headers, None)

    assert 400 <= answer.status < 500
