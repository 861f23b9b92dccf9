"""``oauthstore grant``: what clients were allowed, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

import click

from ..oauth2.management import Management, live_grants
from ..records import Grant
from .confirmation import confirm
from .failures import NotFoundFailure, warn
from .invocation import (
    Invocation,
    global_options,
    moment,
    pass_invocation,
    show_fields,
    show_rows,
)
from .progress import ProgressLine

__all__ = ["grant"]

_TIMES = ("granted_at", "keep_until")
#: After how many grants a search says how far it is.
_STEP = 1000


@click.group()
def grant() -> None:
    """List, show and revoke grants: each is one act of authorization, with all its tokens."""


_client_id = click.option("--client-id", metavar="ID", help="Of this client only.")
_subject = click.option(
    "--subject", metavar="SUBJECT", help="Of this subject only, as `user list` tells it."
)


@grant.command("list")
@_client_id
@_subject
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="How many at most.",
)
@global_options
@pass_invocation
def list_(invocation: Invocation, client_id: str | None, subject: str | None, limit: int) -> None:
    """List the grants that are neither revoked nor over."""
    with invocation.management() as management:
        found = list(islice(live_grants(management, client_id, subject), limit + 1))
    if len(found) > limit:
        warn(f"There are more than these {limit}. Narrow it, or raise --limit.")
    told = [_described(item) for item in found[:limit]]
    rows = [
        (
            item["grant_id"],
            item["client_id"],
            item["subject"] or "itself",
            item["scope"],
            moment(item["granted_at"]),
        )
        for item in told
    ]
    columns = ("GRANT ID", "CLIENT ID", "SUBJECT", "SCOPE", "GRANTED")
    invocation.tell(told, lambda: show_rows(columns, rows))


@grant.command()
@click.argument("grant_id")
@_client_id
@_subject
@global_options
@pass_invocation
def show(invocation: Invocation, grant_id: str, client_id: str | None, subject: str | None) -> None:
    """Show one grant; to name its client or its subject makes it quick in a large store."""
    with invocation.management() as management:
        found = _find(invocation, management, grant_id, client_id, subject)
    told = _described(found)
    shown = {name: moment(told[name]) for name in _TIMES}
    shown["resource"] = ", ".join(told["resource"]) or "none in particular"
    shown["subject"] = told["subject"] or "the client itself"
    shown["refreshable"] = "yes" if told["refreshable"] else "no"
    invocation.tell(told, lambda: show_fields((told | shown).items()))


@grant.command()
@click.argument("grant_id", required=False)
@_client_id
@_subject
@click.option("--yes", is_flag=True, help="Do not ask.")
@global_options
@pass_invocation
def revoke(
    invocation: Invocation,
    grant_id: str | None,
    client_id: str | None,
    subject: str | None,
    *,
    yes: bool,
) -> None:
    """Revoke a grant with all its tokens, or every grant of a client, of a subject, or of both.

    When it returns, it is final, whatever was in flight.
    """
    if grant_id is None:
        _revoke_range(invocation, client_id, subject, yes=yes)
    else:
        _revoke_one(invocation, grant_id, client_id, subject)


def _revoke_one(
    invocation: Invocation, grant_id: str, client_id: str | None, subject: str | None
) -> None:
    with invocation.management() as management:
        _find(invocation, management, grant_id, client_id, subject)
        management.revoke_grant(grant_id)
    told = {"grant_id": grant_id, "grants_revoked": 1}
    invocation.tell(told, lambda: click.echo(f"Revoked {grant_id} and all its tokens."))


def _revoke_range(
    invocation: Invocation, client_id: str | None, subject: str | None, *, yes: bool
) -> None:
    if client_id is None and subject is None:
        raise click.UsageError("Name a grant, or --client-id, --subject or both.")
    named = (("client", client_id), ("subject", subject))
    whose = " and ".join(f"the {what} {name}" for what, name in named if name is not None)
    confirm(f"Revoke every grant of {whose}?", yes=yes)
    with invocation.management() as management:
        count = management.revoke_all(client_id=client_id, subject=subject)
    told = {"client_id": client_id, "subject": subject, "grants_revoked": count}
    invocation.tell(told, lambda: click.echo(f"Revoked {count} grants of {whose}."))


def _find(
    invocation: Invocation,
    management: Management,
    grant_id: str,
    client_id: str | None,
    subject: str | None,
) -> Grant:
    """Return a live grant; the contract has no look-up by id, which no flow needs."""
    line = ProgressLine("looking", shown=not invocation.as_json)
    with line as progress:
        for item in _counted(live_grants(management, client_id, subject), progress):
            if item.grant_id == grant_id:
                return item
    raise NotFoundFailure(
        f"There is no grant {grant_id!r} that is live. It may be revoked, over, or another "
        "store's. See all: oauthstore grant list"
    )


def _counted(grants: Iterable[Grant], progress: ProgressLine) -> Iterable[Grant]:
    for number, item in enumerate(grants):
        if number % _STEP == 0:
            progress.report(f"{number} grants looked at")
        yield item


def _described(item: Grant) -> dict[str, Any]:
    payload = json.loads(item.payload)
    return {
        "grant_id": item.grant_id,
        "client_id": item.client_id,
        "subject": item.subject,
        "scope": payload.get("scope", ""),
        "resource": payload.get("resource") or [],
        "granted_at": item.granted_at,
        "keep_until": item.keep_until,
        "refreshable": item.family is not None,
    }
