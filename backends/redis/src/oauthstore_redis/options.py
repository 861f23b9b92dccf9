"""The options of a store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.judgement import ACCESS_TOKENS_PER_GRANT

__all__ = ["OnIo", "Options", "read_options"]

#: Called with "before" and "after" each flight to the server: a seam for the conformance kit.
OnIo = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a store, checked."""

    access_tokens_per_grant: int = ACCESS_TOKENS_PER_GRANT
    #: What every key begins with: stores with different ones share a server.
    prefix: str = "oauthstore"
    #: For how many seconds past its end the server keeps a record: more than clocks may differ by.
    slack: int = 600
    #: Seconds in which a server has to take a connection, or to answer.
    timeout: float = 3.0
    #: How often the driver sends a call again whose reply was lost.
    retries: int = 2
    #: A seam for tests: it may wait, or raise an `OSError`, which counts as the connection's.
    on_io: OnIo | None = None


_KNOWN: Final = tuple(sorted(field.name for field in fields(Options)))


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options, or refuse what is unknown or cannot be meant."""
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise ConfigurationError(
            f"The store was opened with the option {unknown[0]!r}, which oauthstore-redis does not "
            f"know (known: {', '.join(_KNOWN)}). Take it out or correct its name."
        )
    options = Options(**given)
    # A brace would change the slot that a key is in.
    prefix = str(options.prefix)
    if not re.fullmatch(r"[\w.:~-]{1,64}", prefix):
        raise _impossible("prefix", prefix, "1 to 64 letters, digits or any of _.:~-")
    for name, least in (("access_tokens_per_grant", 1), ("slack", 0), ("retries", 0)):
        value = getattr(options, name)
        if type(value) is not int or value < least:
            raise _impossible(name, value, f"a whole number, {least} or more")
    if type(options.timeout) not in {int, float} or not 0 < options.timeout < 3600:  # noqa: PLR2004
        raise _impossible("timeout", options.timeout, "a number of seconds, above 0")
    return options


def _impossible(name: str, value: object, meaning: str) -> ConfigurationError:
    return ConfigurationError(
        f"The store was opened with the option {name!r}, but its value is {value!r}. "
        f"Give {meaning}."
    )
