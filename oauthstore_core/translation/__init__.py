"""Texts for people in other languages than English: opt-in, by the setting `languages`.

What is said stands in the source in English, which is the message id of its
translation. `locale` holds gettext catalogues; an application may bring a
translator of its own.
"""

from __future__ import annotations

from .catalogues import catalogue_languages, message_ids
from .texts import Message, Plural, Texts, Translate, fits
from .translation import Translation

__all__ = [
    "Message",
    "Plural",
    "Texts",
    "Translate",
    "Translation",
    "catalogue_languages",
    "fits",
    "message_ids",
]
