"""Resource indicators (RFC 8707): for which protected resources a token is meant.

A client names them with `resource` when it asks for consent, and may narrow
them when it asks for a token. They are compared to the letter, as everything
is that decides who may do what.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from authlib.oauth2 import OAuth2Error

__all__ = ["Audience", "InvalidTargetError", "narrow_audience", "requested_resources"]

#: The resources that a token or grant names, each once; empty: none in particular.
Audience = tuple[str, ...]


class InvalidTargetError(OAuth2Error):
    """A resource is malformed, unknown, or was not granted (RFC 8707 section 2)."""

    error = "invalid_target"
    description = "This server knows no such resource: it wants an absolute URI, to the letter."


def requested_resources(payload: Any, known: Collection[str]) -> Audience:
    """Return what a request names with `resource`, each once; empty: it names none.

    `InvalidTargetError`: one of them is not among `known`; what is no absolute
    URI, or has a fragment, cannot be.
    """
    values = payload.datalist.get("resource", ())
    resources = tuple(dict.fromkeys(value for value in values if value))
    if not set(resources) <= set(known):
        raise InvalidTargetError
    return resources


def narrow_audience(asked: Audience, granted: Audience) -> Audience:
    """Return the audience of a token: what was asked for, or all that was granted.

    `InvalidTargetError`: more is asked for than was granted. A grant that names
    no resource has none to give: nobody was asked about any (RFC 8707 section 2.2).
    """
    if not set(asked) <= set(granted):
        raise InvalidTargetError("A resource was not named when the authorization was asked for.")
    return asked or granted
