"""Plays exchanges at an edge, and writes down what it answers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from ...oauth1.signer import Signer
from .exchanges import FORM, ISSUER, Exchange, Signature
from .wire import Answer, Wire

__all__ = ["NOW", "ORIGIN", "Browser", "Page", "Player", "Taken"]

NOW = 1_800_000_000
ORIGIN = ISSUER.removesuffix("/oauth")
#: The status, the header fields but for the server's own, and the body.
Taken = tuple[int, dict[str, str], str]
_ISSUED = ("access_token", "refresh_token", "oauth_token", "oauth_token_secret")
_REDIRECTED = ("code", "oauth_verifier")
#: Of a web server, a framework's session, or its middleware.
_NOT_OURS = {"content-length", "date", "server", "set-cookie", "vary"}


class Page(HTMLParser):
    """A page: its heading, its words in code, and its last form."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.told: dict[str, list[str]] = {"h1": [], "code": []}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.hidden = attributes["action"], {}
        if tag == "input" and attributes.get("type") == "hidden":
            self.hidden[attributes["name"]] = attributes["value"]
        if tag in self.told:
            self._open.append(tag)
            self.told[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.told[tag][-1] += data


class Browser:
    """Keeps cookies, and sends forms as it finds them, with the origin that they are from."""

    def __init__(self, wire: Wire, headers: Mapping[str, str] | None = None) -> None:
        self._wire = wire
        #: What this one's requests have besides, such as who is signed in.
        self.headers = dict(headers or {})
        self._cookies: dict[str, str] = {}

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        complete = {**self.headers, **headers}
        if self._cookies:
            complete["Cookie"] = "; ".join(f"{name}={v}" for name, v in self._cookies.items())
        answer = self._wire.send(method, target, complete, body)
        for value in answer.values("Set-Cookie"):
            name, _, rest = value.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return answer

    def submit(self, target: str, **fields: str) -> Answer:
        """Open a page, and send its form."""
        shown = self.send("GET", target, {})
        page = Page(shown.body.decode())
        if not page.action:
            return shown
        headers = {"Content-Type": FORM, "Origin": ORIGIN}
        return self.send("POST", page.action, headers, _encode({**page.hidden, **fields}))


class Player:
    """Plays exchanges in their order."""

    def __init__(self, browsers: Mapping[str | None, Browser]) -> None:
        """Take a browser of everybody's who is signed in, and None's who is not."""
        self._browsers = browsers
        self._known: dict[str, str] = {}
        #: OAuth 1's, by the number of their issue; at 0 none.
        self._credentials: list[tuple[str | None, str]] = [(None, "")]
        #: What was issued, and what stands for it where it is recorded.
        self.issued: dict[str, str] = {}

    def play(self, exchanges: Sequence[Exchange]) -> Iterator[Taken]:
        """Yield the answers."""
        for number, exchange in enumerate(exchanges):
            answer = self._send(exchange, number)
            self._remember(answer, exchange)
            yield self._take(answer)

    def _send(self, exchange: Exchange, number: int) -> Answer:
        browser, target = self._browsers[exchange.person], self._filled(exchange.target)
        if exchange.decision is not None:
            return browser.submit(target, decision=exchange.decision)
        body = self._body(exchange)
        method = exchange.method or ("GET" if body is None else "POST")
        headers = {name: self._filled(value) for name, value in exchange.headers.items()}
        if exchange.client is not None:
            credentials = base64.b64encode(f"{exchange.client}:secret".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        if body is not None and exchange.content_type is not None:
            headers["Content-Type"] = exchange.content_type
        if exchange.signature is not None:
            target, headers, body = self._sign(
                exchange.signature, number, method, target, headers, body
            )
        return browser.send(method, target, headers, body)

    def _body(self, exchange: Exchange) -> bytes | None:
        form = exchange.form
        if form is None or isinstance(form, bytes):
            return form
        return _encode({k: self._filled(v) if isinstance(v, str) else v for k, v in form.items()})

    def _sign(
        self,
        signature: Signature,
        number: int,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes | None,
    ) -> tuple[str, dict[str, str], bytes | None]:
        token, secret = self._credentials[signature.token]
        signer = Signer(
            signature.client,
            signature.secret,
            token=token,
            token_secret=secret,
            method=signature.method,
            place=signature.place,
        )
        changes = {k: v and self._filled(v) for k, v in signature.changes.items()}
        asked = signer.sign(
            method,
            f"{ORIGIN}{target}",
            NOW,
            body=None if body is None else body.decode(),
            **{"oauth_nonce": f"n{number}", **changes},  # type: ignore[arg-type]
        )
        fields = [n for n in ("Authorization", "Content-Type") if n in asked.headers]
        headers = {**headers, **{name: asked.headers[name] for name in fields}}
        query = f"?{asked.query_string}" if asked.query_string else ""
        in_body = body is not None or signature.place == "body"
        return target.partition("?")[0] + query, headers, asked.body if in_body else None

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self._known[found[1]], text)

    def _remember(self, answer: Answer, exchange: Exchange) -> None:
        text = answer.body.decode("utf-8", "replace")
        told: dict[str, str] = {}
        readable = answer.media_type in {"application/json", FORM}
        if text and answer.status == HTTPStatus.OK and readable:
            told = _read(answer.media_type, text)
        elif answer.header("Location"):
            told = dict(parse_qsl(urlsplit(answer.header("Location")).query))
        elif exchange.decision == "allow" and answer.status == HTTPStatus.OK:
            told = dict(zip(["oauth_verifier"], Page(text).told["code"], strict=False))
        for name in (*_ISSUED, *_REDIRECTED):
            if name in told and told[name] not in self.issued:
                count = sum(shown.startswith(f"{{{name} ") for shown in self.issued.values())
                self.issued[told[name]] = f"{{{name} {count + 1}}}"
            if name in told:
                self._known[name] = told[name]
        if "oauth_token_secret" in told:
            self._credentials.append((told["oauth_token"], told["oauth_token_secret"]))

    def _take(self, answer: Answer) -> Taken:
        text = answer.body.decode("utf-8", "replace")
        if answer.media_type == "text/html":
            text = "\n".join(" ".join(part.split()) for part in Page(text).told["h1"])
        head = {}
        for name in sorted({name.title() for name, _ in answer.headers}):
            if name.lower() not in _NOT_OURS:
                head[name] = self._masked(answer.header(name))
        return answer.status, head, self._masked(text)

    def _masked(self, text: str) -> str:
        for value, name in self.issued.items():
            text = text.replace(value, name)
        return text


def _encode(form: Mapping[str, str | Sequence[str]]) -> bytes:
    return urlencode(form, doseq=True).encode()


def _read(media_type: str, text: str) -> dict[str, str]:
    """Return what a token response tells, whichever protocol's it is."""
    if media_type == "application/json":
        found: dict[str, str] = json.loads(text)
        return found
    return dict(parse_qsl(text))
