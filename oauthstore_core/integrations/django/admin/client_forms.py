"""The forms of a client: RFC 7591's metadata, and what the store has besides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from django import forms
from django.core.validators import URLValidator

from ....digests import generate_identifier
from ....oauth2.client_authentication import METHODS
from ....oauth2.clients import ClientRecord
from ....oauth2.registration import InvalidRedirectUriError
from ....settings.checks import SIGNATURE_METHODS
from ....translation import Message
from ...django_oauth2 import AuthorizationServer
from ..texts import current_texts, said

__all__ = [
    "ChangeForm",
    "DescriptionForm",
    "LinesField",
    "MetadataForm",
    "OAuth1ChangeForm",
    "OAuth1RegistrationForm",
    "RegistrationForm",
    "blame",
]

_TEXT: Final = {"class": "vTextField"}
_METHODS: Final[Mapping[str, Message]] = {
    "client_secret_basic": Message("by a secret in the header (client_secret_basic)"),
    "client_secret_post": Message("by a secret in the form (client_secret_post)"),
    "none": Message("not at all: a public client (none)"),
}
#: A heading, and the names of fields below it.
Fieldset = tuple[Any, dict[str, Any]]


class LinesField(forms.CharField):
    """Several words or lines, as a list."""

    widget = forms.Textarea(attrs={"class": "vLargeTextField", "rows": 3, "spellcheck": "false"})

    def clean(self, value: Any) -> list[str]:
        """Return the words."""
        return str(super().clean(value)).split()

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether other words stand there."""
        return str(initial or "").split() != str(data or "").split()


class DescriptionForm(forms.Form):
    """What a client of either protocol is called, and where it sends people back to."""

    client_name = forms.CharField(
        label=said(Message("Name")),
        help_text=said(Message("What people see when they are asked. Without one, the client id.")),
        required=False,
        widget=forms.TextInput(_TEXT),
    )
    client_uri = forms.CharField(
        label=said(Message("Home page")),
        help_text=said(Message("People are shown its host. It begins with https://.")),
        required=False,
        validators=[URLValidator(schemes=["https"])],
        widget=forms.TextInput(_TEXT),
    )
    redirect_uris = LinesField(
        label=said(Message("Redirect URIs")),
        help_text=said(
            Message(
                "Where people go back to, one a line, compared to the letter: https://, or for an "
                "app on the device http://127.0.0.1 or com.example.app:."
            )
        ),
        required=False,
    )

    def __init__(self, data: Any, server: AuthorizationServer, **options: Any) -> None:
        super().__init__(data, **options)
        self.server = server

    def metadata(self) -> dict[str, Any]:
        """Return RFC 7591's metadata, None for what there is none of."""
        return {name: self.cleaned_data[name] or None for name in self.metadata_names()}

    def metadata_names(self) -> Sequence[str]:
        """Return the fields that are metadata."""
        return ("client_name", "client_uri", "redirect_uris")

    def fieldsets(self) -> Sequence[Fieldset]:
        """Return the fields in the order and below the headings of the page."""
        return [(None, {"fields": self.metadata_names()})]


class MetadataForm(DescriptionForm):
    """What a client of OAuth 2 may ask for, and how it authenticates."""

    grant_types = forms.MultipleChoiceField(
        label=said(Message("Grant types")), widget=forms.CheckboxSelectMultiple
    )
    scope: Any = forms.MultipleChoiceField(
        label=said(Message("Scopes")),
        help_text=said(Message("All that it may ask for.")),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    token_endpoint_auth_method = forms.ChoiceField(
        label=said(Message("How it authenticates")),
        choices=[(name, said(_METHODS[name])) for name in METHODS],
    )
    resource_server = forms.BooleanField(
        label=said(Message("Resource server")),
        help_text=said(Message("It may introspect the tokens of other clients.")),
        required=False,
    )
    resources = forms.MultipleChoiceField(
        label=said(Message("Resources")),
        help_text=said(Message("A resource server learns only of tokens for these, or for none.")),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any, server: AuthorizationServer, **options: Any) -> None:
        super().__init__(data, server, **options)
        served, has = server.served, self.initial
        self._offer("grant_types", served.grant_types, has.get("grant_types"))
        if served.scopes:
            self._offer("scope", served.scopes, has.get("scope"))
        else:
            self.fields["scope"] = LinesField(
                label=self.fields["scope"].label,
                help_text=self.fields["scope"].help_text,
                required=False,
                widget=forms.TextInput(_TEXT),
            )
            self.initial["scope"] = " ".join(has.get("scope", ()))
        self._offer("resources", server.settings.resources, has.get("resources"))
        if not self._choices("resources"):
            del self.fields["resources"]

    def _offer(self, name: str, known: Iterable[str], has: Iterable[str] | None) -> None:
        """Offer what the server knows; what the client has besides can be taken out."""
        field: Any = self.fields[name]
        field.choices = [(word, word) for word in dict.fromkeys([*known, *(has or ())])]

    def _choices(self, name: str) -> Sequence[Any]:
        field: Any = self.fields[name]
        return list(field.choices)

    def metadata_names(self) -> Sequence[str]:
        """Return the fields that are metadata."""
        return (*super().metadata_names(), "grant_types", "scope", "token_endpoint_auth_method")

    def metadata(self) -> dict[str, Any]:
        """Return RFC 7591's metadata, None for what there is none of."""
        return super().metadata() | {"scope": " ".join(self.cleaned_data["scope"]) or None}

    def fieldsets(self) -> Sequence[Fieldset]:
        """Return the fields in the order and below the headings of the page."""
        serving = [name for name in ("resource_server", "resources") if name in self.fields]
        return [
            (None, {"fields": self.metadata_names()}),
            (said(Message("Introspection")), {"fields": serving, "classes": ["collapse"]}),
        ]


class _TakenOver(forms.Form):
    """What a registration from elsewhere brings with it."""

    client_id = forms.CharField(
        label=said(Message("Client id")),
        help_text=said(
            Message("Leave it as it is, unless the client has another one from elsewhere.")
        ),
        initial=generate_identifier,
        widget=forms.TextInput({**_TEXT, "autocomplete": "off"}),
    )
    client_secret = forms.CharField(
        label=said(Message("Client secret")),
        help_text=said(
            Message("Leave it empty, and one is generated. Else the one that it has elsewhere.")
        ),
        required=False,
        strip=False,
        widget=forms.PasswordInput({**_TEXT, "autocomplete": "new-password"}),
    )


_TAKEN_OVER: Final = ["client_id", "client_secret"]


class RegistrationForm(MetadataForm, _TakenOver):
    """A client of OAuth 2 that is to be registered."""

    field_order = ("client_name",)

    def __init__(self, data: Any, server: AuthorizationServer) -> None:
        served = server.served.grant_types
        usual = [name for name in ("authorization_code", "refresh_token") if name in served]
        super().__init__(data, server, initial={"grant_types": usual})

    def fieldsets(self) -> Sequence[Fieldset]:
        """Return the fields in the order and below the headings of the page."""
        taken = {"fields": _TAKEN_OVER, "classes": ["collapse"]}
        return [*super().fieldsets(), (said(Message("Taken over from elsewhere")), taken)]


class OAuth1RegistrationForm(DescriptionForm, _TakenOver):
    """A client of OAuth 1.0a that is to be registered."""

    signature_methods = forms.MultipleChoiceField(
        label=said(Message("Signature methods")),
        help_text=said(Message("What it may sign by; without any, all but PLAINTEXT.")),
        choices=[(name, name) for name in SIGNATURE_METHODS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    rsa_public_key = forms.CharField(
        label=said(Message("RSA key")),
        help_text=said(Message("Its public key, PEM, by which it signs in the place of a secret.")),
        required=False,
        widget=forms.Textarea({"class": "vLargeTextField", "rows": 4, "spellcheck": "false"}),
    )

    def fieldsets(self) -> Sequence[Fieldset]:
        """Return the fields in the order and below the headings of the page."""
        first = [*self.metadata_names(), "signature_methods", "rsa_public_key"]
        taken = {"fields": _TAKEN_OVER, "classes": ["collapse"]}
        return [(None, {"fields": first}), (said(Message("Taken over from elsewhere")), taken)]


class _Changing(forms.Form):
    """The version of the client that the form shows, for compare-and-set."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ChangeForm(MetadataForm, _Changing):
    """A client of OAuth 2 as it is, to be changed."""

    def __init__(self, data: Any, server: AuthorizationServer, client: ClientRecord) -> None:
        metadata = client.client_metadata
        initial = {
            **_described(client),
            "grant_types": metadata.get("grant_types", ()),
            "scope": str(metadata.get("scope") or "").split(),
            "token_endpoint_auth_method": metadata.get("token_endpoint_auth_method"),
            "resource_server": client.is_resource_server,
            "resources": list(client.resources),
        }
        super().__init__(data, server, initial=initial)


class OAuth1ChangeForm(DescriptionForm, _Changing):
    """A client of OAuth 1.0a as it is, to be changed."""

    def __init__(self, data: Any, server: AuthorizationServer, client: ClientRecord) -> None:
        super().__init__(data, server, initial=_described(client))


def _described(client: ClientRecord) -> dict[str, Any]:
    metadata = client.client_metadata
    return {
        "client_name": metadata.get("client_name"),
        "client_uri": metadata.get("client_uri"),
        "redirect_uris": "\n".join(client.redirect_uris),
        "version": client.client.version,
    }


def blame(form: forms.Form, error: OAuth2Error) -> None:
    """Put what the registration said at the field that it is about, or above all."""
    told = str(error.description)
    words = re.findall(r"\w+", told.casefold())
    field = next((name for name in form.fields if name in words), None)
    if isinstance(error, InvalidRedirectUriError):
        field = "redirect_uris"
    form.add_error(field, current_texts().describe(told))
