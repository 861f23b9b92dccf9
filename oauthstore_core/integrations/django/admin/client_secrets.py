"""What shows a client's secret, once: registering, and rotating."""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from django import forms
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from ....errors import ConflictError, DuplicateError
from ....oauth1.client_changes import is_oauth1_client
from ....oauth1.client_changes import rotate_secret as rotate_sealed_secret
from ....oauth1.registration import register_client as register_oauth1_client
from ....oauth2.client_changes import RotatedSecret, rotate_secret
from ....oauth2.clients import ClientRecord
from ....oauth2.registration import Registration
from ....translation import Message
from ..texts import said, say
from .client_details import secrets_of
from .client_forms import OAuth1RegistrationForm, RegistrationForm, blame
from .client_pages import ClientPages
from .store_admin import in_store, moment

__all__ = ["ClientSecrets", "RotateForm"]

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_OVERLAPS: Final = (
    (0, said(Message("It ends at once"))),
    (_HOUR, said(Message("An hour"))),
    (_DAY, said(Message("A day"))),
    (7 * _DAY, said(Message("A week"))),
    (30 * _DAY, said(Message("30 days"))),
)


class RotateForm(forms.Form):
    """For how long the secret before works on, and which client the page has shown."""

    overlap = forms.TypedChoiceField(
        label=said(Message("For how long does the present secret work on?")),
        choices=_OVERLAPS,
        coerce=int,
        initial=_DAY,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class ClientSecrets(ClientPages):
    """Registers clients and rotates their secrets; each page with a secret answers a POST."""

    # --- registering ---

    @in_store
    @method_decorator(sensitive_post_parameters("client_secret"))
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Register a client of OAuth 2."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RegistrationForm(self._sent(request), self.get_server(request))
        return self._register(request, form)

    @in_store
    @method_decorator(sensitive_post_parameters("client_secret"))
    def add_oauth1_view(self, request: HttpRequest) -> HttpResponse:
        """Register a client of OAuth 1.0a."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = OAuth1RegistrationForm(self._sent(request), self.get_server(request))
        return self._register(request, form)

    def _sent(self, request: HttpRequest) -> Any:
        return request.POST if request.method == "POST" else None

    def _register(
        self, request: HttpRequest, form: RegistrationForm | OAuth1RegistrationForm
    ) -> HttpResponse:
        registration = self._registration(form) if form.is_valid() else None
        if registration is None:
            return self._show_form(request, form)
        client = self.record(form.server, registration.client)
        self.record_act(request, self.log_addition, self.model_of(client), [{"added": {}}])
        return self.show_secret(request, registration, is_new=True)

    def _registration(self, form: RegistrationForm | OAuth1RegistrationForm) -> Registration | None:
        """Register what the form says; None: it cannot be, and the form tells why."""
        try:
            if isinstance(form, OAuth1RegistrationForm):
                return self._register_oauth1(form)
            return self._register_oauth2(form)
        except OAuth2Error as error:
            blame(form, error)
        except DuplicateError:
            taken = Message(
                "A client has this id already: perhaps this form was sent before. If you could "
                "not read its secret, rotate it; for another client, take another id."
            )
            form.add_error("client_id", say(taken))
        return None

    def _register_oauth2(self, form: RegistrationForm) -> Registration:
        given = form.cleaned_data
        return form.server.register_client(
            form.metadata(),
            client_id=given["client_id"],
            client_secret=given["client_secret"] or None,
            resource_server=given["resource_server"],
            resources=given.get("resources", ()),
        )

    def _register_oauth1(self, form: OAuth1RegistrationForm) -> Registration:
        given, server = form.cleaned_data, form.server
        return register_oauth1_client(
            server.stores.clients,
            form.metadata(),
            key_ring=server.key_ring,
            clock=server.clock,
            client_id=given["client_id"],
            client_secret=given["client_secret"] or None,
            rsa_public_key=given["rsa_public_key"] or None,
            signature_methods=given["signature_methods"] or None,
        )

    def _show_form(
        self, request: HttpRequest, form: RegistrationForm | OAuth1RegistrationForm
    ) -> HttpResponse:
        is_oauth1 = isinstance(form, OAuth1RegistrationForm)
        title = (
            Message("Register a client of OAuth 1") if is_oauth1 else Message("Register a client")
        )
        context = {
            "title": say(title),
            "add": True,
            "change": False,
            "is_oauth1": is_oauth1,
            "adminform": self.laid_out(form, form.fieldsets()),
            "errors": form.errors,
            "other": self.address("add" if is_oauth1 else "add_oauth1"),
        }
        return self.render(request, "change_form.html", context)

    # --- rotating ---

    def has_secret(self, client: ClientRecord) -> bool:
        """Tell whether there is a secret to be rotated, valid or not."""
        if is_oauth1_client(client.client):
            return "sealed_secrets" in client.payload
        return client.client_metadata.get("token_endpoint_auth_method") != "none"

    @in_store
    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for how long the present secret works on, and show the new one, this once."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        client_id = unquote(object_id)
        client = self.find(request, client_id)
        if client is None:
            return self.missing(request, client_id)
        if not self.has_secret(client):
            return self._ask(request, client, RotateForm(), status=409)
        form = RotateForm(self._sent(request), initial={"version": client.client.version})
        if not form.is_valid():
            return self._ask(request, client, form)
        try:
            rotated = self._rotate(request, client, form.cleaned_data)
        except ConflictError:
            anew = RotateForm(initial={"version": client.client.version})
            return self._ask(request, client, anew, status=409, conflict=True)
        told = [{"changed": {"fields": ["Client secret"]}}]
        self.record_act(request, self.log_change, self.model_of(client), told)
        return self.show_secret(
            request, rotated.registration, previous_expires_at=rotated.previous_expires_at
        )

    def _rotate(
        self, request: HttpRequest, client: ClientRecord, given: dict[str, Any]
    ) -> RotatedSecret:
        if given["version"] != client.client.version:
            raise ConflictError
        server, overlap = self.get_server(request), given["overlap"]
        clients, clock = server.stores.clients, server.clock
        if not is_oauth1_client(client.client):
            return rotate_secret(clients, client.client, clock=clock, overlap=overlap)
        return rotate_sealed_secret(
            clients, client.client, key_ring=server.key_ring, clock=clock, overlap=overlap
        )

    def _ask(
        self,
        request: HttpRequest,
        client: ClientRecord,
        form: RotateForm,
        *,
        status: int = 200,
        conflict: bool = False,
    ) -> HttpResponse:
        context = {
            "title": say(Message("Rotate the secret")),
            "original": self.model_of(client),
            "add": False,
            "change": True,
            "adminform": self.laid_out(form, [(None, {"fields": ["overlap"]})]),
            "errors": form.errors,
            "conflict": conflict,
            "has_secret": self.has_secret(client),
            "overlapping": len(secrets_of(client)) > 1,
        }
        return self.render(request, "rotate.html", context, status=status)

    # --- the one sight of a secret ---

    def show_secret(
        self,
        request: HttpRequest,
        registration: Registration,
        *,
        previous_expires_at: int | None = None,
        is_new: bool = False,
    ) -> HttpResponse:
        """Answer with a secret, which nothing but this answer has."""
        client = self.record(self.get_server(request), registration.client)
        title = Message("The client is registered") if is_new else Message("The secret is new")
        context = {
            "title": say(title),
            "original": self.model_of(client),
            "add": False,
            "change": True,
            "is_new": is_new,
            "client_secret": registration.client_secret,
            "previous_expires_at": moment(previous_expires_at),
            "to_client": self.address("change", quote(client.client_id)),
        }
        template = f"admin/oauthstore/{self.opts.model_name}/secret.html"
        # Rendered here and now: a `TemplateResponse` would carry it on to every middleware.
        response = render(request, template, self.frame(request, context))
        response["Cache-Control"] = "no-store"
        return response
