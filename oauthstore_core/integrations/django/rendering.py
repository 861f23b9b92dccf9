"""The pages from Django's templates, ``oauthstore/...`` in the usual search order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.utils.safestring import mark_safe

from ...http import HttpRequest, HttpResponse
from ...pages.headers import page_headers
from ...pages.rendering import Renderer, TemplateMistakeError, embedded_renderer
from ...pages.static_files import load_static_files
from ...translation import Translation
from ..django_oauth2.requests import DjangoHttpRequest

__all__ = ["TemplateRenderer"]


class TemplateRenderer(Renderer):
    """Renders the project's templates, or ours, with the headers of every page.

    The style sheet stands in the page, so that no static file is needed.
    """

    def __init__(self, issuer: str, translation: Translation) -> None:
        style = load_static_files()["style.css"]
        #: What renders our own templates only, whatever the project's have.
        self.plain = embedded_renderer(issuer, translation)
        self._translation = translation
        self._frame = {
            "issuer": issuer,
            "issuer_host": issuer.partition("://")[2],
            "style": mark_safe(style.content.decode()),  # noqa: S308 - our own file
        }
        self._style = style.csp_source

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
        """Return a page in the request's language; see `Renderer.page`."""
        native = request.native if isinstance(request, DjangoHttpRequest) else None
        texts = self._translation.texts_for(request)
        shown = {**self._frame, "texts": texts, "language": texts.language, **context}
        name = f"oauthstore/{template}"
        try:
            text = get_template(name).render(shown, native)
        except (TemplateDoesNotExist, TemplateSyntaxError) as error:
            raise TemplateMistakeError(f"the template {name}: {error}") from error
        own = page_headers(form_targets, style=self._style)
        response = HttpResponse(status, text.encode(), [*own, *headers])
        # With no-referrer browsers send the form's origin as "null", which Django's CSRF
        # protection refuses. To other sites this tells as little.
        response.set_header("Referrer-Policy", "same-origin")
        return response
