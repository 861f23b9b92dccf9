"""What the pages of a client have in common: finding it, as it is now."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ....oauth2.clients import ClientRecord
from ....records import Client as StoredClient
from ....stores import read_anew
from ....translation import Message
from ...django_oauth2 import AuthorizationServer
from ..models import Client
from ..texts import say
from .store_admin import StoreAdmin

__all__ = ["ClientPages"]


class ClientPages(StoreAdmin):
    """Finds clients, and tells where there is none."""

    def find(self, request: HttpRequest, client_id: str) -> ClientRecord | None:
        """Return a client as it is now, None where there is none."""
        server = self.get_server(request)
        # Another worker may have changed it just now, and a form is held against its version.
        with read_anew():
            found = None if "\0" in client_id else server.stores.clients.query_client(client_id)
        return None if found is None else self.record(server, found)

    def record(self, server: AuthorizationServer, stored: StoredClient) -> ClientRecord:
        """Return a stored client in words that can be asked for."""
        return ClientRecord(stored, server.key_ring, server.clock.now())

    def model_of(self, client: ClientRecord) -> Client:
        """Return the client as Django's history and templates know it."""
        found = Client(client_id=client.client_id)
        found.name = client.client_name
        return found

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Client | None:
        """Return the client for Django's own views, which have read the address."""
        found = self.find(request, object_id)
        return None if found is None else self.model_of(found)

    def missing(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """Tell that there is no such client, or no longer."""
        gone = say(Message("There is no client “%(id)s”, or no longer."), id=client_id)
        self.message_user(request, gone, messages.WARNING)
        return HttpResponseRedirect(self.address("changelist"))
