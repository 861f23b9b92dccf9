"""A server, the clients that are registered there, and the person who consents."""

from __future__ import annotations

from dataclasses import dataclass

from ..live.browser import Browser
from ..live.server import RunningServer, TestClient, TestUser

__all__ = ["RESOURCES", "SCOPE", "Setting"]

SCOPE = "profile reports"
RESOURCES = ["https://api.example.com", "https://mail.example.com"]


@dataclass(frozen=True)
class Setting:
    """What a foreign client's test needs."""

    server: RunningServer
    browser: Browser
    user: TestUser
    #: client_secret_basic.
    confidential: TestClient
    #: The same, with an id and a secret that must be encoded; not every client does that.
    odd: TestClient
    public: TestClient
    #: client_secret_post.
    poster: TestClient
    #: Of the first of `RESOURCES`.
    resource_server: TestClient

    @property
    def resource(self) -> str:
        """The URL of a protected resource."""
        return f"{self.server.issuer}/demo/resource"

    def endpoint(self, name: str) -> str:
        """Return an endpoint's URL."""
        return f"{self.server.issuer}/{name}"

    def visit(self, url: str, decision: str = "allow") -> str:
        """Open an authorization request, decide, and return where the browser is sent."""
        return self.browser.consent(url, self.user, decision)
