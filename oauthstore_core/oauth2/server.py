"""The neutral OAuth 2 authorization server: Authlib's, on the store façades.

Synchronous, `HttpRequest` in, `HttpResponse` out; the edges in `integrations`
translate.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from typing import Any

from ..clock import Clock, SystemClock
from ..errors import SettingsError
from ..settings import Settings
from ..settings.checks import judge_issuer
from ..stores import Stores
from ..translation import Translate
from .built_in import BuiltInMixin
from .core import LoadUser, warn_of_insecure_transport

__all__ = ["AuthorizationServer"]


class AuthorizationServer(BuiltInMixin):
    """Authorization code with PKCE, client credentials, refresh, revocation, introspection."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock | None = None,
        load_user: LoadUser | None = None,
        translate: Translate | None = None,
    ) -> None:
        """Serve `settings.issuer` on these stores.

        `load_user` maps a subject to the application's user, or to None where
        the user is gone: no tokens are issued then. `translate` is the
        application's own translator, see `translation.Translation`.
        """
        if settings.issuer is None:
            raise ValueError("An authorization server needs the setting `issuer`.")
        warn_of_insecure_transport()
        if problem := judge_issuer(settings.issuer):
            raise SettingsError([f"`issuer` {problem}"])
        super().__init__()
        self.scopes_supported = tuple(settings.scopes) or None
        clock = SystemClock() if clock is None else clock
        self.configure(settings, stores, clock=clock, load_user=load_user, translate=translate)
        self.register_built_ins()

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: observers hear of it from the store."""
