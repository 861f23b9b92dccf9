"""What the admin pages look after, for Django's permissions, history and admin site.

Neither has a table: what is shown is in the stores that the settings name,
whatever their backend, and nothing is ever read or saved through a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from ...translation import Message
from .texts import said

if TYPE_CHECKING:
    from django.db.models import QuerySet

__all__ = ["Client", "Grant", "NoRows"]


class NoRows(models.Manager[Any]):
    """Finds nothing, without a query: `dumpdata` asks every model, and there is no table."""

    def get_queryset(self) -> QuerySet[Any]:
        """Return nothing."""
        return super().get_queryset().none()


class Client(models.Model):
    """A registered client, as far as the admin site asks."""

    client_id: Any = models.TextField(primary_key=True)

    objects = NoRows()
    #: What people know it by.
    name = ""

    class Meta:
        """Without a table."""

        app_label = "oauthstore"
        managed = False
        base_manager_name = "objects"
        verbose_name = said(Message("client"))
        verbose_name_plural = said(Message("clients"))

    def __str__(self) -> str:
        return self.name or str(self.client_id)


class Grant(models.Model):
    """One act of authorization: it can be looked at and revoked, and nothing else."""

    #: Of the grant's id; its first eight characters are the fingerprint that logs have, too.
    digest: Any = models.CharField(max_length=64, primary_key=True)

    objects = NoRows()
    #: What the history calls it.
    name = ""

    class Meta:
        """Without a table."""

        app_label = "oauthstore"
        managed = False
        base_manager_name = "objects"
        default_permissions: ClassVar = ("view", "delete")
        verbose_name = said(Message("grant"))
        verbose_name_plural = said(Message("grants"))

    def __str__(self) -> str:
        return self.name
