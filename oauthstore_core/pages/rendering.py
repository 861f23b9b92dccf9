"""Templates to responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from ..http import HttpRequest, HttpResponse
from ..translation import Texts, Translation
from .headers import page_headers
from .overrides import template_loader
from .static_files import load_static_files
from .wording import describe_duration, describe_moment, describe_place

__all__ = ["PACKAGE", "Renderer", "embedded_renderer"]

#: Where the templates are that every edge has.
PACKAGE: Final = "oauthstore_core.pages"


class Renderer:
    """Renders pages in the languages of a translation; what is put into one is escaped."""

    def __init__(
        self,
        frame: Mapping[str, Any],
        translation: Translation,
        *,
        packages: Iterable[str] = (PACKAGE,),
        templates: Path | None = None,
        style: str = "'self'",
    ) -> None:
        """Take what the frame of every page shows, and which packages have the templates.

        `templates` is a folder of the owner's that goes before them; `style` is
        the CSP source of the style sheet.
        """
        loader = template_loader(packages, templates)
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
