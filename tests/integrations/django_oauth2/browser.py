"""Django's test client with the words of Werkzeug's, so that both edges stand the same tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

from .project import URLS

__all__ = ["Browser", "DjangoAnswer"]

FORM = "application/x-www-form-urlencoded"


class DjangoAnswer:
    """A response."""

    def __init__(self, response: HttpResponse) -> None:
        self.status_code = response.status_code
        self.headers = response.headers
        self.data = response.content
        self.request = SimpleNamespace(environ={})

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def mimetype(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    @property
    def is_json(self) -> bool:
        return self.mimetype == "application/json"

    @cached_property
    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        return json.loads(self.data)

    def get_json(self) -> Any:  # noqa: ANN401 - the same
        return self.json

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")


class Browser:
    """A browser, or a program, at one site."""

    def __init__(self, urls: ModuleType, **options: Any) -> None:
        self.client = Client(raise_request_exception=False, **options)
        self._urls = urls

    def get(self, path: str, **options: Any) -> DjangoAnswer:
        return self.open(path, **options)

    def post(self, path: str, **options: Any) -> DjangoAnswer:
        return self.open(path, method="POST", **options)

    def open(
        self,
        path: str,
        *,
        method: str = "GET",
        data: Mapping[str, Any] | bytes | None = None,
        content_type: str | None = FORM,
        headers: Mapping[str, str] | None = None,
        query_string: str = "",
        base_url: str = "http://localhost",
    ) -> DjangoAnswer:
        parts = urlsplit(base_url)
        body = data if isinstance(data, bytes) else urlencode(data or {}, doseq=True).encode()
        address, _, query = path.partition("?")
        extra: dict[str, Any] = {"HTTP_HOST": parts.netloc, URLS: self._urls}
        response = self.client.generic(
            method,
            address,
            body,
            content_type=content_type or "",
            secure=parts.scheme == "https",
            headers=dict(headers or {}),
            QUERY_STRING="&".join(filter(None, [query, query_string])),
            **extra,
        )
        return DjangoAnswer(response)  # type: ignore[arg-type]  # Django's, with more about it
