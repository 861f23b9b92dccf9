"""Where everything lies: under the issuer's own path, but for RFC 8414's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from ..oauth1.paths import EndpointPaths as OAuth1Paths
from ..oauth2.metadata import EndpointPaths

__all__ = ["Paths"]

_OF_ONE: Final = ("new", "show", "rotate", "delete")


class Paths:
    """The paths of a server whose issuer is `issuer`: the protocol's, and the pages'."""

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        self.issuer = issuer
        #: Scheme, host and port.
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.endpoints = EndpointPaths.of(issuer)
        self.oauth1 = OAuth1Paths.of(issuer)
        self._prefix = parts.path.rstrip("/")

    @property
    def authorize(self) -> str:
        """Return the authorization endpoint, which is also the consent page."""
        return self.endpoints.authorization

    @property
    def metadata(self) -> str:
        """Return the metadata's path (RFC 8414 section 3.1)."""
        return self.endpoints.metadata

    @property
    def home(self) -> str:
        """Return the first page."""
        return f"{self._prefix}/"

    @property
    def sign_in(self) -> str:
        """Return the sign-in page."""
        return f"{self._prefix}/sign-in"

    @property
    def sign_out(self) -> str:
        """Return the sign-out page."""
        return f"{self._prefix}/sign-out"

    @property
    def connections(self) -> str:
        """Return the page of what a person has allowed."""
        return f"{self._prefix}/connections"

    @property
    def applications(self) -> str:
        """Return the list of applications, below which their pages are."""
        return f"{self._prefix}/applications"

    @property
    def demo(self) -> str:
        """Return the demo application's first page."""
        return f"{self._prefix}/demo"

    @property
    def demo_resource(self) -> str:
        """Return the demo's protected resource."""
        return f"{self.demo}/resource"

    def static(self, name: str) -> str:
        """Return the path of a file of ours."""
        return f"{self._prefix}/static/{name}"

    def absolute(self, path: str) -> str:
        """Return one of these paths as a URL."""
        return f"{self.origin}{path}"

    def safe_return(self, target: str | None) -> str:
        """Return a path that may be followed after a sign-in; home where `target` may not.

        Only pages of this server are, those that need a sign-in, so that it leads nowhere else.
        """
        if target is None or not target.isascii() or not target.isprintable() or "\\" in target:
            return self.home
        path, query = target.partition("?")[::2]
        followed = path in {self.demo, self.connections, *self.of_applications.values()}
        asks = path in {self.authorize, self.oauth1.authorization} and query
        return target if followed or asks else self.home

    @property
    def of_applications(self) -> Mapping[str, str]:
        """Return the pages for administrators, by what they do."""
        root = self.applications
        return {"list": root} | {name: f"{root}/{name}" for name in _OF_ONE}
