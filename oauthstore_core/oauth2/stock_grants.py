"""Tokens of grant classes that are not ours, in our store: Authlib's own, or an application's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..digests import generate_identifier
from ..errors import GrantRevokedError
from ..records import Grant
from .errors import TemporarilyUnavailableError
from .grants import StoreMixin
from .handles import RefreshHandle, parse_refresh_handle
from .resource_indicators import Audience

if TYPE_CHECKING:
    from .core import ServerCore

__all__ = ["save_issued"]


class _Issuer(StoreMixin):
    """Makes records of a token response as our own grants do."""

    def __init__(self, server: Any, audience: Audience) -> None:
        self.server = server
        self.audience = audience


def save_issued(
    server: ServerCore, token: dict[str, Any], request: Any, audience: Audience = ()
) -> None:
    """Store a token response under a grant of its own, in one step.

    `audience` are the resources that the request named (RFC 8707).

    The grant counts from when the request came, before the client was read. So
    where the client's or the subject's grants were revoked meanwhile, it is
    refused: `TemporarilyUnavailableError`, and the client may ask again.
    """
    now = server.clock.now()
    granted_at = min(now, request.received_at or now)
    _give_shape(token)
    grant = _grant_of(server, token, request, granted_at, audience)
    records = _Issuer(server, audience).issue_records(token, grant, now)
    try:
        server.stores.tokens.save_token(grant, records)
    except GrantRevokedError as error:
        raise TemporarilyUnavailableError from error


def _give_shape(token: dict[str, Any]) -> None:
    """Let a refresh token of an application's own generator be told from other tokens."""
    refresh = token.get("refresh_token")
    if refresh and parse_refresh_handle(refresh) is None:
        token["refresh_token"] = str(RefreshHandle(generate_identifier(), refresh))


def _grant_of(
    server: ServerCore,
    token: dict[str, Any],
    request: Any,
    granted_at: int,
    audience: Audience,
) -> Grant:
    handle = parse_refresh_handle(token.get("refresh_token") or "")
    if handle is None:
        lifetime = token.get("expires_in") or server.settings.lifetimes.access_token
        keep_until = server.clock.now() + lifetime + server.settings.clock_skew
    else:
        keep_until = server.grant_end(granted_at)
    user = request.user
    return Grant(
        generate_identifier(),
        request.client.get_client_id(),
        None if user is None else server.subject_of(user),
        family=handle.family_digest if handle else None,
        granted_at=granted_at,
        keep_until=keep_until,
        payload=json.dumps(
            {"scope": token.get("scope", ""), **({"resource": audience} if audience else {})}
        ),
    )
