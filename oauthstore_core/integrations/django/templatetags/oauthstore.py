"""The words of the pages in the language of the request, as our templates and a project's say them.

::

    {% load oauthstore %}
    {% say "Allow %(name)s?" name=client.client_name %}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from ....pages.wording import describe_duration, describe_place
from ....translation import Texts

__all__ = ["duration", "place", "register", "say", "told"]

register = template.Library()


def _texts(context: Mapping[str, Any]) -> Texts:
    texts: Texts = context["texts"]
    return texts


@register.simple_tag(takes_context=True)
def say(context: Mapping[str, Any], message: str, **values: Any) -> SafeString:
    """Return a text of the catalogues, which is HTML, with values put into it, which are not."""
    escaped = {name: conditional_escape(value) for name, value in values.items()}
    return mark_safe(_texts(context).gettext(message) % escaped)  # noqa: S308 - what is put in is escaped


@register.simple_tag(takes_context=True)
def told(context: Mapping[str, Any], text: str) -> str:
    """Return a text as it was put together elsewhere, such as an error's."""
    return _texts(context).describe(text)


@register.simple_tag(takes_context=True)
def duration(context: Mapping[str, Any], seconds: int) -> str:
    """Return ``90 days``, ``1 hour``: the largest unit that fits whole."""
    return describe_duration(_texts(context), seconds)


@register.simple_tag(takes_context=True)
def place(context: Mapping[str, Any], redirect_uri: str) -> str:
    """Return where a redirect leads, as a person would call it."""
    return describe_place(_texts(context), redirect_uri)
