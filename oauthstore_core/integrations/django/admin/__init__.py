"""Django's admin pages for clients and grants, in whatever store the settings name.

They are at the default site as soon as ``INSTALLED_APPS`` has the app and
``django.contrib.admin``. At a site of the project's own::

    from oauthstore_core.integrations.django.admin import ClientAdmin, GrantAdmin
    from oauthstore_core.integrations.django.models import Client, Grant

    site.register(Client, ClientAdmin)
    site.register(Grant, GrantAdmin)
"""

from __future__ import annotations

from django.contrib import admin

from ..models import Client, Grant
from .client_admin import ClientAdmin
from .grant_admin import GrantAdmin

__all__ = ["ClientAdmin", "GrantAdmin"]

admin.site.register(Client, ClientAdmin)
admin.site.register(Grant, GrantAdmin)
