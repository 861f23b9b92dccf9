"""The options of a store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Engine

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.judgement import ACCESS_TOKENS_PER_GRANT

from .engine import OnIo

__all__ = ["Options", "impossible", "only_servers", "only_sqlite", "read_options"]

_SYNCHRONOUS: Final = ("FULL", "NORMAL")
#: What is a connection's, and so the application's affair where the engine is its own.
_OF_CONNECTIONS: Final = ("busy_timeout", "connections", "synchronous", "timeout")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a store, checked."""

    access_tokens_per_grant: int = ACCESS_TOKENS_PER_GRANT
    #: Seconds for which a writer waits for another.
    busy_timeout: float = 5.0
    #: How many connections a process opens at most; None: as fits the database.
    connections: int | None = None
    #: Of SQLite only.
    synchronous: str | None = None
    #: Seconds in which a server has to take a connection, or to answer a statement; None: 10.
    #: Not of SQLite.
    timeout: float | None = None
    #: The application's own engine, which the application disposes of.
    engine: Engine | None = None
    #: A seam for tests: called with "before" and "after" each statement, it may wait, or raise
    #: an `OSError`, which counts as the connection's.
    on_io: OnIo | None = None


_KNOWN: Final = tuple(sorted(field.name for field in fields(Options)))


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options, or refuse what is unknown or cannot be meant."""
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        raise ConfigurationError(
            f"The store was opened with the option {unknown[0]!r}, which oauthstore-sqla does not "
            f"know (known: {', '.join(_KNOWN)}). Take it out or correct its name."
        )
    options = Options(**given)
    _check(options)
    if options.engine is not None:
        _check_engine(options.engine, given)
    return options


def _check(options: Options) -> None:
    limit, connections = options.access_tokens_per_grant, options.connections
    if not _is_number(limit, int) or limit < 1:
        raise impossible("access_tokens_per_grant", limit, "1 or more")
    if connections is not None and (not _is_number(connections, int) or connections < 1):
        raise impossible("connections", connections, "1 or more")
    if not _is_number(options.busy_timeout, int, float) or options.busy_timeout < 0:
        raise impossible("busy_timeout", options.busy_timeout, "a number of seconds")
    timeout = options.timeout
    if timeout is not None and (not _is_number(timeout, int, float) or timeout < 1):
        raise impossible("timeout", timeout, "a number of seconds, 1 or more")
    if options.synchronous not in {None, *_SYNCHRONOUS}:
        raise impossible("synchronous", options.synchronous, " or ".join(_SYNCHRONOUS))


def _is_number(value: object, *kinds: type) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, kinds) and not isinstance(value, bool)


def impossible(name: str, value: object, meaning: str) -> ConfigurationError:
    """Return the error for a value that an option cannot have."""
    return ConfigurationError(
        f"The store was opened with the option {name!r}, but its value is {value!r}. "
        f"Give {meaning}."
    )


def _check_engine(engine: object, given: Mapping[str, Any]) -> None:
    if not isinstance(engine, Engine):
        raise impossible("engine", type(engine).__name__, "an sqlalchemy.Engine")
    for name in _OF_CONNECTIONS:
        if name in given:
            raise ConfigurationError(
                f"The store was opened with the option {name!r} and an engine, but the engine's "
                f"connections are set up by the application. Set it there, and leave out {name!r}."
            )


def only_servers(options: Options) -> None:
    """Refuse options that mean nothing to SQLite."""
    if options.timeout is not None:
        raise ConfigurationError(
            "The store was opened with the option 'timeout', but SQLite is a file, not a server "
            "that may leave one waiting. Leave it out, or set 'busy_timeout': for how long a "
            "writer waits for others."
        )


def only_sqlite(options: Options) -> None:
    """Refuse options that mean something to SQLite alone."""
    if options.synchronous is not None:
        raise ConfigurationError(
            "The store was opened with the option 'synchronous', but that is SQLite's; this "
            "database writes through as its administrator set it. Leave it out."
        )
