"""The demo's protected resource: who the bearer acts for."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error

from ...http import HttpRequest, HttpResponse, json_response
from ...oauth2.resource import ResourceProtector
from ..site import Site

__all__ = ["DemoResource"]


class DemoResource:
    """Answers bearers of a token with the scope `profile`."""

    def __init__(self, site: Site) -> None:
        self._accounts = site.accounts.store
        server = site.server
        self._protector = ResourceProtector(
            server.stores, server.clock, translation=server.translation
        )

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer GET with JSON, or with the error of RFC 6750."""
        try:
            token = self._protector.validate(request, ["profile"])
        except OAuth2Error as error:
            return self._protector.create_error_response(error, request)
        found = token.subject and self._accounts.query_account_by_subject(token.subject)
        body = {
            "message": "This token works.",
            "name": found.name if found else None,
            "subject": token.subject,
            "client_id": token.client_id,
            "scope": token.scope,
            "expires_at": token.expires_at,
        }
        return json_response(200, body)
