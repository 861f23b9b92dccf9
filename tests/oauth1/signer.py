"""A client that signs by RFC 5849, written after its text and nothing else.

It shares no line with what it is held against.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_plus, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from oauthstore_core.http import FORM_TYPE, Headers, HttpRequest

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
Pairs = Sequence[tuple[str, str]]


def encode(text: str) -> str:
    """Section 3.6."""
    return "".join(
        chr(byte) if chr(byte) in UNRESERVED else f"%{byte:02X}" for byte in text.encode()
    )


def decode_form(text: str) -> list[tuple[str, str]]:
    """Section 3.4.1.3.1, and W3C's application/x-www-form-urlencoded."""
    fields = [part.partition("=") for part in text.split("&") if part]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in fields]


def base_string(method: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Section 3.4.1."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}[parts.scheme.lower()]
    if parts.port not in (None, default):
        host += f":{parts.port}"
    uri = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    encoded = sorted(f"{encode(name)}\0{encode(value)}" for name, value in pairs)
    normalized = "&".join(pair.replace("\0", "=") for pair in encoded)
    return "&".join(map(encode, (method.upper(), uri, normalized)))


@dataclass(frozen=True)
class Signer:
    """Credentials, and how requests are signed with them."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    token: str | None = None
    token_secret: str = field(default="", repr=False)
    method: str = "HMAC-SHA1"
    key: RSAPrivateKey | None = field(default=None, repr=False)
    #: header, query or body.
    place: str = "header"

    def parameters(self, now: int, **changes: str | None) -> list[tuple[str, str]]:
        """Return the protocol parameters but for the signature; None leaves one out."""
        given: dict[str, str | None] = {
            "oauth_consumer_key": self.client_id,
            "oauth_token": self.token,
            "oauth_signature_method": self.method,
            "oauth_timestamp": str(now),
            "oauth_nonce": secrets.token_hex(8),
            **changes,
        }
        return [(name, value) for name, value in given.items() if value is not None]

    def signature(self, text: str) -> str:
        """Sections 3.4.2 to 3.4.4."""
        shared = f"{encode(self.client_secret)}&{encode(self.token_secret)}"
        if self.method == "PLAINTEXT":
            return shared
        if self.method.startswith("RSA-"):
            assert self.key is not None
            algorithm = SHA1() if self.method == "RSA-SHA1" else SHA256()  # noqa: S303 - the RFC's
            signed = self.key.sign(text.encode(), PKCS1v15(), algorithm)
        else:
            algorithm_name = self.method.removeprefix("HMAC-").lower()
            signed = hmac.new(
                shared.encode(), text.encode(), getattr(hashlib, algorithm_name)
            ).digest()
        return base64.b64encode(signed).decode()

    def sign(
        self,
        method: str,
        url: str,
        now: int,
        *,
        body: str | None = None,
        headers: Pairs = (),
        **changes: str | None,
    ) -> HttpRequest:
        """Return a signed request; `body` is a form."""
        parameters = self.parameters(now, **changes)
        query = decode_form(urlsplit(url).query)
        form = decode_form(body or "")
        text = base_string(method, url, [*query, *form, *parameters])
        parameters.append(("oauth_signature", self.signature(text)))
        return place(self.place, method, url, parameters, body=body, headers=headers)


def place(
    where: str,
    method: str,
    url: str,
    parameters: Pairs,
    *,
    body: str | None = None,
    headers: Pairs = (),
) -> HttpRequest:
    """Return a request that carries these parameters in the header, the query or the body."""
    fields = [*headers]
    joined = "&".join(f"{encode(name)}={encode(value)}" for name, value in parameters)
    query = urlsplit(url).query
    if where == "header":
        shown = ", ".join(f'{encode(name)}="{encode(value)}"' for name, value in parameters)
        fields.append(("Authorization", f'OAuth realm="Photos", {shown}'))
    elif where == "query":
        query = f"{query}&{joined}" if query else joined
    else:
        body = f"{body}&{joined}" if body else joined
    if body is not None:
        fields.append(("Content-Type", FORM_TYPE))
    return request(method, url, query=query, body=(body or "").encode(), headers=fields)


def request(
    method: str,
    url: str,
    *,
    query: str | None = None,
    body: bytes = b"",
    headers: Pairs = (),
) -> HttpRequest:
    """Return a request as an edge reads it."""
    parts = urlsplit(url)
    return HttpRequest(
        method,
        unquote_path(parts.path),
        query_string=parts.query if query is None else query,
        headers=Headers([("Host", parts.netloc), *headers]),
        body=body,
        scheme=parts.scheme,
        raw_path=parts.path,
    )


def unquote_path(path: str) -> str:
    return unquote_plus(path.replace("+", "%2B"))
