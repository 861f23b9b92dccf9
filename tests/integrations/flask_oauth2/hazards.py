"""What Authlib does that a server should not, what an application does about it, and ours.

A hazard is shown on Authlib as it comes, so that this table notices when it is
mended there, and closed on ours.
"""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc9207 import IssuerParameter
from joserfc import jwk, jwt
from werkzeug.test import TestResponse

from oauthstore_core.records import Client

from .own_application import add_client
from .site import basic, bearer
from .worlds import World, outcome, parameters, query

__all__ = [
    "C1",
    "CLIENT_CREDENTIALS",
    "Hazard",
    "ask_by_get",
    "assert_to_be_one_client_and_name_another",
    "authenticate_twice",
    "basic_of",
    "challenge",
    "error_of_redirect",
    "find_tokens_in_the_log",
    "let_a_client_s_token_live_for_days",
    "name_a_method_that_nobody_registered",
    "name_a_mode_that_is_none",
    "name_the_issuer_of_a_fragment_response",
    "post_consent_with_hidden_fields",
    "present_a_secret_where_there_is_none",
    "put_the_parameters_into_the_address",
    "redeem_a_code_twice_at_once",
    "refresh_twice_at_once",
    "repeat_a_parameter",
    "repeat_the_response_type_to_the_client",
    "revoke_by",
    "status",
    "tell_clients_apart",
]


@dataclass(frozen=True)
class Hazard:
    """What is tried, and what comes of it in each world."""

    name: str
    attempt: Callable[[World], object]
    #: On Authlib as it comes.
    authlib: object
    #: In own mode.
    own: object
    #: In store mode; None: the same as in own mode.
    store: object = None

    def expected(self, world: str) -> object:
        if world == "store":
            return self.own if self.store is None else self.store
        return self.authlib if world == "authlib" else self.own


def status(path: str, form: Any = None, **options: Any) -> Callable[[World], str]:
    return lambda world: world.outcome(path, form, **options)


CLIENT_CREDENTIALS = {"grant_type": "client_credentials", "scope": "profile"}
C1 = basic("c1", "secret")


def basic_of(raw: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(raw).decode()}


# --- the authorization endpoint (2.2) ---


def post_consent_with_hidden_fields(world: World) -> str:
    if world.name == "store":
        return "302"  # the page is ours, and has no such fields
    url = query()
    fields = dict(parse_qsl(urlsplit(url).query))
    return world.outcome(url, {**fields, "confirm": "yes"})


def name_a_mode_that_is_none(world: World) -> tuple[str, int]:
    before = _count_codes(world)
    form = None if world.name == "store" else {"confirm": "yes"}
    response = world.send(query(response_mode="nonsense"), form)
    return f"{response.status_code // 100}xx", _count_codes(world) - before


def _count_codes(world: World) -> int:
    if world.name == "store":
        return 0
    models = world.app.extensions["models"]
    with world.app.app_context():
        codes: int = models.AuthorizationCode.query.count() + models.Token.query.count()
    return codes


class _Issuer(IssuerParameter):  # type: ignore[misc]  # of Authlib, untyped
    def get_issuer(self) -> str:
        return "https://auth.example"


def name_the_issuer_of_a_fragment_response(world: World) -> str:
    world.server.register_extension(_Issuer())
    url = query("c2", response_type="token")
    parts = urlsplit(world.authorize(url))
    places = {"query": parts.query, "fragment": parts.fragment}
    return " ".join(name for name, text in places.items() if "iss=" in text)


def repeat_the_response_type_to_the_client(world: World) -> bool:
    told = parameters(world.send(query(response_type="secret-word")).location)
    return "secret-word" in told.get("error_description", "")


# --- the token endpoint (2.3) ---


def tell_clients_apart(world: World) -> bool:
    answers = [
        world.send("/oauth/token", CLIENT_CREDENTIALS, headers=basic(client, "wrong")).json
        for client in ("c1", "nobody")
    ]
    return answers[0] != answers[1]


def present_a_secret_where_there_is_none(world: World) -> str:
    """c2 is public: its row has no secret."""
    return world.outcome("/oauth/token", CLIENT_CREDENTIALS, headers=basic("c2", "secret"))


def name_a_method_that_nobody_registered(world: World) -> str:
    class Grant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # of Authlib, untyped
        GRANT_TYPE = "urn:example:own"
        TOKEN_ENDPOINT_AUTH_METHODS = ("private_key_jwt", "client_secret_basic")

    world.server.register_grant(Grant)
    form = {"grant_type": "urn:example:own"}
    return world.outcome("/oauth/token", form, headers=basic("c1", "wrong"))


def authenticate_twice(world: World) -> str:
    form = {**CLIENT_CREDENTIALS, "client_id": "c1", "client_secret": "secret"}
    return world.outcome("/oauth/token", form, headers=C1)


def assert_to_be_one_client_and_name_another(world: World) -> str:
    class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]  # of Authlib, untyped
        def validate_jti(self, claims: Any, jti: str) -> bool:
            return True

        def get_audiences(self) -> list[str]:
            return ["https://auth.example"]

        def resolve_client_public_key(self, client: Any) -> Any:
            return _KEY

    class Grant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # of Authlib, untyped
        GRANT_TYPE = "urn:example:asserted"
        TOKEN_ENDPOINT_AUTH_METHODS = (Assertion.CLIENT_AUTH_METHOD,)

    method = Assertion.CLIENT_AUTH_METHOD
    world.server.register_client_auth_method(method, Assertion())
    world.server.register_grant(Grant)
    _store_asserting_client(world, method, Grant.GRANT_TYPE)
    form = {
        "grant_type": Grant.GRANT_TYPE,
        "client_id": "c1",
        "client_assertion_type": Assertion.CLIENT_ASSERTION_TYPE,
        "client_assertion": _assertion(),
    }
    return world.outcome("/oauth/token", form)


_KEY = jwk.OctKey.import_key("k" * 40)


def _assertion() -> str:
    claims = {"iss": "j1", "sub": "j1", "aud": "https://auth.example", "jti": "1"}
    return jwt.encode({"alg": "HS256"}, {**claims, "exp": int(time()) + 600}, _KEY)


def _store_asserting_client(world: World, method: str, grant_type: str) -> None:
    metadata = {"token_endpoint_auth_method": method, "grant_types": [grant_type]}
    if world.name == "store":
        _store_record(world, metadata)
        return
    with world.app.app_context():
        add_client(world.app.extensions["models"], "j1", "secret", **metadata)


def _store_record(world: World, metadata: dict[str, Any]) -> None:
    payload = json.dumps({"metadata": metadata})
    record = Client("j1", source="static", created_at=0, payload=payload)
    world.server.stores.clients.save_client(record)


def put_the_parameters_into_the_address(world: World) -> str:
    return world.outcome("/oauth/token?" + urlencode(CLIENT_CREDENTIALS), {}, headers=C1)


def ask_by_get(world: World) -> str:
    address = "/oauth/token?" + urlencode(CLIENT_CREDENTIALS)
    return world.outcome(address, headers=C1)


def repeat_a_parameter(world: World) -> str:
    form = {"grant_type": ["client_credentials", "password"], "scope": "profile"}
    return world.outcome("/oauth/token", form, headers=C1)


def find_tokens_in_the_log(world: World) -> bool:
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("authlib"), Handler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    token = world.token("client_credentials").json["access_token"]
    logger.removeHandler(handler)
    logger.setLevel(level)
    return any(token in line for line in lines)


# --- what may be used once (2.4) ---


def _twice_at_once(world: World, present: Callable[[], TestResponse]) -> int:
    """Present while the first presentation is about to store its tokens; return how many are."""
    if world.name == "store":
        return sum(present().status_code == 200 for _ in range(2))

    before = _count_tokens(world)

    def meanwhile() -> None:
        world.app.extensions["before_save"] = lambda: None
        present()

    world.app.extensions["before_save"] = meanwhile
    present()
    return _count_tokens(world) - before


def _count_tokens(world: World) -> int:
    if world.name == "store":
        return 0
    with world.app.app_context():
        tokens: int = world.app.extensions["models"].Token.query.count()
    return tokens


def redeem_a_code_twice_at_once(world: World) -> int:
    code = world.code()
    return _twice_at_once(world, lambda: world.redeem(code))


def refresh_twice_at_once(world: World) -> int:
    token = world.issue()["refresh_token"]
    return _twice_at_once(world, lambda: world.token("refresh_token", refresh_token=token))


def let_a_client_s_token_live_for_days(world: World) -> int:
    seconds: int = world.token("client_credentials").json["expires_in"]
    return seconds


# --- other endpoints (2.5) ---


def revoke_by(hint: str, kind: str, *, look_at: str) -> Callable[[World], object]:
    def attempt(world: World) -> object:
        tokens = world.issue()
        form = {"token": tokens[kind], "token_type_hint": hint}
        assert world.send("/oauth/revoke", form, headers=C1).status_code == 200
        if look_at == "refresh_token":
            return world.token("refresh_token", refresh_token=tokens[look_at]).status_code
        return world.send("/me", headers=bearer(tokens[look_at])).status_code

    return attempt


def challenge(path: str, header: str | None, scope: str = "profile") -> Callable[[World], str]:
    def attempt(world: World) -> str:
        token = world.token("client_credentials", scope=scope).json["access_token"]
        headers = {} if header is None else {"Authorization": header.format(token)}
        return world.send(path, headers=headers).headers.get("WWW-Authenticate", "none")

    return attempt


def error_of_redirect(**changes: str) -> Callable[[World], str]:
    return lambda world: outcome(world.send(query(**changes)))
