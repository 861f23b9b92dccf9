"""A browser of few skills: it keeps cookies, and sends forms as it finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from oauthstore_core.http import Headers, HttpRequest, HttpResponse
from oauthstore_core.integrations.asgi import Routes

__all__ = ["ISSUER", "Answer", "Ask", "Browser", "NewBrowser", "QueryOf"]

ISSUER = "https://auth.example.com"
PASSWORD = "correct horse battery"

#: Changes of an authorization request to its URL; None leaves a parameter out.
Ask = Callable[..., str]
#: The address of a peer to its browser.
NewBrowser = Callable[..., "Browser"]
QueryOf = Callable[[str | None], dict[str, str]]


class Form(HTMLParser):
    """The forms of a page: action, and the hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((attributes["action"], {}))
        if tag == "input" and attributes.get("type") == "hidden":
            self.found[-1][1][attributes["name"]] = attributes["value"]


class Answer:
    """A response, as a browser shows it."""

    def __init__(self, url: str, response: HttpResponse) -> None:
        self.url = url
        self.response = response
        self.status = response.status
        self.text = unescape(response.body.decode())
        self.location = response.location

    def headers(self, name: str) -> list[str]:
        return [v for key, v in self.response.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        (value,) = self.headers(name)
        return value

    def form(self, ending: str) -> tuple[str, dict[str, str]]:
        forms = Form(self.response.body.decode()).found
        return next((a, dict(f)) for a, f in forms if urlsplit(a).path.endswith(ending))


class Browser:
    """Keeps cookies, and sends forms as they are found."""

    def __init__(self, routes: Routes, address: str = "192.0.2.1") -> None:
        self._routes = routes
        self._address = address
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **headers: str) -> Answer:
        return self.send("GET", url, b"", headers)

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", url, urlencode(fields).encode(), headers)

    def submit(self, answer: Answer, ending: str, **fields: str) -> Answer:
        action, hidden = answer.form(ending)
        return self.post(action, {**hidden, **fields})

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = HttpRequest(
            method,
            parts.path,
            query_string=parts.query,
            headers=Headers([*headers.items(), ("Cookie", cookie)]),
            body=body,
            address=self._address,
        )
        response = self._routes[parts.path][method](request)
        for name, value in response.headers:
            if name == "Set-Cookie":
                self._keep(value)
        return Answer(url, response)

    def follow(self, answer: Answer) -> Answer:
        while answer.location is not None:
            answer = self.get(urljoin(answer.url, answer.location.removeprefix(ISSUER)))
        return answer

    def sign_in(self, name: str = "alice", password: str = PASSWORD) -> Answer:
        return self.submit(self.get("/sign-in"), "/sign-in", name=name, password=password)

    def _keep(self, header: str) -> None:
        pair, _, attributes = header.partition(";")
        name, _, value = pair.partition("=")
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value
