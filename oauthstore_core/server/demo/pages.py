"""The demo application: an OAuth client as any other, which happens to live here.

It speaks to the token and revocation endpoints and to the resource with real
requests, only without a network between. Its tokens stay in a sealed cookie.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from ...digests import digests_equal, generate_handle
from ...http import FORM_TYPE, Headers, HttpRequest, HttpResponse, redirect
from ...pages.csrf import single
from ...pages.refusals import PageError
from ...pages.sealed import SealedValues
from ...translation import Message
from ..site import Site
from .registration import APP_ID, SCOPES
from .resource import DemoResource

__all__ = ["Demo"]

FLOW_LIFETIME: Final = 10 * 60
_FLOW: Final = "oauthstore-demo-flow"
_TOKENS: Final = "oauthstore-demo-tokens"


class Demo:
    """The views of the demo application."""

    def __init__(self, site: Site) -> None:
        key_ring, clock = site.server.key_ring, site.server.clock
        self._kept_for = site.server.settings.lifetimes.refresh_token_absolute
        self._flows = SealedValues(key_ring, clock, "demo flow", FLOW_LIFETIME)
        self._tokens = SealedValues(key_ring, clock, "demo tokens", self._kept_for)
        self.resource = DemoResource(site)

    def show(self, site: Site, request: HttpRequest) -> HttpResponse:
        """Answer GET: what the tokens are good for; without any, begin to get some."""
        tokens = self._read(site, request)
        if tokens is None:
            return self.start(site, request)
        answer = self._use(site, tokens["access_token"])
        context = site.context(site.sessions.current(request)) | {
            "tokens": tokens,
            "remaining": max(0, tokens["expires_at"] - site.server.clock.now()),
            "works": answer.status == HTTPStatus.OK,
            "status": f"{answer.status} {HTTPStatus(answer.status).phrase}",
            "answer": json.dumps(json.loads(answer.body), indent=2),
            "resource": site.paths.absolute(site.paths.demo_resource),
            "refresh_csrf": self._csrf(site, tokens, "refresh"),
            "revoke_csrf": self._csrf(site, tokens, "revoke"),
        }
        return site.renderer.page(request, "demo.html", context)

    def start(self, site: Site, request: HttpRequest) -> HttpResponse:
        """Answer GET: on to the authorization endpoint, with PKCE (RFC 7636) and a state."""
        state, verifier = generate_handle(), generate_handle()
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": APP_ID,
            "redirect_uri": self._redirect_uri(site),
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        answer = redirect(f"{site.paths.authorize}?{urlencode(asked)}")
        flow = self._flows.seal({"state": state, "verifier": verifier})
        answer.headers.append(site.cookies.write(_FLOW, flow, FLOW_LIFETIME))
        return answer

    def receive(self, site: Site, request: HttpRequest) -> HttpResponse:
        """Answer GET on the redirect URI: exchange the code for tokens."""
        flow = self._flows.open(site.cookies.read(request, _FLOW))
        state = single(request.query, "state") or ""
        if flow is None or not digests_equal(state, flow["state"]):
            raise self._failed(site, Message("This answer belongs to no request of this browser."))
        if single(request.query, "iss") != site.server.issuer:
            raise self._failed(site, Message("This answer comes from another server (RFC 9207)."))
        code = single(request.query, "code")
        if code is None:
            error = single(request.query, "error") or "invalid_request"
            raise self._failed(site, Message("No access was given: you chose Deny."), error)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri(site),
            "code_verifier": flow["verifier"],
        }
        answer = self._keep(site, self._ask_for_tokens(site, form))
        answer.headers.append(site.cookies.clear(_FLOW))
        return answer

    def refresh(self, site: Site, request: HttpRequest) -> HttpResponse:
        """Answer POST: exchange the refresh token for new ones."""
        tokens = self._posted(site, request)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self._keep(site, self._ask_for_tokens(site, form))

    def revoke(self, site: Site, request: HttpRequest) -> HttpResponse:
        """Answer POST: revoke the refresh token, and with it all that came of the consent."""
        tokens = self._posted(site, request)
        form = {"token": tokens["refresh_token"] or tokens["access_token"]}
        path = site.paths.endpoints.revocation
        answer = site.server.create_endpoint_response("revocation", _post(path, form))
        if answer.status != HTTPStatus.OK:
            raise self._failed(site, Message("The tokens were not revoked."), _error_of(answer))
        return redirect(site.paths.demo)

    # --- speaking to the server ---

    def _ask_for_tokens(self, site: Site, form: Mapping[str, str]) -> dict[str, Any]:
        answer = site.server.create_token_response(_post(site.paths.endpoints.token, form))
        if answer.status != HTTPStatus.OK:
            raise self._failed(site, Message("The server gave no tokens."), _error_of(answer))
        tokens: dict[str, Any] = json.loads(answer.body)
        return tokens

    def _use(self, site: Site, access_token: str) -> HttpResponse:
        headers = Headers([("Authorization", f"Bearer {access_token}")])
        request = HttpRequest("GET", site.paths.demo_resource, headers=headers)
        return self.resource.answer(request)

    def _redirect_uri(self, site: Site) -> str:
        return site.paths.absolute(f"{site.paths.demo}/callback")

    # --- keeping the tokens ---

    def _keep(self, site: Site, tokens: Mapping[str, Any]) -> HttpResponse:
        kept = {
            "id": generate_handle(),
            "access_token": tokens["access_token"],
            "refresh_token": tokens.get("refresh_token"),
            "scope": tokens.get("scope", ""),
            "expires_at": site.server.clock.now() + tokens["expires_in"],
        }
        answer = redirect(site.paths.demo)
        cookie = site.cookies.write(_TOKENS, self._tokens.seal(kept), self._kept_for)
        answer.headers.append(cookie)
        return answer

    def _read(self, site: Site, request: HttpRequest) -> dict[str, Any] | None:
        return self._tokens.open(site.cookies.read(request, _TOKENS))

    def _posted(self, site: Site, request: HttpRequest) -> dict[str, Any]:
        tokens = self._read(site, request)
        binding = None if tokens is None else tokens["id"]
        site.refuse_forged(binding, request, link=site.paths.demo)
        return tokens or {}

    def _csrf(self, site: Site, tokens: Mapping[str, Any], action: str) -> str:
        return site.csrf.issue(tokens["id"], f"{site.paths.demo}/{action}")

    def _failed(self, site: Site, explanation: Message, code: str = "") -> PageError:
        return PageError(
            status=400,
            title=Message("The demo got no further"),
            explanation=explanation,
            advice=Message("Begin again, and choose Allow to see a token at work."),
            code=code,
            link=(f"{site.paths.demo}/start", Message("Begin again")),
        )


def _post(path: str, form: Mapping[str, str]) -> HttpRequest:
    headers = Headers([("Content-Type", FORM_TYPE)])
    body = urlencode({**form, "client_id": APP_ID}).encode()
    return HttpRequest("POST", path, headers=headers, body=body)


def _error_of(answer: HttpResponse) -> str:
    return str(json.loads(answer.body).get("error", ""))
