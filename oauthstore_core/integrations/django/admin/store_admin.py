"""What the admin pages of a store have in common."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import update_wrapper, wraps
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from ....audit import acting_as
from ....errors import ConfigurationError, StoreError
from ....pages.sealed import SealedValues
from ....redaction import redact
from ....translation import Message, Plural
from ...django_oauth2 import AuthorizationServer, default_server
from ...django_oauth2.transactions import outside_transactions
from ..texts import current_texts, say

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

__all__ = ["MOST_COUNTED", "REVOKED", "StoreAdmin", "in_store", "moment"]

log = logging.getLogger("oauthstore")

#: For how many seconds a store that does not answer is left alone.
_RETRY_AFTER: Final = 5
#: For how many seconds the next page of a list may be asked for.
_CURSOR_LIFETIME: Final = 24 * 3600

#: How many grants are counted before they are revoked; the rest is more.
MOST_COUNTED: Final = 1000
REVOKED: Final = Plural("%(count)s grant was revoked.", "%(count)s grants were revoked.")

_UNRECORDED: Final = Message(
    "What you did is done, but the history of the site has no line of it, as the project's "
    "database did not take one. The log has it."
)
_DATABASE_AWAY: Final = Message("The project's database does not answer")

View = Callable[..., HttpResponse]


def in_store(view: View) -> View:
    """Return the method as a page: a store that fails is 503, and the trail tells who acts.

    One of Django's own databases that fails is 503 as well. What it writes to the
    store is no part of a transaction of ATOMIC_REQUESTS, which could undo a
    revocation; and no report of an error has its variables.
    """

    @sensitive_variables()
    @wraps(view)
    def answer(self: StoreAdmin, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The site by which `{% url %}` finds its pages.
        request.current_app = self.admin_site.name
        try:
            with acting_as(str(request.user.pk)):
                return view(self, request, *args, **kwargs)
        except (StoreError, ConfigurationError, OperationalError, InterfaceError) as error:
            return self.refuse(request, error)

    return outside_transactions(answer)


def _title_of(error: Exception) -> Message:
    if isinstance(error, ConfigurationError):
        return Message("Not set up")
    if isinstance(error, StoreError):
        return Message("The store does not answer")
    return _DATABASE_AWAY


def moment(seconds: int | None) -> dt.datetime | None:
    """Return a time since the epoch as templates show it; None stays None."""
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, timezone.get_current_timezone())


class StoreAdmin(ModelAdmin):
    """Pages without a table, about what is in the store of a server."""

    #: The server that is looked after; None: that of the app's URLs.
    server: AuthorizationServer | None = None
    #: What Django would do with many rows of a table.
    actions = None

    def get_server(self, request: HttpRequest) -> AuthorizationServer:
        """Return the server that is looked after."""
        return self.server or default_server()

    # --- pages of a list ---

    def seal_cursor(self, request: HttpRequest, cursor: str | None, *listed: str | None) -> str:
        """Return a store's cursor for an address, for a list of these; empty where there is none.

        A cursor may be or have an identifier, and no store promises to take
        one that somebody made up.
        """
        if cursor is None:
            return ""
        return self._sealed(request).seal({"cursor": cursor}, str(listed))

    def open_cursor(self, request: HttpRequest, *listed: str | None) -> str | None:
        """Return the cursor of an address; None, the first page, where it is none of ours."""
        found = self._sealed(request).open(request.GET.get("after"), str(listed))
        return None if found is None else found["cursor"]

    def _sealed(self, request: HttpRequest) -> SealedValues:
        server, purpose = self.get_server(request), f"cursor of {self.opts.model_name}"
        return SealedValues(server.key_ring, server.clock, purpose, _CURSOR_LIFETIME)

    # --- addresses ---

    def address(self, page: str, *arguments: str) -> str:
        """Return the path of one of this model's pages."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=arguments, current_app=self.admin_site.name)

    def route(self, pattern: str, view: Any, page: str) -> Any:
        """Return the route of a page, which only the site's staff comes to."""

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            try:
                return self.admin_site.admin_view(view)(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                return self._refuse_plainly(error)

        update_wrapper(wrapper, view)
        return path(pattern, wrapper, name=f"{self.opts.app_label}_{self.opts.model_name}_{page}")

    # --- answers ---

    def render(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        """Return a page from ``admin/oauthstore/...``, in Django's usual search order."""
        found = [
            f"admin/oauthstore/{self.opts.model_name}/{template}",
            f"admin/oauthstore/{template}",
        ]
        return TemplateResponse(request, found, self.frame(request, context), status=status)

    def frame(self, request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
        """Return what every page of the site needs, and Django's templates of this model."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "app_label": self.opts.app_label,
            "cl": {"opts": self.opts},
            "media": self.media,
            "texts": current_texts(),
            "has_view_permission": self.has_view_or_change_permission(request),
            "has_add_permission": self.has_add_permission(request),
            "has_change_permission": self.has_change_permission(request),
            "has_delete_permission": self.has_delete_permission(request),
            **context,
        }

    def laid_out(self, form: Any, fieldsets: Any) -> AdminForm:
        """Return a form as Django's templates show one: no form of a model will do, too."""
        return AdminForm(form, fieldsets, {})

    def refuse(self, request: HttpRequest, error: Exception) -> TemplateResponse:
        """Return the page that tells of a store that fails, or of settings that do not fit."""
        log.warning("An admin page failed: %s: %s", type(error).__name__, redact(str(error)))
        context = {"title": say(_title_of(error)), "away": isinstance(error, StoreError)}
        context["is_set_up"] = not isinstance(error, ConfigurationError)
        response = self.render(request, "unavailable.html", context, status=503)
        response["Retry-After"] = str(_RETRY_AFTER)
        return response

    def _refuse_plainly(self, error: Exception) -> HttpResponse:
        """Tell that nobody can say who asks, not even to show the site's frame."""
        log.warning("An admin page failed: %s: %s", type(error).__name__, redact(str(error)))
        response = HttpResponse(say(_DATABASE_AWAY), status=503, content_type="text/plain")
        response["Retry-After"] = str(_RETRY_AFTER)
        return response

    # --- the site's history ---

    def record_deletion(self, request: HttpRequest, obj: Any) -> None:
        """Write into the site's history that something is gone, as `record_act` does."""
        self.record_act(request, self.log_deletions, [obj])

    def record_act(self, request: HttpRequest, write: Callable[..., Any], *what: Any) -> None:
        """Have Django write into the site's history what was done to the store.

        That is done, and its answer may have a secret that nothing else has:
        where the history cannot be written, the log and a message tell it.
        """
        try:
            write(request, *what)
        except Exception as error:  # noqa: BLE001 - the project's receivers may raise anything
            log.error(  # noqa: TRY400 - a traceback would have what redaction takes out
                "An act of an administrator is not in the site's history: %s of %s %r by user %s, "
                "for %s: %s",
                write.__name__,
                self.opts.model_name,
                redact(str(what[0])),
                request.user.pk,
                type(error).__name__,
                redact(str(error)),
            )
            self.message_user(request, say(_UNRECORDED), messages.WARNING)
