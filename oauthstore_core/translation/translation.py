"""The languages that a server speaks, and the choice among them for each request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..http import HttpRequest
from .catalogues import ENGLISH, catalogue_languages, load_catalogue
from .languages import choose_language
from .texts import Texts, Translate

__all__ = ["Translation"]


class Translation:
    """English, and the languages that the owner has opted into."""

    def __init__(
        self,
        languages: Iterable[str] = (),
        translate: Translate | None = None,
        folders: Sequence[Path] = (),
    ) -> None:
        """Offer `languages`, tags such as ``de``, besides English.

        `translate` is asked for every text first, English ones too. Without
        it, each language must have a catalogue: `SettingsError`. `folders` are
        an application's, with catalogues that go before ours.
        """
        english = Texts(ENGLISH, load_catalogue(ENGLISH, folders), translate)
        self._texts = {ENGLISH: english}
        for language in languages:
            self._texts.setdefault(language.lower(), _texts(language, translate, folders))
        self._offered = {tag: texts.language for tag, texts in self._texts.items()}

    def __iter__(self) -> Iterator[Texts]:
        """Yield the texts of every language."""
        return iter(self._texts.values())

    def texts_for(self, request: HttpRequest | None) -> Texts:
        """Return the texts in the language that a request asks for, else in English."""
        if request is None or len(self._texts) == 1:
            return self._texts[ENGLISH]
        return self._texts[(choose_language(request, self._offered) or ENGLISH).lower()]

    def translate_body(
        self, body: Mapping[str, Any], request: HttpRequest | None
    ) -> dict[str, Any]:
        """Return the JSON body of an error with its description translated.

        RFC 6749 section 5.2 allows only ASCII there: hence the owner opts in.
        Header fields and redirects have no part in this.
        """
        told = dict(body)
        description = told.get("error_description")
        if isinstance(description, str):
            told["error_description"] = self.texts_for(request).describe(description)
        return told


def _texts(language: str, translate: Translate | None, folders: Sequence[Path]) -> Texts:
    catalogue = load_catalogue(language, folders)
    if catalogue is None and translate is None and language.lower() != ENGLISH:
        there = ", ".join(dict.fromkeys((ENGLISH, *catalogue_languages(folders))))
        problem = (
            f"`languages` has {language!r}, but there is no catalogue of it (there are: {there}). "
            "Take it out, or give the server `translate=`, a translator of your own."
        )
        raise SettingsError([problem])
    return Texts(language, catalogue, translate)
