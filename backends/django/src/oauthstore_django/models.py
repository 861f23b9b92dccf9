"""The tables, as Django models; the roles alone write them.

Nothing is saved by `Model.save`: a verb is one conditional statement wherever
that will do, and no signal carries a record around.
"""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

from django.db import models

from oauthstore_core import records

from .fields import DigestField, IdentifierField, NumberField, PayloadField, SealedField

__all__ = [
    "Account",
    "Attempt",
    "Client",
    "Credential",
    "Fence",
    "Grant",
    "Nonce",
    "Token",
    "columns_of",
]

R = TypeVar("R")


@cache
def _names(record: Any) -> tuple[str, ...]:  # noqa: ANN401 - a type, which mypy takes for unhashable
    return tuple(field.name for field in fields(record))


def columns_of(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the contract's
    """Return a record's fields as columns, what is one of several by its word."""
    found = {name: getattr(record, name) for name in _names(cast("Any", type(record)))}
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in found.items()
    }


def _made(record: type[R], row: models.Model, prefix: str = "", /, **rest: object) -> R:
    """Return a record whose fields are columns, but for the `rest`."""
    names = [name for name in _names(cast("Any", record)) if name not in rest]
    return record(**{name: getattr(row, prefix + name) for name in names}, **rest)


class Client(models.Model):
    """A registered client."""

    client_id = IdentifierField(primary_key=True)
    owner = IdentifierField(null=True)
    source = IdentifierField()
    created_at = NumberField()
    expires_at = NumberField(null=True)
    version = NumberField()
    payload = PayloadField()

    class Meta:
        """Indexes for the pages of an owner, and for the purge."""

        indexes: ClassVar = [
            models.Index(fields=["owner", "client_id"], name="oauthstore_client_owner"),
            models.Index(fields=["expires_at"], name="oauthstore_client_expires"),
        ]

    def __str__(self) -> str:
        return str(self.client_id)

    def record(self) -> records.Client:
        """Return the contract's client."""
        return _made(records.Client, self)


class Grant(models.Model):
    """A grant: lock, fence and announcement.

    It holds the refresh family as well, current token and predecessor, so
    that a rotation is one conditional UPDATE.
    """

    grant_id = IdentifierField(primary_key=True)
    client_id = IdentifierField()
    subject = IdentifierField(null=True)
    family = DigestField(null=True)
    granted_at = NumberField()
    keep_until = NumberField(null=True)
    revoked_at = NumberField(null=True)
    payload = PayloadField()
    current_digest = DigestField(null=True)
    current_issued_at = NumberField(null=True)
    current_expires_at = NumberField(null=True)
    current_generation = NumberField(null=True)
    current_rotated_at = NumberField(null=True)
    current_payload = PayloadField(null=True)
    current_state = IdentifierField(null=True)
    previous_digest = DigestField(null=True)
    previous_issued_at = NumberField(null=True)
    previous_expires_at = NumberField(null=True)
    previous_generation = NumberField(null=True)
    previous_rotated_at = NumberField(null=True)
    previous_payload = PayloadField(null=True)
    sealed_response = SealedField(null=True)

    class Meta:
        """Indexes for the rotation, the sweeps and pages, and the purge."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["family"], name="oauthstore_grant_family"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["client_id", "grant_id"], name="oauthstore_grant_client"),
            models.Index(
                fields=["subject", "client_id", "grant_id"], name="oauthstore_grant_subject"
            ),
            models.Index(fields=["keep_until", "grant_id"], name="oauthstore_grant_keep_until"),
        ]

    def __str__(self) -> str:
        return str(self.grant_id)

    def record(self) -> records.Grant:
        """Return the contract's grant."""
        return _made(records.Grant, self)

    def refresh_family(self) -> records.RefreshFamily | None:
        """Return the grant's refresh family, None where it has none."""
        if self.current_digest is None:
            return None
        state = records.TokenState(self.current_state)
        current = _made(records.Token, self, "current_", kind="refresh", state=state)
        return records.RefreshFamily(self.record(), current, self.predecessor())

    def predecessor(self) -> records.Token | None:
        """Return the refresh token before the current one, None in the first generation."""
        if self.previous_digest is None:
            return None
        state = records.TokenState.ROTATED
        return _made(records.Token, self, "previous_", kind="refresh", state=state)


class Token(models.Model):
    """An access token or an OAuth 1 token credential."""

    digest = DigestField(primary_key=True)
    kind = IdentifierField()
    issued_at = NumberField()
    expires_at = NumberField(null=True)
    state = IdentifierField()
    generation = NumberField()
    rotated_at = NumberField(null=True)
    payload = PayloadField()
    #: Not enforced by the database: a token is written under the lock of its grant's row.
    grant: Any = models.ForeignKey(
        Grant, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        """Indexes for what a write drops, and for the purge."""

        indexes: ClassVar = [
            models.Index(fields=["grant"], name="oauthstore_token_grant"),
            models.Index(fields=["expires_at"], name="oauthstore_token_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"

    def record(self) -> records.Token:
        """Return the contract's token."""
        return _made(records.Token, self, state=records.TokenState(self.state))


class Fence(models.Model):
    """What `revoke_all` raises; the scope is the digest of a client, a subject, or both."""

    scope = DigestField(primary_key=True)
    at = NumberField()
    keep_until = NumberField()

    class Meta:
        """An index for the purge."""

        indexes: ClassVar = [
            models.Index(fields=["keep_until"], name="oauthstore_fence_keep_until"),
        ]

    def __str__(self) -> str:
        return str(self.scope[:8])


class Credential(models.Model):
    """What is claimed once; it stays as a tombstone until its `keep_until`."""

    pk = models.CompositePrimaryKey("kind", "digest")
    kind = IdentifierField()
    digest = DigestField()
    client_id = IdentifierField()
    expires_at = NumberField()
    keep_until = NumberField()
    alias = DigestField(null=True)
    grant_id = IdentifierField(null=True)
    subject = IdentifierField(null=True)
    state = IdentifierField()
    granted_at = NumberField(null=True)
    interval = NumberField(null=True)
    polled_at = NumberField(null=True)
    payload = PayloadField()
    #: 1 where the last poll came too soon: its own UPDATE tells its caller by this.
    hasty = NumberField(null=True)

    class Meta:
        """Indexes for the alias, which is one's own, and for the purge."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "alias"], name="oauthstore_credential_alias"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["keep_until"], name="oauthstore_credential_keep"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"

    def record(self) -> records.Credential:
        """Return the contract's credential."""
        return _made(records.Credential, self, state=records.CredentialState(self.state))


class Nonce(models.Model):
    """A nonce until it expires."""

    digest = DigestField(primary_key=True)
    expires_at = NumberField()

    class Meta:
        """An index for the purge."""

        indexes: ClassVar = [models.Index(fields=["expires_at"], name="oauthstore_nonce_expires")]

    def __str__(self) -> str:
        return str(self.digest[:8])


class Account(models.Model):
    """An account of the standalone server."""

    subject = IdentifierField(primary_key=True)
    name = IdentifierField()
    created_at = NumberField()
    version = NumberField()
    payload = PayloadField()

    class Meta:
        """A name belongs to one subject."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name"], name="oauthstore_account_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)

    def record(self) -> records.Account:
        """Return the contract's account."""
        return _made(records.Account, self)


class Attempt(models.Model):
    """How many sign-in attempts a window holds."""

    digest = DigestField(primary_key=True)
    closes_at = NumberField()
    count = NumberField()

    class Meta:
        """An index for the purge."""

        indexes: ClassVar = [models.Index(fields=["closes_at"], name="oauthstore_attempt_closes")]

    def __str__(self) -> str:
        return str(self.digest[:8])
