"""Templates to responses, and the files that they refer to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..http import HttpResponse
from .headers import page_headers
from .paths import Paths
from .wording import describe_duration

__all__ = ["Renderer", "StaticFile", "load_static_files"]

_PACKAGE = "oauthstore_core.server"
_MEDIA_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of ours, under a name that changes with its content."""

    name: str
    media_type: str
    content: bytes

    @property
    def hashed_name(self) -> str:
        """Return ``style.0123456789ab.css`` for ``style.css``."""
        stem, _, suffix = self.name.partition(".")
        return f"{stem}.{hashlib.sha256(self.content).hexdigest()[:12]}.{suffix}"

    def response(self) -> HttpResponse:
        """Return the file; it may be kept for ever."""
        headers = [
            ("Content-Type", self.media_type),
            ("Cache-Control", "public, max-age=31536000, immutable"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return HttpResponse(200, self.content, headers)


def load_static_files() -> Mapping[str, StaticFile]:
    """Return our files by their plain names."""
    folder = files(_PACKAGE) / "static"
    found = [
        StaticFile(item.name, _MEDIA_TYPES[item.name.rpartition(".")[2]], item.read_bytes())
        for item in folder.iterdir()
        if item.name.rpartition(".")[2] in _MEDIA_TYPES
    ]
    return {file.name: file for file in found}


class Renderer:
    """Renders pages; everything that is put into one is escaped."""

    def __init__(self, paths: Paths, static_files: Mapping[str, StaticFile]) -> None:
        self._environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        static = {name: paths.static(file.hashed_name) for name, file in static_files.items()}
        self._frame: Mapping[str, Any] = {"paths": paths, "static": static}
        self._environment.filters["duration"] = describe_duration

    def page(
        self,
        template: str,
        context: Mapping[str, Any],
        *,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        form_targets: Iterable[str] = (),
    ) -> HttpResponse:
        """Return a page with the headers of every page, and these."""
        text = self._environment.get_template(template).render({**self._frame, **context})
        return HttpResponse(status, text.encode(), [*page_headers(form_targets), *headers])
