"""A client of the server under test that knows no mercy: it tries what no client would."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .server import RunningServer, TestClient
from .wire import Answer, Connection, basic, form_request, get_request

__all__ = ["Party", "refresh_form"]

#: The server hangs up on a connection that was idle for five seconds.
_IDLE = 2.0


def refresh_form(refresh_token: str) -> dict[str, str]:
    """Return the token request of a refresh."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


class Party:
    """One registered client, with a connection of its own; for one thread."""

    def __init__(self, server: RunningServer, client: TestClient) -> None:
        self._server = server
        self.client_id = client.client_id
        self._authorization = basic(client.client_id, client.client_secret or "")
        self._connection: Connection | None = None
        self._used = 0.0

    # --- requests, to be sent whenever and however often ---

    def token_request(self, form: Mapping[str, str]) -> bytes:
        """Return a request at the token endpoint."""
        return self._form_request("token", form)

    def revocation_request(self, token: str) -> bytes:
        """Return a request at the revocation endpoint."""
        return self._form_request("revoke", {"token": token})

    def introspection_request(self, token: str) -> bytes:
        """Return a request at the introspection endpoint."""
        return self._form_request("introspect", {"token": token})

    def resource_request(self, token: str) -> bytes:
        """Return a bearer request at the demo's protected resource."""
        return get_request(f"{self._server.issuer}/demo/resource", f"Bearer {token}")

    def authorization_page(self) -> bytes:
        """Return a person's first request, without a session."""
        query = urlencode({"response_type": "code", "client_id": self.client_id})
        return get_request(f"{self._server.issuer}/authorize?{query}")

    # --- exchanges ---

    def ask_token(self, form: Mapping[str, str]) -> Answer:
        """Send one token request."""
        return self.exchange(self.token_request(form))

    def fetch_tokens(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the token response, which is a success."""
        answer = self.ask_token(form)
        assert answer.status == 200, answer.outcome
        return answer.json

    def revoke(self, token: str) -> None:
        """Revoke; the server acknowledges it."""
        answer = self.exchange(self.revocation_request(token))
        assert answer.status == 200, answer.outcome

    def is_active(self, token: str) -> bool:
        """Tell what introspection says."""
        answer = self.exchange(self.introspection_request(token))
        assert answer.status == 200, answer.outcome
        active: bool = answer.json["active"]
        return active

    def ask_resource(self, token: str) -> int:
        """Return the status of a bearer request at the demo's protected resource."""
        return self.exchange(self.resource_request(token)).status

    def exchange(self, request: bytes) -> Answer:
        """Send a request on the party's own connection."""
        now = time.monotonic()
        if self._connection is not None and now - self._used > _IDLE:
            self.close()
        if self._connection is None:
            self._connection = Connection(self._server.address)
        answer = self._connection.exchange(request)
        self._used = time.monotonic()
        return answer

    def close(self) -> None:
        """Close the connection; the next exchange opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _form_request(self, endpoint: str, form: Mapping[str, str]) -> bytes:
        return form_request(f"{self._server.issuer}/{endpoint}", form, self._authorization)
