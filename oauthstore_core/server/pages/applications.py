"""The applications that are registered, for administrators: list, look, rotate, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from ...errors import ConflictError
from ...http import HttpRequest, HttpResponse, redirect
from ...oauth2.client_changes import rotate_secret
from ...oauth2.clients import ClientRecord
from ...oauth2.management import delete_client, live_grants
from ...pages.csrf import single
from ...pages.refusals import PageError
from ...records import Client
from ...stores import read_anew
from ...translation import Message
from ..sessions import Session
from ..site import Site

__all__ = [
    "ShownSecret",
    "address_of_client",
    "ask_to_delete",
    "ask_to_rotate",
    "delete",
    "rotate",
    "show",
    "show_all",
    "show_secret",
]

_PAGE: Final = 50
#: For how many seconds the old secret may work on: at once, an hour, a day, a week, a month.
_OVERLAPS: Final = (0, 3600, 86400, 7 * 86400, 30 * 86400)
_USUAL_OVERLAP: Final = 86400


@dataclass(frozen=True, slots=True)
class ShownSecret:
    """What a page shows this once."""

    client: ClientRecord
    #: None for a public client.
    client_secret: str | None = field(repr=False)
    #: Until when the secret before works on, in seconds since the epoch; None: it ended.
    previous_expires_at: int | None = None
    #: Whether the client was registered just now.
    is_new: bool = False


def address_of_client(site: Site, page: str, client_id: str) -> str:
    """Return the address of one of the pages of an application."""
    return f"{site.paths.of_applications[page]}?{urlencode({'client_id': client_id})}"


def show_all(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer GET: the applications, some at a time."""
    page = site.server.stores.clients.list_clients(None, single(request.query, "after"), _PAGE)
    following = page.cursor and f"{site.paths.applications}?{urlencode({'after': page.cursor})}"
    context = site.context(session) | {
        "applications": [_record(site, client) for client in page.items],
        "following": following,
        "done": single(request.query, "done") == "deleted",
        "address": lambda client_id: address_of_client(site, "show", client_id),
    }
    return site.renderer.page(request, "applications.html", context)


def show(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer GET: what is registered of an application; a secret cannot be shown."""
    found = _asked_for(site, request)
    context = _context(site, session, found) | {"scopes": _scopes(site, found)}
    return site.renderer.page(request, "application.html", context)


def ask_to_rotate(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer GET: for how long the present secret is to work on."""
    found = _asked_for(site, request)
    if not found.secret_digests:
        raise _no_secret(site, found.client_id)
    context = _context(site, session, found) | _form(site, request, session)
    context |= {"overlaps": _OVERLAPS, "usual": _USUAL_OVERLAP, "version": found.client.version}
    return site.renderer.page(request, "rotate.html", context)


def rotate(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer POST: the new secret, this once. A form that is sent twice rotates once."""
    site.refuse_forged(session.session_id, request)
    found = _asked_for(site, request)
    if not found.secret_digests:
        raise _no_secret(site, found.client_id)
    overlap = {str(seconds): seconds for seconds in _OVERLAPS}.get(
        single(request.form, "overlap") or ""
    )
    if overlap is None or single(request.form, "version") != str(found.client.version):
        raise _changed_meanwhile(site, found.client_id)
    try:
        rotated = rotate_secret(
            site.server.stores.clients,
            found.client,
            clock=site.server.clock,
            overlap=overlap,
        )
    except ConflictError as error:
        raise _changed_meanwhile(site, found.client_id) from error
    registration = rotated.registration
    client = _record(site, registration.client)
    shown = ShownSecret(client, registration.client_secret, rotated.previous_expires_at)
    return show_secret(site, request, session, shown)


def show_secret(
    site: Site, request: HttpRequest, session: Session, shown: ShownSecret
) -> HttpResponse:
    """Answer POST with a secret, which is shown this once; or tell that there is none."""
    context = _context(site, session, shown.client) | {"shown": shown}
    return site.renderer.page(request, "secret.html", context, status=201 if shown.is_new else 200)


def ask_to_delete(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer GET: whether it is really to be deleted."""
    client_id = single(request.query, "client_id") or ""
    found = site.server.query_client_anew(client_id)
    # A deletion that was cut off has left grants without a client: it can be repeated.
    if found is None and next(live_grants(site.server, client_id), None) is None:
        raise _unknown(site, client_id)
    name = client_id if found is None else found.client_name
    context = site.context(session) | _form(site, request, session)
    context |= {"name": name, "client_id": client_id}
    context |= {"back": address_of_client(site, "show", client_id)}
    return site.renderer.page(request, "delete.html", context)


def delete(site: Site, request: HttpRequest, session: Session) -> HttpResponse:
    """Answer POST: the application is gone, and all that it was given with it."""
    site.refuse_forged(session.session_id, request)
    client_id = single(request.query, "client_id") or ""
    if delete_client(site.server, client_id) is None:
        raise _unknown(site, client_id)
    return redirect(f"{site.paths.applications}?done=deleted")


# --- what the pages are made of ---


def _asked_for(site: Site, request: HttpRequest) -> ClientRecord:
    """Return the application that the address names, as it is now. `PageError`: there is none."""
    client_id = single(request.query, "client_id") or ""
    # Another worker may have changed it just now, and a form is held against its version.
    with read_anew():
        client = site.server.stores.clients.query_client(client_id)
    if client is None:
        raise _unknown(site, client_id)
    return _record(site, client)


def _record(site: Site, client: Client) -> ClientRecord:
    return ClientRecord(client, site.server.key_ring, site.server.clock.now())


def _context(site: Site, session: Session, client: ClientRecord) -> dict[str, Any]:
    pages = ("show", "rotate", "delete")
    addresses = {page: address_of_client(site, page, client.client_id) for page in pages}
    return site.context(session) | {"client": client, "addresses": addresses}


def _form(site: Site, request: HttpRequest, session: Session) -> dict[str, Any]:
    """Return what a form needs that posts to where it is shown."""
    token = site.csrf.issue(session.session_id, request.path, request.query)
    return {"action": f"{request.path}?{request.query_string}", "csrf": token}


def _scopes(site: Site, client: ClientRecord) -> Sequence[tuple[str, str]]:
    return site.consent.describe_scopes(client.client_metadata.get("scope"))


def _unknown(site: Site, client_id: str) -> PageError:
    return PageError(
        status=404,
        title=Message("There is no such application"),
        explanation=Message("No application is registered by this client id, or no longer."),
        advice=Message("Look for it in the list of all."),
        detail=f"no client {client_id!r}",
        link=(site.paths.applications, Message("To the applications")),
    )


def _no_secret(site: Site, client_id: str) -> PageError:
    return PageError(
        status=409,
        title=Message("This application has no secret"),
        explanation=Message("It is a public client, which could not keep one."),
        advice=Message("Register it anew if it runs on a server and can."),
        link=(address_of_client(site, "show", client_id), Message("To the application")),
    )


def _changed_meanwhile(site: Site, client_id: str) -> PageError:
    return PageError(
        status=409,
        title=Message("The application was changed meanwhile"),
        explanation=Message(
            "This form was sent a second time, or somebody else has changed the application. "
            "Nothing was changed by this attempt."
        ),
        advice=Message(
            "Look at it as it is now. A secret that you could not read is of no use: rotate again."
        ),
        link=(address_of_client(site, "show", client_id), Message("To the application")),
    )
