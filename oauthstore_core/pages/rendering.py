"""Templates to responses, and the files that they refer to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..http import HttpRequest, HttpResponse
from ..translation import Texts, Translation
from .headers import page_headers
from .wording import describe_duration, describe_moment, describe_place

__all__ = ["Renderer", "StaticFile", "embedded_renderer", "load_static_files"]

_PACKAGE = "oauthstore_core.pages"
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
        StaticFile(item.name, _MEDIA_TYPES[item.name.rpartition(".")[2]], item.read_bytes())
        for item in folder.iterdir()
        if item.name.rpartition(".")[2] in _MEDIA_TYPES
    ]
    return {file.name: file for file in found}


class Renderer:
    """Renders pages in the languages of a translation; what is put into one is escaped."""

    def __init__(
        self,
        frame: Mapping[str, Any],
        translation: Translation,
        *,
        packages: Iterable[str] = (),
        style: str = "'self'",
    ) -> None:
        """Take what the frame of every page shows, and where further templates are.

        `style` is the CSP source of the style sheet.
        """
        loader = ChoiceLoader([PackageLoader(package) for package in (*packages, _PACKAGE)])
        self._translation = translation
        self._environments = {texts: _environment(loader, texts) for texts in translation}
        self._frame = frame
        self._style = style

    def page(
        self,
        request: HttpRequest,
        template: str,
        context: Mapping[str, Any],
        *,
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        form_targets: Iterable[str] = (),
    ) -> HttpResponse:
        """Return a page in the request's language, with the headers of every page, and these."""
        environment = self._environments[self._translation.texts_for(request)]
        text = environment.get_template(template).render({**self._frame, **context})
        own = page_headers(form_targets, style=self._style)
        return HttpResponse(status, text.encode(), [*own, *headers])


def _environment(loader: BaseLoader, texts: Texts) -> Environment:
    """Return what renders templates in one language.

    The template's own texts are HTML. What the filters give is text, which is escaped.
    """
    # What the extension adds, and takes, has no types.
    environment: Any = Environment(
        loader=loader,
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)
    environment.globals["language"] = texts.language
    environment.filters["told"] = texts.describe
    environment.filters["duration"] = partial(describe_duration, texts)
    environment.filters["moment"] = describe_moment
    environment.filters["place"] = partial(describe_place, texts)
    prepared: Environment = environment
    return prepared


def embedded_renderer(issuer: str, translation: Translation) -> Renderer:
    """Return what renders pages inside of somebody else's application.

    The style sheet stands in the page, so that no path is taken for it.
    """
    style = load_static_files()["style.css"]
    content = Markup(style.content.decode())  # noqa: S704 - our own file
    frame = {"issuer": issuer, "static": {}, "style": content}
    return Renderer(frame, translation, style=style.csp_source)
