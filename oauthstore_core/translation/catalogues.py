"""The gettext catalogues that come with the package, one folder a language."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Final

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


def catalogue_languages() -> tuple[str, ...]:
    """Return the languages that there are catalogues of."""
    found = LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return tuple(sorted(path.parents[1].name.replace("_", "-") for path in found))


@cache
def message_ids() -> frozenset[str]:
    """Return the English texts that there are, of a plural the singular; each catalogue has all."""
    catalogues = (load_catalogue(language) for language in catalogue_languages())
    # gettext itself tells nobody what it has read.
    found = (message for catalogue in catalogues for message in vars(catalogue)["_catalog"])
    return frozenset(message if isinstance(message, str) else message[0] for message in found)


def load_catalogue(language: str) -> gettext.NullTranslations | None:
    """Return the catalogue of a language tag, of ``de`` for ``de-AT``; None: there is none."""
    while language:
        name = next((n for n in catalogue_languages() if n.lower() == language.lower()), None)
        if name is not None:
            return gettext.translation(DOMAIN, LOCALE, [name.replace("-", "_")])
        language = language.rpartition("-")[0]
    return None
