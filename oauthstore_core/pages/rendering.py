"""Templates to responses."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateSyntaxError
from markupsafe import Markup

from ..http import HttpRequest, HttpResponse
from ..translation import Texts, Translation
from .headers import page_headers
from .overrides import template_loader
from .static_files import load_static_files
from .wording import describe_duration, describe_moment, describe_place

__all__ = ["PACKAGE", "Renderer", "TemplateMistakeError", "embedded_renderer"]

#: Where the templates are that every edge has.
PACKAGE: Final = "oauthstore_core.pages"
#: What a template's own expressions raise.
_MISTAKES: Final = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class TemplateMistakeError(Exception):
    """A template cannot be rendered; the message names it, its line and the kind of mistake."""


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
        #: What renders our own templates only, whatever the owner's folder has.
        self.plain: Renderer = self
        if templates is not None:
            self.plain = Renderer(frame, translation, packages=packages, style=style)
        self._translation = translation
        self._loader = loader
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
        """Return a page in the request's language, with the headers of every page, and these.

        `TemplateMistakeError`: the template, or one that it needs, cannot be rendered.
        """
        environment = self._environment(self._translation.texts_for(request))
        try:
            text = environment.get_template(template).render({**self._frame, **context})
        except _MISTAKES as error:
            raise TemplateMistakeError(_describe(template, error)) from error
        own = page_headers(form_targets, style=self._style)
        return HttpResponse(status, text.encode(), [*own, *headers])

    def _environment(self, texts: Texts) -> Environment:
        """Return what renders in a language; a framework's may come later than ours."""
        if texts not in self._environments:
            self._environments[texts] = _environment(self._loader, texts)
        return self._environments[texts]


def _describe(template: str, error: Exception) -> str:
    """Return where and what the mistake is; only Jinja's own words, others may quote a value."""
    name, line = template, None
    if isinstance(error, TemplateSyntaxError):
        name, line = error.filename or template, error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            # Jinja has the frames of a template stand in its file.
            if frame.filename.endswith(".html"):
                name, line = frame.filename, frame.lineno
    kind = type(error).__name__
    told = f"{kind}: {error}" if isinstance(error, TemplateError) else kind
    return f"the template {name}{'' if line is None else f', line {line}'}: {told}"


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
