"""A small world for the flows: a server on its stores, clients, a person, and a clock.

Requests and answers are real, `HttpRequest` in and `HttpResponse` out; only
the time is made up.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

from authlib.oauth2 import OAuth2Error

from oauthstore_core.backends import Backend
from oauthstore_core.http import FORM_TYPE, Headers, HttpRequest, HttpResponse
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth2.core import LoadUser
from oauthstore_core.oauth2.registration import register_client
from oauthstore_core.oauth2.resource import ResourceProtector
from oauthstore_core.oauth2.resource_owner import ResourceOwner
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_core.testing.clock import FakeClock

ISSUER = "https://auth.example.com"
CALLBACK = "https://client.example/cb"
NOW = 1_800_000_000
ALICE = ResourceOwner("alice", NOW - 60)
VERIFIER = "verifier-" + "v" * 40
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
SCOPE = "profile email"
GRANTS = ["authorization_code", "refresh_token", "client_credentials"]
SECRET_KEY = "first-secret-key-of-forty-characters-0001"


@dataclass(frozen=True)
class Party:
    """A registered client and what it authenticates with."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields with which it authenticates: Basic, or none."""
        return {} if self.client_secret is None else basic(self.client_id, self.client_secret)

    @property
    def form(self) -> Mapping[str, str]:
        """The fields with which it names itself where it has no secret."""
        return {"client_id": self.client_id} if self.client_secret is None else {}


@dataclass(frozen=True)
class Answer:
    """A response, taken apart."""

    response: HttpResponse = field(repr=False)

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.response.body)
        return decoded

    @property
    def error(self) -> str | None:
        """The OAuth error code, in the body or in the redirect."""
        if self.response.location:
            return self.parameters.get("error")
        return self.json.get("error")

    @property
    def outcome(self) -> tuple[int, str | None]:
        return self.status, self.error

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.response.headers}

    @property
    def parameters(self) -> dict[str, str]:
        """What the redirect adds to the redirect URI, each once."""
        pairs = parse_qsl(urlsplit(self.response.location or "").query, keep_blank_values=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    @property
    def code(self) -> str:
        return parse_qs(urlsplit(self.response.location or "").query)["code"][0]


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return the header of HTTP Basic, form-encoded as RFC 6749 2.3.1 says."""
    return raw_basic(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode())


def raw_basic(credentials: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(credentials).decode()}


#: What a parameter may be given as; several values are sent one after the other.
Value = str | Sequence[str]


def form_request(
    path: str, form: Mapping[str, Value] | bytes, headers: Mapping[str, str], query: str = ""
) -> HttpRequest:
    """Return a POSTed form."""
    body = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
    fields = Headers({"Content-Type": FORM_TYPE, **headers}.items())
    return HttpRequest("POST", path, query_string=query, headers=fields, body=body)


def code_query(party: Party, **changes: Value | None) -> str:
    """Return the query of a good authorization request; None leaves a parameter out."""
    parameters: dict[str, Value | None] = {
        "response_type": "code",
        "client_id": party.client_id,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "state": "xyz",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    parameters |= changes
    given = {name: value for name, value in parameters.items() if value is not None}
    return urlencode(given, doseq=True)


class Routed(dict[str, Backend]):
    """Open stores by name, and the settings that route roles to them."""

    def __init__(self, backends: Mapping[str, Backend], settings: Mapping[str, object]) -> None:
        super().__init__(backends)
        self.settings = settings


class World:
    """The server of one issuer, and everything that tests do with it."""

    def __init__(
        self,
        backends: Backend | Mapping[str, Backend] | None = None,
        *,
        clock: FakeClock | None = None,
        load_user: LoadUser | None = None,
        **settings: object,
    ) -> None:
        self.clock = clock or FakeClock(NOW)
        self.backend = MemoryBackend() if backends is None else backends
        stores = self.backend if isinstance(self.backend, Mapping) else {"default": self.backend}
        given = {
            "issuer": ISSUER,
            "secret_keys": [SECRET_KEY],
            "scopes": {"profile": "Your name", "email": "Your address", "admin": "Everything"},
            **({} if isinstance(self.backend, Mapping) else {"store": "memory://"}),
            **(self.backend.settings if isinstance(self.backend, Routed) else {}),
            **settings,
        }
        self.settings = Settings.from_mapping(given)
        self.stores = open_stores(self.settings, backends=stores, clock=self.clock)
        self.server = AuthorizationServer(
            self.settings, self.stores, clock=self.clock, load_user=load_user
        )
        self.protector = ResourceProtector(self.stores, self.clock)

    # --- clients ---

    def register(
        self, *, resource_server: bool = False, resources: Sequence[str] = (), **metadata: object
    ) -> Party:
        """Register a confidential client of all grant types, with changes."""
        secret = metadata.pop("client_secret", None)
        client_id = metadata.pop("client_id", None)
        registered = register_client(
            self.stores.clients,
            {"redirect_uris": [CALLBACK], "grant_types": GRANTS, "scope": SCOPE, **metadata},
            key_ring=self.server.key_ring,
            clock=self.clock,
            client_id=client_id,  # type: ignore[arg-type]
            client_secret=secret,  # type: ignore[arg-type]
            resource_server=resource_server,
            resources=resources,
        )
        return Party(registered.client.client_id, registered.client_secret)

    def register_public(self, **metadata: object) -> Party:
        """Register a public client of the grant types that it may use."""
        return self.register(
            **{"token_endpoint_auth_method": "none", "grant_types": GRANTS[:2], **metadata}
        )

    def change(self, party: Party, **metadata: object) -> None:
        """Change the registered metadata of a client."""
        stored = self.stores.clients.query_client(party.client_id)
        assert stored is not None
        payload = json.loads(stored.payload)
        payload["metadata"] |= metadata
        self.stores.clients.save_client(replace(stored, payload=json.dumps(payload)))

    # --- the authorization endpoint ---

    def ask(self, query: str, *, user: ResourceOwner | None = ALICE) -> Answer:
        """Send an authorization request whose consent `user` gives, or None denies."""
        request = HttpRequest("POST", self.server.paths.authorization, query_string=query)
        return Answer(self.server.create_authorization_response(request, grant_user=user))

    def authorize(
        self, party: Party, *, user: ResourceOwner | None = ALICE, **changes: Value | None
    ) -> Answer:
        return self.ask(code_query(party, **changes), user=user)

    def code(self, party: Party, **changes: Value | None) -> str:
        return self.authorize(party, **changes).code

    # --- the token endpoint ---

    def post_token(
        self,
        form: Mapping[str, Value] | bytes,
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> Answer:
        request = form_request(self.server.paths.token, form, headers or {}, query)
        return Answer(self.server.create_token_response(request))

    def token(self, party: Party, **form: Value) -> Answer:
        return self.post_token({**party.form, **form}, party.headers)

    def redeem(self, party: Party, code: str, **changes: Value) -> Answer:
        form = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}
        return self.token(party, grant_type="authorization_code", code=code, **form)

    def issue(self, party: Party, **changes: Value | None) -> dict[str, Any]:
        """Return the token response of a fresh consent."""
        answer = self.redeem(party, self.code(party, **changes))
        assert answer.status == 200, answer.json
        return answer.json

    def refresh(self, party: Party, refresh_token: str, **form: Value) -> Answer:
        return self.token(party, grant_type="refresh_token", refresh_token=refresh_token, **form)

    def client_credentials(self, party: Party, **form: Value) -> Answer:
        return self.token(party, grant_type="client_credentials", **form)

    # --- the other endpoints ---

    def _post(self, name: str, path: str, party: Party, form: Mapping[str, str]) -> Answer:
        request = form_request(path, {**party.form, **form}, party.headers)
        return Answer(self.server.create_endpoint_response(name, request))

    def revoke(self, party: Party, token: str, **form: str) -> Answer:
        path = self.server.paths.revocation
        return self._post("revocation", path, party, {"token": token, **form})

    def introspect(self, party: Party, token: str, **form: str) -> Answer:
        path = self.server.paths.introspection
        return self._post("introspection", path, party, {"token": token, **form})

    # --- what tokens are worth ---

    def is_accepted(self, access_token: str) -> bool:
        """Tell whether a protected resource takes the token."""
        try:
            self.protector.validate(bearer(access_token))
        except OAuth2Error:
            return False
        return True

    def is_alive(self, tokens: Mapping[str, str], party: Party) -> bool:
        """Tell whether any token of the response is worth anything; refreshes at last."""
        if self.is_accepted(tokens["access_token"]):
            return True
        refresh_token = tokens.get("refresh_token")
        return refresh_token is not None and self.refresh(party, refresh_token).status == 200


def bearer(access_token: str) -> HttpRequest:
    """Return a request at a protected resource."""
    fields = Headers([("Authorization", f"Bearer {access_token}")])
    return HttpRequest("GET", "/resource", headers=fields)


def compose(main: Backend, cache: Backend) -> World:
    """Return a world with codes in one store and all else in another: nothing redeems."""
    stores = {"main": {"url": "memory://"}, "cache": {"url": "memory://"}}
    roles = {"clients": "main", "tokens": "main", "credentials": "cache", "nonces": "cache"}
    return World(Routed({"main": main, "cache": cache}, {"stores": stores, "roles": roles}))
