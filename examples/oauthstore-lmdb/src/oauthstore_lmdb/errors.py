"""What LMDB and the system raise, in the words of the contract: the only place that knows both.

::

    raised                                        becomes
    ----------------------------------------------------------------------
    a key is too long, a time is out of range     StoreError
    everything else                               StoreUnavailableError
"""

from __future__ import annotations

from typing import Final

import lmdb

from oauthstore_core.errors import StoreError, StoreUnavailableError

__all__ = ["ENGINE_ERRORS", "translated"]

#: What a transaction may raise.
ENGINE_ERRORS: Final = (lmdb.Error, OSError, OverflowError)

_ADVICE: Final[dict[type[Exception], str]] = {
    FileNotFoundError: "Run `oauthstore migrate` once before the server starts.",
    lmdb.MapFullError: "Run `oauthstore purge` more often, and open it with a larger `map_size`.",
    lmdb.MapResizedError: "Open it with the same `map_size` in all processes.",
}


def translated(error: Exception, where: str) -> StoreError:
    """Return the contract's error for one of `ENGINE_ERRORS`; none of them holds a record."""
    if isinstance(error, (lmdb.BadValsizeError, OverflowError)):
        return StoreError(
            f"A nonce was to be kept in {where}, but its key or its time does not fit "
            f"({error}): nothing was written. Give values of the contract's types."
        )
    advice = _ADVICE.get(type(error), "Check the file, its disk and its permissions.")
    return StoreUnavailableError(
        f"{where} was to be read or written, but this was reported: {error}. {advice}"
    )
