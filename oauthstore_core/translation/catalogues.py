"""The gettext catalogues, ours and an application's own, one folder a language."""

from __future__ import annotations

import gettext
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from .texts import usable

__all__ = [
    "DOMAIN",
    "ENGLISH",
    "LOCALE",
    "catalogue_languages",
    "load_catalogue",
    "message_ids",
]

#: The language of the message ids, which needs no catalogue.
ENGLISH: Final = "en"
DOMAIN: Final = "oauthstore"
LOCALE: Final = Path(__file__).with_name("locale")


def catalogue_languages(folders: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the languages that there are catalogues of, ours and those in `folders`."""
    return tuple(sorted({tag for folder in (*folders, LOCALE) for tag in _tags(folder)}))


def _tags(folder: Path) -> Iterator[str]:
    for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"):
        yield path.parents[1].name.replace("_", "-")


@cache
def message_ids() -> frozenset[str]:
    """Return the English texts that there are, of a plural the singular; each catalogue has all."""
    catalogues = (load_catalogue(language) for language in catalogue_languages())
    # gettext itself tells nobody what it has read.
    found = (message for catalogue in catalogues for message in vars(catalogue)["_catalog"])
    return frozenset(message if isinstance(message, str) else message[0] for message in found)


def load_catalogue(language: str, folders: Sequence[Path] = ()) -> gettext.NullTranslations | None:
    """Return the catalogue of a language tag, of ``de`` for ``de-AT``; None: there is none.

    Those in `folders`, an application's, go before ours, and the earlier before
    the later. For what one does not have, the next is asked.
    """
    chain = [*_chain(language, folders)]
    for catalogue, following in pairwise(chain):
        catalogue.add_fallback(following)
    return chain[0] if chain else None


def _chain(language: str, folders: Sequence[Path]) -> Iterator[gettext.NullTranslations]:
    tag = language
    while tag:
        for folder in folders:
            for catalogue in _read(folder, tag):
                yield _without_mistakes(catalogue, tag)
        yield from _read(LOCALE, tag)
        tag = tag.rpartition("-")[0]


def _read(folder: Path, tag: str) -> Iterator[gettext.NullTranslations]:
    for name in _tags(folder):
        if name.lower() == tag.lower():
            yield gettext.translation(DOMAIN, folder, [name.replace("-", "_")])


def _without_mistakes(catalogue: gettext.NullTranslations, tag: str) -> gettext.NullTranslations:
    """Leave out what cannot be put together; gettext keeps what it has read to itself."""
    told: dict[Any, str] = vars(catalogue)["_catalog"]
    # Of a plural it has each form, under the singular and a number.
    fit = {k: t for k, t in told.items() if usable(t, k if isinstance(k, str) else k[0], tag)}
    vars(catalogue)["_catalog"] = fit
    return catalogue
