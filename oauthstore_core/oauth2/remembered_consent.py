"""When nobody need be asked: a live grant of the same client and person says as much already.

RFC 6749 section 10.2 and RFC 8252 section 8.6: only where nobody else can pass
for the client, which then authenticates, or is at a web address of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

from ..clock import Clock
from ..records import Grant
from ..settings import Settings
from ..stores import Stores
from .redirect_uris import is_loopback_host

__all__ = ["RememberedConsentMixin"]

#: How many grants are looked at; of a client and a person with more, any of these will do.
_GRANTS: Final = 100
#: Values of `prompt` (OpenID Connect Core 3.1.2.1) with which a client wants the question asked.
_ASKING: Final = frozenset({"consent", "login", "select_account"})


class RememberedConsentMixin:
    """Finds a consent that covers an authorization request."""

    settings: Settings
    stores: Stores
    clock: Clock

    def query_remembered_consent(self, grant: Any, subject: str) -> int | None:
        """Return when `subject` consented to all that a validated request asks for, or None.

        In seconds since the epoch. None, too, where the question must be asked
        again: the client wants it, could be anybody, or could now act for
        longer, or the setting `remember_consent` is off. A consent is
        remembered as long as what it gave may be renewed, counted from when a
        person pressed the button, however often it was relied on since.
        """
        if not self.settings.remember_consent or not _may_be_silent(grant):
            return None
        found = self.stores.tokens.list_grants(grant.client.get_client_id(), subject, None, _GRANTS)
        given = [_consented_at(each) for each in found.items if self._covers(each, grant)]
        latest = max(given, default=None)
        lifetime = self.settings.lifetimes.refresh_token_absolute
        return latest if latest is not None and self.clock.now() < latest + lifetime else None

    def _covers(self, given: Grant, asked: Any) -> bool:
        if given.keep_until is None or self.clock.now() >= given.keep_until:
            return False
        renewable = "refresh_token" in self.settings.grants
        if renewable and asked.client.check_grant_type("refresh_token") and given.family is None:
            return False
        payload = json.loads(given.payload)
        scope: str = payload.get("scope", "")
        resources = frozenset(payload.get("resource", ()))
        return set((asked.request.scope or "").split()) <= set(scope.split()) and _within(
            asked.request.payload.datalist.get("resource", ()), resources
        )


def _within(asked: Collection[str], given: Collection[str]) -> bool:
    """Tell whether tokens for these resources are; those that name none are for any."""
    named = {resource for resource in asked if resource}
    return named <= set(given) if named else not given


def _consented_at(grant: Grant) -> int:
    """Return when a person was asked: for this grant, or for one that it came of in silence."""
    consented_at: int = json.loads(grant.payload).get("consented_at", grant.granted_at)
    return consented_at


def _may_be_silent(grant: Any) -> bool:
    payload = grant.request.payload
    if payload.response_type != "code":
        return False
    return not _ASKING & set(payload.data.get("prompt", "").split()) and _is_known(
        grant.client, grant.redirect_uri
    )


def _is_known(client: Any, redirect_uri: str) -> bool:
    """Tell whether what is sent to the redirect URI serves this client and no other program."""
    if not client.check_endpoint_auth_method("none", "token"):
        return True
    parts = urlsplit(redirect_uri)
    return parts.scheme == "https" and not is_loopback_host(parts.hostname)
