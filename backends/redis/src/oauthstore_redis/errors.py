"""What redis-py raises, in the words of the contract: the only place that knows both.

::

    raised                                        becomes
    --------------------------------------------------------------------
    no answer in time                             StoreTimeoutError
    a value that cannot be sent (not Unicode,
      not of the contract's types)                StoreError
    everything else: no connection, a server
      that loads, is full, a replica, a cluster
      without the slot, a refused command         StoreUnavailableError
"""

from __future__ import annotations

from typing import Final

from redis import exceptions

from oauthstore_core.errors import StoreError, StoreTimeoutError, StoreUnavailableError

__all__ = ["DRIVER_ERRORS", "translated"]

#: What a call of the driver may raise; not all of its classes are of one family.
DRIVER_ERRORS: Final = (
    exceptions.RedisError,
    exceptions.RedisClusterException,
    exceptions.ChildDeadlockedError,
    exceptions.IncorrectPolicyType,
    OSError,
    UnicodeError,
    OverflowError,
)
_REFUSED: Final = (exceptions.DataError, UnicodeError, OverflowError)
_OF_CONNECTIONS: Final = (exceptions.ConnectionError, OSError)
_TIMED_OUT: Final = (exceptions.TimeoutError, TimeoutError)
_ADVICE: Final[dict[type[Exception], str]] = {
    exceptions.OutOfMemoryError: "Its memory is full: give it more `maxmemory`.",
    exceptions.AuthenticationError: "Correct the user and the password in its URL.",
    exceptions.NoPermissionError: "Let its user run scripts (EVAL, EVALSHA) on the store's keys.",
    exceptions.ReadOnlyError: "It is a replica: name the primary, or use redis+sentinel://.",
    exceptions.MaxConnectionsError: "Run fewer threads in a process.",
}
_USUALLY: Final = "Check that it runs, that it can be reached, and its log."


def translated(error: BaseException, where: str) -> StoreError:
    """Return the contract's error for one of `DRIVER_ERRORS`, with nothing of a call's values."""
    # Of what a server answers only the kind is told, for its words may quote what it was sent.
    kind = type(error).__name__
    if isinstance(error, _OF_CONNECTIONS):
        kind = f"{kind}: {error}"
    if isinstance(error, _REFUSED):
        return StoreError(
            f"A record was to be written to {where}, but the driver cannot send one of its values "
            f"({kind}): nothing was written. Give values of the contract's types."
        )
    if isinstance(error, _TIMED_OUT):
        return StoreTimeoutError(
            f"{where} was to be read or written, but it did not answer in time ({kind}). "
            "Look at the server's load, or raise `timeout`."
        )
    advice = next((told for known, told in _ADVICE.items() if isinstance(error, known)), _USUALLY)
    return StoreUnavailableError(
        f"{where} was to be read or written, but the driver reports {kind}. {advice}"
    )
