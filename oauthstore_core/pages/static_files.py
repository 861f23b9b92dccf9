"""The files that pages refer to, each under a name that changes with its content."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from ..http import HttpResponse

__all__ = ["MEDIA_TYPES", "StaticFile", "load_static_files"]

_PACKAGE: Final = "oauthstore_core.pages"
#: By the ending of a file's name.
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "ico": "image/x-icon",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of ours, or of the owner's."""

    name: str
    media_type: str
    content: bytes

    @property
    def hashed_name(self) -> str:
        """Return ``style.0123456789ab.css`` for ``style.css``."""
        stem, _, suffix = self.name.partition(".")
        return f"{stem}.{hashlib.sha256(self.content).hexdigest()[:12]}.{suffix}"

    @property
    def csp_source(self) -> str:
        """Return the source that allows this very content inside of a page (CSP 3, 2.3.1)."""
        return f"'sha256-{base64.b64encode(hashlib.sha256(self.content).digest()).decode()}'"

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
        StaticFile(item.name, MEDIA_TYPES[item.name.rpartition(".")[2]], item.read_bytes())
        for item in folder.iterdir()
        if item.name.rpartition(".")[2] in MEDIA_TYPES
    ]
    return {file.name: file for file in found}
