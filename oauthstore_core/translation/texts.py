"""What is said in one language."""

from __future__ import annotations

import gettext
import logging
from collections.abc import Callable
from typing import NamedTuple, NewType

from .descriptions import PLACEHOLDER, find_template

__all__ = ["Message", "Plural", "Texts", "Translate", "fits", "usable"]

log = logging.getLogger("oauthstore")

#: An English text that people are shown: a message id, which every catalogue has. It stands in
#: the source as a literal, with placeholders such as ``%(scheme)s``.
Message = NewType("Message", str)


class Plural(NamedTuple):
    """An English text with ``%(count)s`` in it, in both forms that English has."""

    one: str
    many: str


#: An application's own translator: message id and language tag to the text, or None, or the
#: message id itself, where it has none. Of a `Plural` it is asked for English's form.
Translate = Callable[[str, str], str | None]


class Texts:
    """Translates into one language; what is not translated stays English."""

    def __init__(
        self,
        language: str,
        catalogue: gettext.NullTranslations | None = None,
        translate: Translate | None = None,
    ) -> None:
        """Ask `translate` first, then the catalogue; without both, everything stays as it is."""
        #: The language's tag (BCP 47).
        self.language = language
        self._catalogue = gettext.NullTranslations() if catalogue is None else catalogue
        self._translate = translate
        #: Whether nothing is translated.
        self.is_identity = catalogue is None and translate is None

    def gettext(self, message: str) -> str:
        """Return the translation, with its placeholders."""
        told = self._ask(message)
        return self._catalogue.gettext(message) if told is None else told

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the translation of the form that the language has for `count`."""
        told = self._ask(singular if count == 1 else plural)
        return self._catalogue.ngettext(singular, plural, count) if told is None else told

    def say(self, message: Message, **values: str) -> str:
        """Return the translation, with values in place of its placeholders."""
        return self.gettext(message) % values

    def count(self, plural: Plural, count: int) -> str:
        """Return the translation for so many."""
        return self.ngettext(*plural, count) % {"count": count}

    def describe(self, description: str) -> str:
        """Return the translation of a text as it was put together, such as Authlib's errors have.

        Parts that were put into it, such as a redirect URI, stay as they are.
        """
        if self.is_identity or not description:
            return description
        found = find_template(description)
        if found is not None:
            template, values = found
            return self.gettext(template) % values
        told = self.gettext(description)
        return description if told == description else told % {}

    def _ask(self, message: str) -> str | None:
        """Return the application's translation, None where it has none that can be used."""
        told = None if self._translate is None else self._translate(message, self.language)
        # A lazy text becomes one here: JSON and templates would not take it.
        told = None if told is None else str(told)
        if told is None or told == message:
            return None
        return told if usable(told, message, self.language) else None


def usable(told: str, message: str, language: str) -> bool:
    """Tell whether a translation of somebody else's fits; one that does not is logged."""
    # The translation of nothing is a catalogue's header.
    if not message or fits(told, message):
        return True
    log.warning(
        "A translation into %s cannot be used: %r for %r has other placeholders. "
        "Give it the same ones, and write a single per cent sign as %%%%.",
        language,
        told,
        message,
    )
    return False


def fits(told: str, message: str) -> bool:
    """Tell whether a translation can be put together from what the message is."""
    names = {name for name in PLACEHOLDER.findall(told) if name}
    return names <= set(PLACEHOLDER.findall(message)) and "%" not in PLACEHOLDER.sub("", told)
