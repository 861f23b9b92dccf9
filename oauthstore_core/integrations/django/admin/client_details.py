"""What a page tells of a client besides the form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.forms import Form
from django.utils.formats import localize

from ....oauth1.client_changes import is_oauth1_client
from ....oauth1.sealed_secrets import valid_sealed_secrets
from ....oauth2.clients import ClientRecord
from ....translation import Message
from ..texts import say
from .store_admin import moment

__all__ = ["details_of", "kind_of", "secrets_of"]

#: What the form has, or another line tells.
_TOLD: Final = frozenset(
    {
        *("client_name", "client_uri", "redirect_uris", "grant_types", "scope"),
        *("token_endpoint_auth_method", "response_types"),
    }
)

_NOTHING: Final = "-"


def kind_of(client: ClientRecord) -> str:
    """Return the protocol, or what a client of OAuth 2 asks for tokens by."""
    if is_oauth1_client(client.client):
        return "OAuth 1"
    return ", ".join(client.client_metadata.get("grant_types", ()))


def secrets_of(client: ClientRecord) -> Sequence[Any]:
    """Return what is stored of the secrets that are valid, of OAuth 2 or 1; two may overlap."""
    now = client._now  # noqa: SLF001 - the time of the request
    return [*client.secret_digests, *valid_sealed_secrets(client.payload, now)]


def details_of(client: ClientRecord, form: Form | None) -> Sequence[tuple[str, Any]]:
    """Return lines about a client; with a `form` those that it would have, too."""
    return [*_fixed(client), *([] if form is None else _of_form(form)), *_further(client)]


def _fixed(client: ClientRecord) -> Iterator[tuple[str, Any]]:
    stored, secrets = client.client, secrets_of(client)
    yield say(Message("Client id")), stored.client_id
    yield say(Message("Registered")), localize(moment(stored.created_at))
    yield say(Message("Where it comes from")), stored.source
    if stored.expires_at is not None:
        yield say(Message("Registered until")), localize(moment(stored.expires_at))
    yield say(Message("Valid secrets")), str(len(secrets))
    for end in (item["expires_at"] for item in secrets if "expires_at" in item):
        yield say(Message("The secret before works until")), localize(moment(end))


def _of_form(form: Form) -> Iterator[tuple[str, Any]]:
    for name, field in form.fields.items():
        if not field.widget.is_hidden:
            yield str(field.label), _shown(form.initial.get(name))


def _further(client: ClientRecord) -> Iterator[tuple[str, Any]]:
    for name, value in client.client_metadata.items():
        if name not in _TOLD and value:
            yield name, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return say(Message("yes")) if value else say(Message("no"))
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or _NOTHING
    return str(value) if value else _NOTHING
