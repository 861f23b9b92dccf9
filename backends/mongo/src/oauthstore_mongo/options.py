"""The options of a store, and what its URL may ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pymongo import MongoClient

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.judgement import ACCESS_TOKENS_PER_GRANT

__all__ = ["Options", "check_url", "read_options", "url_options"]

#: What the store sets itself, with the only values that a URL may name.
_OURS: Final = {
    "w": "majority",
    "j": "true",
    "journal": "true",
    "readpreference": "primary",
}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a store, checked."""

    access_tokens_per_grant: int = ACCESS_TOKENS_PER_GRANT
    #: Seconds for which a writer tries again that met others.
    busy_timeout: float = 10.0
    #: Seconds in which the server has to take a connection, or to answer.
    timeout: float = 10.0
    #: The application's own client, which the application closes.
    client: MongoClient[Any] | None = None
    #: A seam for tests: called with "before" and "after" each flight, it may wait, or raise an
    #: `OSError`, which counts as the connection's.
    on_io: Callable[[str], None] | None = None


_KNOWN: Final = tuple(sorted(field.name for field in fields(Options)))


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options, or refuse what is unknown or cannot be meant."""
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise ConfigurationError(
            f"The store was opened with the option {unknown[0]!r}, which oauthstore-mongo does "
            f"not know (known: {', '.join(_KNOWN)}). Take it out or correct its name."
        )
    options = Options(**given)
    limit = options.access_tokens_per_grant
    if not _is_number(limit, int) or limit < 1:
        raise _impossible("access_tokens_per_grant", limit, "1 or more")
    if not _is_number(options.busy_timeout, int, float) or options.busy_timeout < 0:
        raise _impossible("busy_timeout", options.busy_timeout, "a number of seconds")
    if not _is_number(options.timeout, int, float) or options.timeout < 1:
        raise _impossible("timeout", options.timeout, "a number of seconds, 1 or more")
    _check_client(options.client)
    return options


def _check_client(client: object) -> None:
    if client is not None and not isinstance(client, MongoClient):
        raise _impossible("client", type(client).__name__, "a pymongo.MongoClient")


def _is_number(value: object, *kinds: type) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, kinds) and not isinstance(value, bool)


def _impossible(name: str, value: object, meaning: str) -> ConfigurationError:
    return ConfigurationError(
        f"The store was opened with the option {name!r}, but its value is {value!r}. "
        f"Give {meaning}."
    )


def url_options(url: str) -> dict[str, str]:
    """Return the options in the URL's query, by their names in lower case."""
    return {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}


def check_url(url: str) -> None:
    """Refuse a URL that asks for less than the store promises."""
    asked = url_options(url)
    for name, only in _OURS.items():
        if asked.get(name, only).lower() != only:
            raise ConfigurationError(
                f"The store's URL asks for {name}={asked[name]}. A revocation or a used code could "
                f"then be lost, or be read too late: the store always uses {only!r}. Take it out."
            )
