"""The OAuth 1 authorization server without any web framework."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from ..clock import Clock, SystemClock
from ..errors import SettingsError
from ..oauth2.core import LoadUser, warn_of_insecure_transport
from ..settings import Settings
from ..settings.checks import judge_issuer
from ..stores import Stores
from ..translation import Translate
from .core import ServerCore
from .paths import EndpointPaths

__all__ = ["AuthorizationServer"]


class AuthorizationServer(ServerCore):
    """Temporary credentials, their authorization, token credentials (RFC 5849 section 2)."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        *,
        clock: Clock | None = None,
        load_user: LoadUser | None = None,
        translate: Translate | None = None,
    ) -> None:
        """Serve below `settings.issuer`, which is what clients sign, on these stores.

        `load_user` maps a subject to the application's user, or to None where
        the user is gone. `translate` is the application's own translator, see
        `translation.Translation`.
        """
        if settings.issuer is None:
            raise ValueError("An authorization server needs the setting `issuer`.")
        if problem := judge_issuer(settings.issuer):
            raise SettingsError([f"`issuer` {problem}"])
        warn_of_insecure_transport()
        super().__init__()
        clock = SystemClock() if clock is None else clock
        self.configure(settings, stores, clock=clock, load_user=load_user, translate=translate)
        #: The issuer identifier, whose scheme and host clients sign.
        self.issuer = settings.issuer
        #: Where the endpoints lie.
        self.paths = EndpointPaths.of(settings.issuer)
