"""An ASGI application that is open, with a client of its own: no network, no other process."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from oauthstore_core.integrations.starlette import AuthorizationServer

__all__ = ["CALLBACK", "CLIENT", "VERIFIER", "Opened", "ask", "told"]

CALLBACK = "https://app.example.org/callback"
VERIFIER = "v" * 43
#: A public client for the code flow.
CLIENT: Mapping[str, Any] = {
    "client_name": "Album",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
    "scope": "profile mail",
}


class Opened:
    """The application within its lifespan."""

    def __init__(
        self,
        app: Starlette,
        oauth: AuthorizationServer,
        base_url: str = "http://127.0.0.1:8000",
        *,
        root_path: str = "",
    ) -> None:
        self._root_path = root_path
        self._app, self._oauth, self._base_url = app, oauth, base_url

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self._portal = resources.enter_context(start_blocking_portal())
            lifespan = self._oauth.lifespan(self._app)
            resources.enter_context(self._portal.wrap_async_context_manager(lifespan))
            transport = httpx.ASGITransport(app=self._app, root_path=self._root_path)
            client = httpx.AsyncClient(transport=transport, base_url=self._base_url)
            self._client = client
            resources.enter_context(self._portal.wrap_async_context_manager(client))
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._resources.close()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        answer: httpx.Response = self._portal.call(
            partial(self._client.request, method, url, **options)
        )
        return answer

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def decide(self, url: str, decision: str = "allow", **options: Any) -> httpx.Response:
        """Open the consent page and send its form."""
        page = self.get(f"{url}&prompt=consent", **options)
        assert page.status_code == 200, page.text
        form = _Form(page.text)
        return self.post(form.action, data={**form.hidden, "decision": decision}, **options)

    def issue(self, client_id: str, scope: str = "profile", **options: Any) -> dict[str, Any]:
        """Go through the whole code flow; return the token response."""
        location = self.decide(ask(client_id, scope=scope), **options).headers["Location"]
        answer = self.redeem(client_id, told(location)["code"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def redeem(self, client_id: str, code: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return self.post("/oauth/token", data=form)


class _Form(HTMLParser):
    """The one form of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = attributes["action"]
        if tag == "input":
            self.hidden[attributes["name"]] = attributes["value"]


def ask(client_id: str, **changes: str) -> str:
    """Return the path and query of an authorization request."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "scope": "profile",
        "state": "xyz",
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
        **changes,
    }
    return "/oauth/authorize?" + urlencode(asked)


def told(location: str) -> dict[str, str]:
    """Return what a redirect tells the client."""
    return dict(parse_qsl(urlsplit(location).query))
