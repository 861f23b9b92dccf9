"""The same application three times: on Authlib, on ours with hooks, and on ours with a store."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth1.rfc5849.errors import OAuth1Error
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from oauthstore_core.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    current_credential,
)
from oauthstore_core.oauth2.resource_owner import ResourceOwner

from .own_application import CALLBACK, METHODS, SECRET, create_app, fill
from .signing import RSA_PUBLIC_KEY, Pairs, Signer

__all__ = ["OURS", "WORLDS", "World", "open_world", "told"]

WORLDS = ("authlib", "own", "store")
OURS = ("own", "store")
_PREFIXES = {"authlib": "authlib.integrations", "own": "oauthstore_core.integrations"}


class World:
    """One of them: clients c1 and c2 with a secret, c3 with an RSA key alone, users 1 and 2."""

    def __init__(self, name: str, app: Flask, server: Any) -> None:
        self.name, self.app, self.server = name, app, server
        app.config["PROPAGATE_EXCEPTIONS"] = False
        self.client = Signer(client_secret=SECRET)

    def send(
        self, path: str, signer: Signer, form: Pairs = (), method: str = "POST", **changes: Any
    ) -> TestResponse:
        """Send a signed request, whose protocol parameters may be changed."""
        headers = signer.header(method, path, form, **changes)
        return self.open(path, method, form, headers=headers)

    def open(self, path: str, method: str, form: Pairs = (), **options: Any) -> TestResponse:
        data: dict[str, list[str]] = {}
        for name, value in form:
            data.setdefault(name, []).append(value)
        return self.app.test_client().open(path, method=method, data=data or None, **options)

    def initiate(self, signer: Signer | None = None, **changes: Any) -> TestResponse:
        signer = signer or self.client
        return self.send("/oauth1/initiate", signer, **{"callback": CALLBACK, **changes})

    def temporary(self, signer: Signer | None = None, **changes: Any) -> Signer:
        """Return the client with a fresh temporary credential."""
        signer = signer or self.client
        answer = self.initiate(signer, **changes)
        assert answer.status_code == 200, answer.text
        found = told(answer)
        return signer.using(found["oauth_token"], found["oauth_token_secret"])

    def decide(self, signer: Signer, user: int = 1) -> TestResponse:
        """Let a user authorize a temporary credential; 0 denies."""
        path = f"/oauth1/authorize?oauth_token={signer.token}"
        return self.open(path, "POST", [("user", str(user))])

    def authorize(self, signer: Signer, user: int = 1) -> str:
        """Return the verifier of a user's authorization."""
        answer = self.decide(signer, user)
        return dict(parse_qsl(urlsplit(answer.location).query))["oauth_verifier"]

    def exchange(self, signer: Signer, verifier: str | None, **changes: Any) -> TestResponse:
        return self.send("/oauth1/token", signer, verifier=verifier, **changes)

    def token(self, signer: Signer | None = None, user: int = 1) -> Signer:
        """Return the client with a fresh token credential."""
        temporary = self.temporary(signer)
        answer = self.exchange(temporary, self.authorize(temporary, user))
        assert answer.status_code == 200, answer.text
        found = told(answer)
        return temporary.using(found["oauth_token"], found["oauth_token_secret"])

    def me(self, signer: Signer, path: str = "/me", **changes: Any) -> TestResponse:
        return self.send(path, signer, method="GET", **changes)

    def can_pause(self, model: str) -> bool:
        """Tell whether `meanwhile` finds a moment."""
        return self.name != "store"

    def meanwhile(self, model: str, deed: Callable[[], object]) -> None:
        """Do something, once, while a request is about to store what is of that model."""

        def once(saved: str) -> None:
            if saved == model:
                self.app.extensions["before_save"] = lambda _: None
                deed()

        self.app.extensions["before_save"] = once

    def count(self, model: str) -> int:
        """Return how many rows there are of a model of the application's own."""
        with self.app.app_context():
            rows: int = getattr(self.app.extensions["models"], model).query.count()
        return rows


def told(answer: TestResponse) -> dict[str, str]:
    """Return what an answer tells a client, as a form."""
    return dict(parse_qsl(answer.text, keep_blank_values=True))


def open_world(name: str, folder: Path, **config: Any) -> Iterator[World]:
    """Yield the application, and close it."""
    if name == "store":
        yield from _open_store(**config)
        return
    database = f"sqlite:///{folder}/{name}.db"
    app = create_app(_PREFIXES[name], database, OAUTHSTORE_STORE="memory://", **config)
    fill(app, RSA_PUBLIC_KEY)
    yield World(name, app, app.extensions["server"])
    with app.app_context():
        app.extensions["models"].db.engine.dispose()


def _open_store(**config: Any) -> Iterator[World]:
    app = Flask("site")
    app.config.update(
        SECRET_KEY="s" * 40,
        OAUTH1_SUPPORTED_SIGNATURE_METHODS=METHODS,
        OAUTHSTORE_STORE="memory://",
    )
    app.config.update(config)
    server = AuthorizationServer(app)
    for client_id, methods in (("c1", METHODS), ("c2", None)):
        server.register_client(
            {"redirect_uris": [CALLBACK, f"{CALLBACK}?a=b%26c%20d"], "client_name": "Album"},
            client_id=client_id,
            client_secret=SECRET,
            rsa_public_key=RSA_PUBLIC_KEY,
            signature_methods=methods,
        )
    server.register_client(
        {"redirect_uris": [CALLBACK]}, client_id="c3", rsa_public_key=RSA_PUBLIC_KEY
    )
    app.extensions["require_oauth"] = require_oauth = ResourceProtector()
    _add_views(app, server, require_oauth)
    yield World("store", app, server)
    server.close()


def _add_views(app: Flask, server: AuthorizationServer, require_oauth: ResourceProtector) -> None:
    @app.route("/oauth1/authorize", methods=["GET", "POST"])
    def authorize() -> ResponseReturnValue:
        try:
            if request.method == "GET":
                asked = server.check_authorization_request()
                return jsonify(client=asked.credential.get_client_id())
            user = request.form["user"]
            owner = ResourceOwner(user) if user != "0" else None
            response: ResponseReturnValue = server.create_authorization_response(grant_user=owner)
        except OAuth1Error as error:
            return dict(error.get_body()), error.status_code
        return response

    @app.route("/café")
    @app.route("/me", methods=["GET", "POST", "PUT"])
    @require_oauth()
    def me() -> ResponseReturnValue:
        user = int(current_credential.user.get_user_id())
        return jsonify(user=user, client=current_credential.client_id)

    for path, create in {
        "/oauth1/initiate": server.create_temporary_credentials_response,
        "/oauth1/token": server.create_token_response,
    }.items():
        app.add_url_rule(path, path, create, methods=["GET", "POST"])
