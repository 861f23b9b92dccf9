"""Clients on Django's admin pages: list, look, change, delete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from django.contrib import messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from ....errors import ConflictError
from ....oauth1.client_changes import is_oauth1_client
from ....oauth1.client_changes import update_client as update_oauth1_client
from ....oauth2.client_changes import update_client
from ....oauth2.clients import ClientRecord
from ....oauth2.management import delete_client, live_grants
from ....oauth2.registration import Registration
from ....translation import Message
from ...django_oauth2 import AuthorizationServer
from ..models import Client, Grant
from ..texts import current_texts, say
from .client_details import details_of, kind_of
from .client_forms import ChangeForm, OAuth1ChangeForm, blame
from .client_secrets import ClientSecrets
from .store_admin import MOST_COUNTED, REVOKED, in_store, moment

__all__ = ["ClientAdmin"]


_COLUMNS: Final = (
    Message("Name"),
    Message("Client id"),
    Message("Grant types"),
    Message("Where it comes from"),
    Message("Registered"),
)


class ClientAdmin(ClientSecrets):
    """The clients of a server's store."""

    def get_urls(self) -> list[Any]:
        """Return the routes of the pages."""
        return [
            self.route("", self.changelist_view, "changelist"),
            self.route("add/", self.add_view, "add"),
            self.route("add/oauth1/", self.add_oauth1_view, "add_oauth1"),
            self.route("<path:object_id>/rotate/", self.rotate_view, "rotate"),
            self.route("<path:object_id>/history/", self.history_view, "history"),
            self.route("<path:object_id>/delete/", self.delete_view, "delete"),
            self.route("<path:object_id>/change/", self.change_view, "change"),
        ]

    # --- the list ---

    @in_store
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the clients some at a time, or the one that was searched for."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        asked, after = request.GET.get("q", "").strip(), self.open_cursor(request)
        found, cursor = self._search(request, asked) if asked else self._page(request, after)
        following = self.seal_cursor(request, cursor)
        context = {
            "title": say(Message("Clients")),
            "asked": asked,
            "after": after,
            "first": "?",
            "following": following and f"?{urlencode({'after': following})}",
            "columns": [say(column) for column in _COLUMNS],
            "rows": [self._row(client) for client in found],
        }
        return self.render(request, "change_list.html", context)

    def _search(
        self, request: HttpRequest, client_id: str
    ) -> tuple[Sequence[ClientRecord], str | None]:
        found = self.find(request, client_id)
        return ([] if found is None else [found]), None

    def _page(
        self, request: HttpRequest, after: str | None
    ) -> tuple[Sequence[ClientRecord], str | None]:
        server = self.get_server(request)
        page = server.stores.clients.list_clients(None, after, self.list_per_page)
        return [self.record(server, stored) for stored in page.items], page.cursor

    def _row(self, client: ClientRecord) -> dict[str, Any]:
        return {
            "client": self.model_of(client),
            "kind": kind_of(client),
            "source": client.client.source,
            "created_at": moment(client.client.created_at),
        }

    # --- one client ---

    @in_store
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what is registered of a client, and change it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        client_id = unquote(object_id)
        client = self.find(request, client_id)
        if client is None:
            return self.missing(request, client_id)
        if request.method != "POST":
            return self._show(request, client, self._form(request, client))
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = self._form(request, client, request.POST)
        return self._change(request, client, form) or self._show(request, client, form)

    def _form(
        self, request: HttpRequest, client: ClientRecord, data: Any = None
    ) -> ChangeForm | OAuth1ChangeForm:
        kind = OAuth1ChangeForm if is_oauth1_client(client.client) else ChangeForm
        return kind(data, self.get_server(request), client)

    def _show(
        self, request: HttpRequest, client: ClientRecord, form: ChangeForm | OAuth1ChangeForm
    ) -> HttpResponse:
        can_change = self.has_change_permission(request)
        title = Message("Change the client") if can_change else Message("View the client")
        context = {
            "title": say(title),
            "original": self.model_of(client),
            "add": False,
            "change": True,
            "adminform": self.laid_out(form, form.fieldsets()),
            "errors": form.errors,
            "details": details_of(client, None if can_change else form),
            "grants": self._address_of_grants(request, client.client_id),
            "can_rotate": can_change and self.has_secret(client),
        }
        conflict = "version" in form.errors
        return self.render(request, "change_form.html", context, status=409 if conflict else 200)

    def _address_of_grants(self, request: HttpRequest, client_id: str) -> str | None:
        """Return where a client's grants are shown; None where not to this administrator."""
        try:
            grants = self.admin_site.get_model_admin(Grant)
        except NotRegistered:
            return None
        if not grants.has_view_permission(request):
            return None
        listed = reverse("admin:oauthstore_grant_changelist", current_app=self.admin_site.name)
        return f"{listed}?{urlencode({'client_id': client_id})}"

    def _change(
        self, request: HttpRequest, client: ClientRecord, form: ChangeForm | OAuth1ChangeForm
    ) -> HttpResponse | None:
        """Change the client as the form says; None: it cannot be, and the form tells why."""
        if not form.is_valid():
            return None
        try:
            registration = self._update(request, client, form)
        except OAuth2Error as error:
            blame(form, error)
            return None
        except ConflictError:
            self._tell_of_conflict(form)
            return None
        changed = self.record(self.get_server(request), registration.client)
        told = self.construct_change_message(request, form, [])
        self.record_act(request, self.log_change, self.model_of(changed), told)
        if registration.client_secret is not None:
            return self.show_secret(request, registration)
        name = changed.client_name
        done = say(Message("The client “%(name)s” was changed."), name=name)
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", quote(client.client_id)))

    def _update(
        self, request: HttpRequest, client: ClientRecord, form: ChangeForm | OAuth1ChangeForm
    ) -> Registration:
        if form.cleaned_data["version"] != client.client.version:
            raise ConflictError
        server = self.get_server(request)
        if isinstance(form, OAuth1ChangeForm):
            return update_oauth1_client(server.stores.clients, client.client, form.metadata())
        served = server.served
        return update_client(
            server.stores.clients,
            client.client,
            form.metadata(),
            clock=server.clock,
            resource_server=form.cleaned_data["resource_server"],
            resources=form.cleaned_data.get("resources", ()),
            scopes=served.scopes,
            grant_types=served.grant_types,
            response_types=served.response_types,
        )

    def _tell_of_conflict(self, form: ChangeForm | OAuth1ChangeForm) -> None:
        told = Message(
            "Somebody else has changed the client meanwhile, or this form was sent before. Nothing "
            "was changed by this attempt. Open the page anew, and look at it as it is now."
        )
        form.add_error("version", say(told))

    # --- the end of a client ---

    @in_store
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Ask whether a client is to go with all its grants, and let it go."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        server, client_id = self.get_server(request), unquote(object_id)
        client = self.find(request, client_id)
        model = Client(client_id=client_id) if client is None else self.model_of(client)
        if request.method == "POST":
            return self._delete(request, server, model)
        grants = list(islice(self._grants(server, client_id), MOST_COUNTED + 1))
        # A deletion that was cut off has left grants without a client: it can be repeated.
        if client is None and not grants:
            return self.missing(request, client_id)
        context = {
            "title": say(Message("Delete the client")),
            "object": model,
            "grants": len(grants[:MOST_COUNTED]),
            "more": len(grants) > MOST_COUNTED,
            "people": len({grant.subject for grant in grants if grant.subject is not None}),
        }
        return self.render(request, "delete_confirmation.html", context)

    def _grants(self, server: AuthorizationServer, client_id: str) -> Iterator[Any]:
        return iter(()) if "\0" in client_id else live_grants(server, client_id)

    def _delete(
        self, request: HttpRequest, server: AuthorizationServer, client: Client
    ) -> HttpResponse:
        client_id = client.client_id
        revoked = None if "\0" in client_id else delete_client(server, client_id)
        if revoked is None:
            return self.missing(request, client_id)
        self.record_deletion(request, client)
        gone = say(Message("The client “%(name)s” was deleted."), name=str(client))
        also = current_texts().count(REVOKED, revoked)
        self.message_user(request, f"{gone} {also}", messages.SUCCESS)
        return HttpResponseRedirect(self.address("changelist"))

    @in_store
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show what was done to a client on these pages."""
        return super().history_view(request, object_id, extra_context)
