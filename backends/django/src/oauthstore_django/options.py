"""The options of a store."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.judgement import ACCESS_TOKENS_PER_GRANT

__all__ = ["OnIo", "Options", "read_options"]

#: Called with "before" and "after" each statement: a seam for the conformance kit.
OnIo = Callable[[str], None]

_SYNCHRONOUS: Final = ("FULL", "NORMAL")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a store, checked."""

    access_tokens_per_grant: int = ACCESS_TOKENS_PER_GRANT
    #: Seconds for which a writer waits for another.
    busy_timeout: float = 5.0
    #: How many connections a process opens at most.
    connections: int = 20
    #: Of SQLite only.
    synchronous: str | None = None
    #: Seconds in which a connection has to become free, and a server has to take one, or to answer
    #: a statement beyond `busy_timeout`.
    timeout: float = 10.0
    #: A seam for tests: called with "before" and "after" each statement, it may wait, or raise
    #: an `OSError`, which counts as the connection's.
    on_io: OnIo | None = None


_KNOWN: Final = tuple(sorted(field.name for field in fields(Options)))


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options, or refuse what is unknown or cannot be meant."""
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise ConfigurationError(
            f"The store was opened with the option {unknown[0]!r}, which oauthstore-django does "
            f"not know (known: {', '.join(_KNOWN)}). Take it out or correct its name."
        )
    options = Options(**given)
    for name in ("access_tokens_per_grant", "connections"):
        number = getattr(options, name)
        if not _is_number(number, int) or number < 1:
            raise _impossible(name, number, "1 or more")
    if not _is_number(options.busy_timeout, int, float) or options.busy_timeout < 0:
        raise _impossible("busy_timeout", options.busy_timeout, "a number of seconds")
    if not _is_number(options.timeout, int, float) or options.timeout < 1:
        raise _impossible("timeout", options.timeout, "a number of seconds, 1 or more")
    if options.synchronous not in {None, *_SYNCHRONOUS}:
        raise _impossible("synchronous", options.synchronous, " or ".join(_SYNCHRONOUS))
    return options


def _is_number(value: object, *kinds: type) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, kinds) and not isinstance(value, bool)


def _impossible(name: str, value: object, meaning: str) -> ConfigurationError:
    return ConfigurationError(
        f"The store was opened with the option {name!r}, but its value is {value!r}. "
        f"Give {meaning}."
    )
