"""A small world for OAuth 1: the server on its stores, a protected resource, a person, a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth1.rfc5849.errors import OAuth1Error

from oauthstore_core.backends import Backend
from oauthstore_core.http import HttpRequest, HttpResponse
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth1.credentials import TokenCredential
from oauthstore_core.oauth1.registration import register_client
from oauthstore_core.oauth1.resource import ResourceProtector
from oauthstore_core.oauth1.server import AuthorizationServer
from oauthstore_core.oauth2.core import LoadUser
from oauthstore_core.oauth2.resource_owner import ResourceOwner
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_core.testing.clock import FakeClock

from .signer import Signer, encode, request

ISSUER = "https://auth.example.com"
INITIATE = f"{ISSUER}/oauth1/initiate"
AUTHORIZE = f"{ISSUER}/oauth1/authorize"
TOKEN = f"{ISSUER}/oauth1/token"
RESOURCE = "https://api.example.com/photos?size=original"
CALLBACK = "https://client.example/cb"
NOW = 1_800_000_000
SECRET_KEY = "first-secret-key-of-forty-characters-0001"
ALICE = ResourceOwner("alice", NOW - 60)
METHODS = ["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"]


@dataclass(frozen=True)
class Answer:
    """A response, taken apart."""

    response: HttpResponse

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def form(self) -> dict[str, str]:
        """The body, or where it is a redirect the query of that."""
        text = self.response.body.decode()
        if self.response.location:
            text = urlsplit(self.response.location).query
        pairs = parse_qsl(text, keep_blank_values=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    @property
    def outcome(self) -> tuple[int, str | None]:
        return self.status, self.form.get("error")

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self.response.headers}


class World:
    """One issuer with everything that tests do with it."""

    def __init__(
        self,
        backends: Backend | Mapping[str, Backend] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
        origin: str | None = None,
        load_user: LoadUser | None = None,
    ) -> None:
        self.clock = FakeClock(NOW)
        opened = MemoryBackend() if backends is None else backends
        stores = opened if isinstance(opened, Mapping) else {"default": opened}
        given = {
            "issuer": ISSUER,
            "secret_keys": [SECRET_KEY],
            **({} if isinstance(opened, Mapping) else {"store": "memory://"}),
            "oauth1": {"enabled": True, "signature_methods": METHODS},
            **(settings or {}),
        }
        self.settings = Settings.from_mapping(given)
        self.stores = open_stores(self.settings, backends=stores, clock=self.clock)
        self.server = AuthorizationServer(
            self.settings, self.stores, clock=self.clock, load_user=load_user
        )
        self.protector = ResourceProtector(
            self.settings, self.stores, clock=self.clock, origin=origin
        )

    # --- clients ---

    def register(self, *, method: str = "HMAC-SHA1", **options: object) -> Signer:
        """Register a client that signs by `method`; further options are those of registration."""
        if method == "PLAINTEXT":
            options.setdefault("signature_methods", ["PLAINTEXT"])
        metadata = options.pop("metadata", {"client_name": "Printer"})
        made = register_client(
            self.stores.clients,
            metadata,  # type: ignore[arg-type]
            key_ring=self.server.key_ring,
            clock=self.clock,
            **options,  # type: ignore[arg-type]
        )
        return Signer(made.client.client_id, made.client_secret or "", method=method)

    # --- the three endpoints ---

    def post(self, signer: Signer, url: str, **changes: str | None) -> Answer:
        """Send a signed request to the initiate or the token endpoint."""
        return self.send(signer.sign("POST", url, self.clock.now(), **changes))  # type: ignore[arg-type]

    def send(self, asked: HttpRequest) -> Answer:
        """Send a request to the initiate or the token endpoint, whichever its path is."""
        initiating = asked.path == self.server.paths.initiate
        create = (
            self.server.create_temporary_credentials_response
            if initiating
            else self.server.create_token_response
        )
        return Answer(create(asked))

    def initiate(self, signer: Signer, **changes: str | None) -> Answer:
        return self.post(signer, INITIATE, **{"oauth_callback": CALLBACK, **changes})

    def begin(self, signer: Signer, **changes: str | None) -> Signer:
        """Return what signs with fresh temporary credentials."""
        return with_token(signer, self.initiate(signer, **changes))

    def authorize(self, temporary: Signer, user: ResourceOwner | None = ALICE) -> Answer:
        """Decide temporary credentials: `user` allows it, None denies it."""
        asked = authorization(temporary)
        return Answer(self.server.create_authorization_response(asked, user))

    def verifier(self, temporary: Signer) -> str:
        return self.authorize(temporary).form["oauth_verifier"]

    def exchange(self, temporary: Signer, verifier: str | None, **changes: str | None) -> Answer:
        return self.post(temporary, TOKEN, **{"oauth_verifier": verifier, **changes})

    def issue(self, signer: Signer) -> Signer:
        """Return what signs with fresh token credentials."""
        temporary = self.begin(signer)
        return with_token(signer, self.exchange(temporary, self.verifier(temporary)))

    # --- protected resources ---

    def fetch(self, signer: Signer, **changes: str | None) -> TokenCredential:
        """Ask for the resource. `OAuth1Error`: it is refused."""
        return self.validate(signer.sign("GET", RESOURCE, self.clock.now(), **changes))  # type: ignore[arg-type]

    def validate(self, asked: HttpRequest) -> TokenCredential:
        credential: TokenCredential = self.protector.validate(asked)
        return credential

    def refusal(self, asked: HttpRequest) -> tuple[int, str] | None:
        """Return how the resource refuses a request; None: it does not."""
        try:
            self.validate(asked)
        except OAuth1Error as error:
            return error.status_code, str(error.error)
        return None

    def is_alive(self, token: Signer) -> bool:
        """Tell whether a token credential is worth anything."""
        return self.refusal(token.sign("GET", RESOURCE, self.clock.now())) is None


def with_token(signer: Signer, answer: Answer) -> Signer:
    """Return what signs with the credentials of an answer."""
    assert answer.status == 200, answer.form
    form = answer.form
    return replace(signer, token=form["oauth_token"], token_secret=form["oauth_token_secret"])


def authorization(temporary: Signer, method: str = "POST") -> HttpRequest:
    """Return a browser's request at the authorization endpoint."""
    return request(method, f"{AUTHORIZE}?oauth_token={encode(temporary.token or '')}")
