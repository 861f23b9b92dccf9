"""``oauthstore token``: what the store knows of a token, and revoking it."""

from __future__ import annotations

from typing import Any

import click

from ..digests import fingerprint
from ..oauth2.endpoints import query_handle
from ..oauth2.management import Management, revoke_handle
from ..oauth2.views import AccessToken, RefreshToken
from .failures import NotFoundFailure
from .invocation import Invocation, global_options, moment, pass_invocation, show_fields
from .secrets_input import read_handle

__all__ = ["token"]

_TIMES = ("issued_at", "expires_at", "grant_ends_at")


@click.group()
def token() -> None:
    """Inspect and revoke tokens; they are read from stdin, or asked for."""


@token.command()
@click.argument("handle", metavar="[-]", required=False)
@global_options
@pass_invocation
def inspect(invocation: Invocation, handle: str | None) -> None:
    """Show what the store knows of a token: by fingerprint, never the token itself."""
    presented = read_handle(handle)
    with invocation.management() as management:
        found = query_handle(management, presented)
        if found is None:
            raise _missing()
        described = _describe(management, found)
    invocation.tell(described, lambda: _show(described))


@token.command()
@click.argument("handle", metavar="[-]", required=False)
@global_options
@pass_invocation
def revoke(invocation: Invocation, handle: str | None) -> None:
    """Revoke a token as its client could: one of OAuth 1 and a refresh token take their grant."""
    presented = read_handle(handle)
    with invocation.management() as management:
        found = revoke_handle(management, presented)
        whole = management.settings.revoke_access_token_revokes_grant
    if found is None:
        raise _missing()
    whole = whole or isinstance(found, RefreshToken) or found.token.kind == "oauth1"
    what = "grant" if whole else "token"
    shown = fingerprint(found.digest)
    told = {"fingerprint": shown, "client_id": found.client_id, "revoked": what}
    invocation.tell(told, lambda: click.echo(f"Revoked the {what} of {shown}."))


def _missing() -> NotFoundFailure:
    return NotFoundFailure(
        "This store knows no such token. It may be another store's, or expired and purged."
    )


def _describe(management: Management, found: AccessToken | RefreshToken) -> dict[str, Any]:
    token_record, grant = found.token, found.grant
    return {
        "kind": token_record.kind,
        "fingerprint": fingerprint(_presented_digest(found)),
        "state": _state(found, management.clock.now()),
        "client_id": found.client_id,
        "subject": found.subject,
        "scope": found.scope,
        "audience": list(found.audience),
        "issued_at": token_record.issued_at,
        "expires_at": token_record.expires_at,
        "grant_id": grant.grant_id,
        "grant_ends_at": grant.keep_until,
    }


def _presented_digest(found: AccessToken | RefreshToken) -> str:
    return found.handle.token_digest if isinstance(found, RefreshToken) else found.digest


def _state(found: AccessToken | RefreshToken, now: int) -> str:
    if not found.is_revoked():
        return "active"
    if found.grant.revoked_at is not None:
        return "revoked"
    if _presented_digest(found) != found.digest:
        return "rotated or foreign"
    expires_at = found.expires_at
    if found.token.state.value == "active" and expires_at is not None and now >= expires_at:
        return "expired"
    return "expired" if found.token.state.value == "active" else found.token.state.value


def _show(described: dict[str, Any]) -> None:
    shown = {name: moment(described[name]) for name in _TIMES}
    audience = ", ".join(described["audience"]) or "none in particular"
    show_fields((described | shown | {"audience": audience}).items())
