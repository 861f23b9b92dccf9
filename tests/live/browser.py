"""A person with a browser: signs in and consents through the pages' own forms."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from .server import REDIRECT_URI, RunningServer, TestUser

__all__ = ["Browser", "IssuedCode", "code_challenge"]


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """An authorization code and what it is redeemed with."""

    code: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str

    def form(self) -> dict[str, str]:
        """Return the token request."""
        return {
            "grant_type": "authorization_code",
            "code": self.code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.code_verifier,
        }


def code_challenge(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class _Forms(HTMLParser):
    """The forms of a page: action, and the named inputs with their values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((attributes.get("action", ""), {}))
        elif tag in {"input", "button"} and self.forms and attributes.get("name"):
            fields = self.forms[-1][1]
            fields.setdefault(attributes["name"], attributes.get("value", ""))

    def with_field(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the form that has a field."""
        for action, fields in self.forms:
            if name in fields:
                return action, fields
        raise AssertionError(f"The page has no form with the field {name!r}.")


class Browser:
    """One browser; close it."""

    def __init__(self, server: RunningServer) -> None:
        self._issuer = server.issuer
        self._client = httpx.Client(timeout=60)

    def close(self) -> None:
        """Close the window."""
        self._client.close()

    def cookies(self) -> list[str]:
        """Return the values of the cookies that it holds."""
        return [cookie.value for cookie in self._client.cookies.jar if cookie.value]

    def sign_in(self, user: TestUser) -> None:
        """Sign in."""
        page = self._client.get(f"{self._issuer}/sign-in")
        self._submit_sign_in(page, user)

    def consent(self, url: str, user: TestUser | None = None, decision: str = "allow") -> str:
        """Open an authorization request, decide, and return where the browser is sent.

        The question is asked each time, whatever was allowed before.
        Signs in on the way where that is asked for; without `user` it must not be.
        """
        url = f"{url}&prompt=consent"
        page = self._client.get(url)
        if page.is_redirect and urlsplit(page.headers["Location"]).path.endswith("/sign-in"):
            assert user is not None, "A sign-in was asked for."
            form = self._client.get(urljoin(url, page.headers["Location"]))
            page = self._client.get(urljoin(url, self._submit_sign_in(form, user)))
        answer = self._decide(url, page, decision)
        assert answer.is_redirect, answer.text
        location: str = answer.headers["Location"]
        return location

    def decision_request(self, url: str, decision: str = "allow") -> bytes:
        """Return the bytes that decide a request for access, to be sent whenever and however often.

        They have the form's token and the session's cookie.
        """
        action, fields = _Forms(self._client.get(url).text).with_field("decision")
        form = {**fields, "decision": decision}
        request = self._client.build_request("POST", urljoin(url, action), data=form)
        target = request.url.raw_path.decode()
        lines = [f"POST {target} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + request.content

    def decide(self, url: str, decision: str = "allow") -> httpx.Response:
        """Open a request for access, signed in already, and return the answer to the decision."""
        return self._decide(url, self._client.get(url), decision)

    def _decide(self, url: str, page: httpx.Response, decision: str) -> httpx.Response:
        assert page.status_code == httpx.codes.OK, page.text
        action, fields = _Forms(page.text).with_field("decision")
        return self._client.post(urljoin(url, action), data={**fields, "decision": decision})

    def fetch_code(self, client_id: str, scope: str = "profile") -> IssuedCode:
        """Return a fresh code for a client, consented to."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(12)
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": scope,
            "state": state,
            "code_challenge": code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        location = self.consent(f"{self._issuer}/authorize?{urlencode(query)}")
        told = parse_qs(urlsplit(location).query)
        assert location.startswith(REDIRECT_URI), location.partition("?")[0]
        assert (told["state"], told["iss"]) == ([state], [self._issuer])
        return IssuedCode(told["code"][0], verifier, REDIRECT_URI)

    def _submit_sign_in(self, page: httpx.Response, user: TestUser) -> str:
        """Post the form; return where it leads."""
        action, fields = _Forms(page.text).with_field("password")
        fields |= {"name": user.name, "password": user.password}
        answer = self._client.post(urljoin(self._issuer, action), data=fields)
        assert answer.is_redirect, f"The sign-in failed with {answer.status_code}."
        location: str = answer.headers["Location"]
        return location
