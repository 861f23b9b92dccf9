"""Requests to an ASGI application, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from oauthstore_core.http import FORM_TYPE, HttpResponse
from oauthstore_core.integrations.asgi import Application

from .world import Answer


def send(
    application: Application,
    method: str,
    path: str,
    *,
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    **scope: Any,
) -> Answer:
    """Return the answer to one request."""
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def respond(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
        sent.append(message)

    complete = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers),
        **scope,
    }
    asyncio.run(application(complete, receive, respond))
    start, rest = sent
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return Answer(HttpResponse(start["status"], rest["body"], fields))


def post_form(
    application: Application,
    path: str,
    form: Mapping[str, str] | bytes,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the answer to a POSTed form."""
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    fields = {"Content-Type": FORM_TYPE, **(headers or {})}
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
    return send(application, "POST", path, headers=encoded, body=body)
