"""The issuer of a server in an application that names none: the address on loopback asked first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ..errors import SettingsError
from ..oauth2.errors import MisdirectedRequestError
from .embedding import derive_issuer, with_issuer

if TYPE_CHECKING:
    from ..oauth2.core import ServerCore as _Server
else:
    # In front of a server, whose `super()` that then is.
    _Server = object

__all__ = ["DerivedIssuer"]

log = logging.getLogger("oauthstore")


class DerivedIssuer(_Server):
    """What servers of synchronous web frameworks share, in front of the server's own class.

    Each request must be on loopback as long as no issuer is set: one that another
    host is named in is not for this server, whichever was the first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._derived: str | None = None
        self._derived_host: str | None = None

    def configure(self, *arguments: Any, **options: Any) -> None:
        """Take what every request needs, and forget an issuer that was derived."""
        self._derived = self._derived_host = None
        super().configure(*arguments, **options)

    @property
    def asked_root(self) -> str | None:
        """The application's address in the request at hand; None: there is no request."""
        raise NotImplementedError

    @property
    def issuer_path(self) -> str:
        """Where the endpoints lie below that address."""
        raise NotImplementedError

    @property
    def is_issuer_set(self) -> bool:
        """Whether the settings tell the issuer, so that requests for every host are served."""
        return self.settings.issuer is not None and self._derived is None

    def serves_host(self, host: str | None) -> bool:
        """Tell whether nothing has to be asked of a request with this field ``Host``."""
        return self.is_issuer_set or (host is not None and host == self._derived_host)

    @property
    def issuer(self) -> str:
        """The issuer as set, else the address on loopback that was asked first.

        `MisdirectedRequestError`: it is not set, and this request is not on loopback.
        """
        root = None if self.is_issuer_set else self.asked_root
        if root is not None or self.settings.issuer is None:
            self._judge((root or "").rstrip("/"))
        return cast("str", self.settings.issuer)

    def _judge(self, root: str) -> None:
        try:
            derive_issuer(root)
            if self._derived is None:
                self.settings = with_issuer(self.settings, f"{root}{self.issuer_path}")
                self._derived = self.settings.issuer
                self._derived_host = urlsplit(root).netloc
        except SettingsError as error:
            log.warning("A request was refused: %s", error)
            raise MisdirectedRequestError from error
