"""Connected applications: what a person has allowed, to be seen and to be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from ...http import HttpRequest, HttpResponse, redirect
from ...oauth2.clients import ClientRecord
from ...oauth2.management import live_grants
from ...pages.csrf import single
from ...records import Grant
from ..sessions import Session
from ..site import Site

__all__ = ["Connection", "disconnect", "show"]

#: How many grants are read for the page; who has more learns of it.
_MOST: Final = 1000


@dataclass(slots=True)
class Connection:
    """What one application was allowed, in however many grants."""

    client_id: str
    client: ClientRecord | None
    #: Times of the first and the last consent, in seconds since the epoch.
    first: int
    last: int
    scopes: dict[str, None] = field(default_factory=dict)
    resources: dict[str, None] = field(default_factory=dict)
    #: By OAuth 1, which knows neither scopes nor an end.
    unlimited: bool = False

    @property
    def name(self) -> str:
        """What people know it by; its id where it is no longer registered."""
        return self.client_id if self.client is None else self.client.client_name

    def add(self, grant: Grant) -> None:
        """Count a grant in."""
        allowed = json.loads(grant.payload)
        self.unlimited |= grant.keep_until is None
        self.first, self.last = min(self.first, grant.granted_at), max(self.last, grant.granted_at)
        self.scopes.update(dict.fromkeys(allowed.get("scope", "").split()))
        self.resources.update(dict.fromkeys(allowed.get("resource", ())))


def show(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer GET: a list, the latest consent first."""
    subject = session.account.subject
    grants = list(islice(live_grants(site.server, subject=subject), _MOST + 1))
    found = _by_client(site, grants[:_MOST])
    described = [site.consent.describe_scopes(" ".join(each.scopes)) for each in found]
    context = site.context(session) | {
        "connections": list(zip(found, described, strict=True)),
        "more": len(grants) > _MOST,
        "csrf": site.csrf.issue(session.session_id, site.paths.connections),
        "done": single(request.query, "done") == "disconnected",
    }
    return site.renderer.page(request, "connections.html", context)


def disconnect(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer POST: all that the application was allowed is revoked, tokens included."""
    site.refuse_forged(session.session_id, request)
    client_id, subject = single(request.form, "client_id") or "", session.account.subject
    # A fence is a row: none is made for what was never allowed.
    if next(live_grants(site.server, client_id, subject), None) is not None:
        site.server.revoke_all(client_id=client_id, subject=subject)
    return redirect(f"{site.paths.connections}?done=disconnected")


def _by_client(site: Site, grants: Iterable[Grant]) -> Sequence[Connection]:
    found: dict[str, Connection] = {}
    for grant in grants:
        if grant.client_id not in found:
            client = site.server.query_client(grant.client_id)
            at = grant.granted_at
            found[grant.client_id] = Connection(grant.client_id, client, at, at)
        found[grant.client_id].add(grant)
    return sorted(found.values(), key=lambda each: (-each.last, each.client_id))
