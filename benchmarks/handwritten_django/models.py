"""The documentation's models of a client and of a token, in clear text."""

from __future__ import annotations

import time
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, list_to_scope, scope_to_list
from django.contrib.auth.models import User
from django.db.models import (
    CASCADE,
    BooleanField,
    CharField,
    ForeignKey,
    IntegerField,
    Model,
    TextField,
)

__all__ = ["OAuth2Client", "OAuth2Token", "now"]


def now() -> int:
    """Return seconds since the epoch."""
    return int(time.time())


class OAuth2Client(Model, ClientMixin):  # type: ignore[misc]  # of Authlib, untyped
    """A client."""

    user = ForeignKey(User, on_delete=CASCADE, null=True)
    client_id = CharField(max_length=48, unique=True)
    client_secret = CharField(max_length=48, blank=True)
    client_name = CharField(max_length=120)
    scope = TextField(default="")

    def __str__(self) -> str:
        return str(self.client_name)

    def get_client_id(self) -> str:
        """Return the client id."""
        return str(self.client_id)

    def get_allowed_scope(self, scope: str) -> str:
        """Return what of a scope the client may have."""
        allowed = set(scope_to_list(self.scope))
        return str(list_to_scope([one for one in scope.split() if one in allowed]))

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether this is its secret."""
        return bool(self.client_secret == client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether it may authenticate like this."""
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it may use the grant type."""
        return grant_type == "client_credentials"


class OAuth2Token(Model, TokenMixin):  # type: ignore[misc]  # of Authlib, untyped
    """A token."""

    user = ForeignKey(User, on_delete=CASCADE, null=True)
    client_id = CharField(max_length=48, db_index=True)
    token_type = CharField(max_length=40)
    access_token = CharField(max_length=255, unique=True)
    refresh_token = CharField(max_length=255, db_index=True, default="")
    scope = TextField(default="")
    revoked = BooleanField(default=False)
    issued_at = IntegerField(default=now)
    expires_in = IntegerField(default=0)

    def __str__(self) -> str:
        return f"of {self.client_id}"

    def check_client(self, client: Any) -> bool:
        """Tell whether it is the client's."""
        return bool(self.client_id == client.client_id)

    def get_client_id(self) -> str:
        """Return whose it is."""
        return str(self.client_id)

    def get_scope(self) -> str:
        """Return its scope."""
        return str(self.scope)

    def get_expires_in(self) -> int:
        """Return for how many seconds it lives."""
        return int(self.expires_in)

    def get_expires_at(self) -> int:
        """Return when it expires."""
        return int(self.issued_at + self.expires_in)

    def is_expired(self) -> bool:
        """Tell whether it is too old."""
        return self.get_expires_at() < now()

    def is_revoked(self) -> bool:
        """Tell whether somebody has revoked it."""
        return bool(self.revoked)
