"""Which language a request asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..http import HttpRequest, MalformedRequestError

__all__ = ["asked_language", "choose_language", "look_up", "wished_languages"]

#: More wishes than these are not read, and no tag that is longer (BCP 47 section 4.4.1).
MAXIMUM_WISHES: Final = 32
MAXIMUM_TAG: Final = 35
# RFC 9110 section 12.4.2.
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def choose_language(request: HttpRequest, offered: Mapping[str, str]) -> str | None:
    """Return the offered language that a request wishes for most, None where it names none.

    `offered` has each language under its tag in lower case. A wish for
    ``de-AT`` is met by ``de``, not the other way round (RFC 4647 section 3.4).
    """
    found = (look_up(tag, offered) for tag in wished_languages(request))
    return next((language for language in found if language is not None), None)


def asked_language(request: HttpRequest, offered: Mapping[str, str]) -> str | None:
    """Return the offered language that ``ui_locales`` of a request names, None for none."""
    found = (look_up(tag, offered) for tag in _short(_ui_locales(request)))
    return next((language for language in found if language is not None), None)


def wished_languages(request: HttpRequest) -> Iterator[str]:
    """Yield the language tags of a request, those that it prefers first.

    The parameter ``ui_locales`` of an authorization request (OpenID Connect
    Core section 3.1.2.1) comes before the header ``Accept-Language``.
    """
    yield from _short(_ui_locales(request))
    yield from _short(_accepted(request.headers.get("Accept-Language", "")))


def look_up(tag: str, offered: Mapping[str, str]) -> str | None:
    """Return the offered language of a tag in lower case, or of its beginning (RFC 4647)."""
    while tag:
        if tag in offered:
            return offered[tag]
        tag = tag.rpartition("-")[0]
    return None


def _short(tags: Iterable[str]) -> Iterator[str]:
    return (tag.lower() for tag in tags if len(tag) <= MAXIMUM_TAG)


def _ui_locales(request: HttpRequest) -> list[str]:
    try:
        values = [value for name, value in request.query if name == "ui_locales"]
    except MalformedRequestError:  # answered elsewhere, in the language of the header
        return []
    return values[0].split(maxsplit=MAXIMUM_WISHES)[:MAXIMUM_WISHES] if len(values) == 1 else []


def _accepted(header: str) -> list[str]:
    """Return the tags of RFC 9110 section 12.5.4 by falling weight, without those of weight 0."""
    weighed = [_weigh(wish) for wish in header.split(",", MAXIMUM_WISHES)[:MAXIMUM_WISHES]]
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def _weigh(wish: str) -> tuple[float, str]:
    tag, _, parameter = wish.partition(";")
    name, _, weight = parameter.partition("=")
    if not parameter:
        return 1.0, tag.strip()
    understood = name.strip().lower() == "q" and _WEIGHT.fullmatch(weight.strip())
    return (float(weight) if understood else 0.0), tag.strip()
