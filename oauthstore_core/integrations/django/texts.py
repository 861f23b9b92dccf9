"""What the admin pages say, in the language that Django has activated."""

from __future__ import annotations

from typing import Any

from django.utils.functional import lazy

from ...translation import Message, Texts
from ..django_oauth2.languages import project_translation

__all__ = ["current_texts", "said", "say"]


def current_texts() -> Texts:
    """Return the texts in the activated language, English where there are none."""
    return project_translation().current_texts()


def say(message: Message, **values: str) -> str:
    """Return a text, with values in place of its placeholders."""
    return current_texts().say(message, **values)


#: The same, translated whenever it is shown.
said: Any = lazy(say, str)
