"""Grants on Django's admin pages: look for them, and revoke them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ....digests import digest, fingerprint
from ....oauth2.management import list_live_grants, live_grants
from ....records import Grant as StoredGrant
from ....translation import Message
from ..models import Grant
from ..texts import current_texts, say
from .people import find_subject, user_names
from .store_admin import MOST_COUNTED, REVOKED, StoreAdmin, in_store, moment

__all__ = ["Asked", "GrantAdmin"]

_REVOKE: Final = Message("Revoke")
_COLUMNS: Final = (
    Message("Client id"),
    Message("Subject"),
    Message("Scopes"),
    Message("Granted"),
    Message("Ends"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose grants an address asks for, and from where on."""

    client_id: str | None
    subject: str | None
    #: A sealed cursor.
    after: str | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        """Return what the query says; what no store can have is nobody's."""
        given = {name: request.GET.get(name, "").strip() for name in ("client_id", "subject")}
        return cls(given["client_id"] or None, given["subject"] or None, request.GET.get("after"))

    @property
    def is_possible(self) -> bool:
        """Whether any store could have it."""
        return "\0" not in f"{self.client_id}{self.subject}"

    @property
    def whose(self) -> tuple[str | None, str | None]:
        """Client id and subject, None for any."""
        return self.client_id, self.subject

    def query(self, **more: str | None) -> str:
        """Return the query of an address that asks the same, with some of it replaced."""
        named = {"client_id": self.client_id, "subject": self.subject, "after": self.after}
        given = {name: value for name, value in (named | more).items() if value}
        return f"?{urlencode(given)}" if given else ""


class GrantAdmin(StoreAdmin):
    """The grants of a server's store: whose they are, what they allow, until when."""

    def get_urls(self) -> list[Any]:
        """Return the routes of the pages."""
        return [
            self.route("", self.changelist_view, "changelist"),
            self.route("revoke/", self.revoke_view, "revoke"),
            self.route("<str:object_id>/delete/", self.delete_view, "delete"),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Grants are made by people who consent, not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Grants do not change: they are what was consented to."""
        return False

    # --- the list ---

    @in_store
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the grants of a client, a person, both or anybody, some at a time."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        name = request.GET.get("user", "").strip()
        if name:
            return self._to_user(request, name)
        asked = Asked.of(request)
        grants, cursor = self._page(request, asked)
        following = self.seal_cursor(request, cursor, *asked.whose)
        names = user_names(grant.subject for grant in grants if grant.subject is not None)
        context = {
            "title": say(Message("Grants")),
            "asked": asked,
            "first": asked.query(after=None) or "?",
            "after": asked.after,
            "is_search": any(asked.whose),
            "columns": self._columns(request),
            "following": following and asked.query(after=following),
            "revoke_all": self._range_address(asked),
            "rows": [self._row(grant, names) | {"query": asked.query()} for grant in grants],
        }
        return self.render(request, "change_list.html", context)

    def _columns(self, request: HttpRequest) -> Sequence[str]:
        """Return the headings; what revokes stands first, where no window cuts it off."""
        acts = [_REVOKE] if self.has_delete_permission(request) else []
        return [say(column) for column in (Message("Fingerprint"), *acts, *_COLUMNS)]

    def _page(self, request: HttpRequest, asked: Asked) -> tuple[Sequence[StoredGrant], str | None]:
        """Return the live grants of a page, and the store's cursor of the next one."""
        if not asked.is_possible:
            return (), None
        after = self.open_cursor(request, *asked.whose)
        page = list_live_grants(self.get_server(request), *asked.whose, after, self.list_per_page)
        return page.items, page.cursor

    def _to_user(self, request: HttpRequest, name: str) -> HttpResponse:
        """Lead from a user name to the subject's grants."""
        subject = None if "\0" in name else find_subject(name)
        if subject is None:
            nobody = say(Message("There is no user “%(name)s”."), name=name)
            self.message_user(request, nobody, messages.WARNING)
        query = Asked(Asked.of(request).client_id, subject).query()
        return HttpResponseRedirect(self.address("changelist") + query)

    def _range_address(self, asked: Asked) -> str | None:
        if asked.client_id is None and asked.subject is None:
            return None
        return self.address("revoke") + asked.query(after=None)

    def _row(self, grant: StoredGrant, names: Mapping[str, str]) -> dict[str, Any]:
        allowed = json.loads(grant.payload)
        handle = digest(grant.grant_id)
        return {
            "digest": handle,
            "fingerprint": fingerprint(handle),
            "client_id": grant.client_id,
            "subject": grant.subject,
            "user_name": names.get(grant.subject or ""),
            "scope": allowed.get("scope", ""),
            "resource": allowed.get("resource") or [],
            "granted_at": moment(grant.granted_at),
            "keep_until": moment(grant.keep_until),
            "refreshable": grant.family is not None,
        }

    # --- revoking ---

    @in_store
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Ask whether a grant is to be revoked, and revoke it."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        asked = Asked.of(request)
        back = self.address("changelist") + asked.query()
        grant = self._find(request, object_id, asked)
        if grant is None:
            gone = Message("This grant is not live any more: it was revoked, or is over.")
            self.message_user(request, say(gone), messages.WARNING)
            return HttpResponseRedirect(back)
        if request.method == "POST":
            self.get_server(request).revoke_grant(grant.grant_id)
            self.record_deletion(request, self._model_of(grant))
            self.message_user(request, current_texts().count(REVOKED, 1), messages.SUCCESS)
            return HttpResponseRedirect(back)
        names = user_names([grant.subject] if grant.subject is not None else [])
        context = {
            "title": say(Message("Revoke the grant")),
            "grant": self._row(grant, names),
            "back": back,
        }
        return self.render(request, "delete_confirmation.html", context)

    def _find(self, request: HttpRequest, handle: str, asked: Asked) -> StoredGrant | None:
        """Return a live grant: from the page that the administrator saw, else from all of them.

        The contract has no look-up by id, which no flow needs.
        """
        if not asked.is_possible:
            return None
        seen, _ = self._page(request, asked)
        for grants in (seen, live_grants(self.get_server(request), *asked.whose)):
            for grant in grants:
                if digest(grant.grant_id) == handle:
                    return grant
        return None

    def _model_of(self, grant: StoredGrant) -> Grant:
        handle = digest(grant.grant_id)
        found = Grant(digest=handle)
        whose = grant.client_id if grant.subject is None else f"{grant.client_id}, {grant.subject}"
        found.name = f"{fingerprint(handle)} ({whose})"
        return found

    @in_store
    def revoke_view(self, request: HttpRequest) -> HttpResponse:
        """Ask whether every grant of a client, a person or both is to be revoked, and do it."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        asked = Asked.of(request)
        back = self.address("changelist") + asked.query(after=None)
        if not asked.is_possible or (asked.client_id is None and asked.subject is None):
            return HttpResponseRedirect(self.address("changelist"))
        server = self.get_server(request)
        if request.method == "POST":
            count = server.revoke_all(client_id=asked.client_id, subject=asked.subject)
            self.record_deletion(request, self._range_of(asked))
            self.message_user(request, current_texts().count(REVOKED, count), messages.SUCCESS)
            return HttpResponseRedirect(back)
        grants = list(islice(live_grants(server, *asked.whose), MOST_COUNTED + 1))
        names = user_names([asked.subject] if asked.subject is not None else [])
        context = {
            "title": say(Message("Revoke grants")),
            "asked": asked,
            "user_name": names.get(asked.subject or ""),
            "grants": len(grants[:MOST_COUNTED]),
            "more": len(grants) > MOST_COUNTED,
            "back": back,
        }
        return self.render(request, "revoke.html", context)

    def _range_of(self, asked: Asked) -> Grant:
        """Return all grants of a client, a person or both as Django's history knows them."""
        named = (("client", asked.client_id), ("subject", asked.subject))
        found = Grant(digest="")
        found.name = "all of " + ", ".join(f"{what} {name}" for what, name in named if name)
        return found
