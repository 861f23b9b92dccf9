"""Authlib's first chapter on its OAuth 1 server for Flask runs, block by block, in both modes."""

# ruff: noqa: ANN401 - what a document defines has no types

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask, request
from flask_restful import Api
from flask_sqlalchemy import SQLAlchemy
from werkzeug.test import TestResponse

from oauthstore_core.integrations.flask_oauth1 import AuthorizationServer
from oauthstore_core.integrations.flask_oauth1.sqla import (
    create_query_client_func,
    register_temporary_credential_hooks,
    register_token_credential_hooks,
)
from oauthstore_core.oauth2.resource_owner import ResourceOwner

from ..flask_oauth1.own_application import CALLBACK, SECRET
from ..flask_oauth1.signing import Signer
from .blocks import Block, Edit, edited, read_blocks

DOCUMENT = Path(__file__).with_name("003_77d34b3efbf39bbb.txt")
BLOCKS = read_blocks(DOCUMENT)
PREFIX = ("authlib.flask.oauth1", "oauthstore_core.integrations.flask_oauth1")
#: A command of a shell's, which is no code; ours needs none of it.
SWITCH = 0
CLIENT, CACHE, TEMPORARY, TOKEN, PROTECT, CLASSES = 1, 2, 3, 4, 5, 6

NO_MODEL = "The document's mixins are no models by themselves; its later editions say db.Model."
NO_METHOD = "The document has lost the indentation of a method."
NO_TYPE = "The document leaves the type open."
NO_MODELS = "Store mode is that nobody gives models, but a store."
CACHED = "OAUTH1_AUTH_CACHE_TYPE"
_ALWAYS = (
    Edit(
        72,
        "OAUTH1_AUTH_CACHE_TYPE = '{{ cache_type }}'",
        "OAUTH1_AUTH_CACHE_TYPE = 'simple'",
        NO_TYPE,
    ),
    Edit(
        81,
        "class TemporaryCredential(OAuth1TemporaryCredentialMixin):",
        "class TemporaryCredential(db.Model, OAuth1TemporaryCredentialMixin):",
        NO_MODEL,
    ),
    Edit(
        102,
        "class TokenCredential(OAuth1TokenCredentialMixin):",
        "class TokenCredential(db.Model, OAuth1TokenCredentialMixin):",
        NO_MODEL,
    ),
    Edit(
        109,
        "def set_grant_user(self, grant_user):",
        "    def set_grant_user(self, grant_user):",
        NO_METHOD,
    ),
    Edit(111, "self.user_id = grant_user", "    self.user_id = grant_user", NO_METHOD),
)
_IN_STORE = Edit(
    140,
    "require_oauth = ResourceProtector(Client, query_token)",
    "require_oauth = ResourceProtector()",
    NO_MODELS,
)
EDITS: Mapping[str, tuple[Edit, ...]] = {
    "own models, temporary credentials in the cache": _ALWAYS,
    "own models, temporary credentials in SQL": _ALWAYS,
    "store": (*_ALWAYS, _IN_STORE),
}
RUN: Mapping[str, tuple[int, ...]] = {
    "own models, temporary credentials in the cache": (CLIENT, CACHE, TOKEN),
    "own models, temporary credentials in SQL": (CLIENT, TEMPORARY, TOKEN),
    "store": (CACHE,),
}


class Chapter:
    """The application that the chapter's blocks make, with what they leave undefined."""

    def __init__(self, mode: str, folder: Path) -> None:
        self._mode = mode
        self.app = Flask("chapter")
        self.app.config.update(
            SECRET_KEY="s" * 40,
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/chapter.db",
            SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        )
        self.db = db = SQLAlchemy(self.app)

        class User(db.Model):  # type: ignore[misc,name-defined]  # of Flask-SQLAlchemy
            id = db.Column(db.Integer, primary_key=True)

            def get_user_id(self) -> int:
                return int(self.id)

            def __html__(self) -> str:
                """Return what `jsonify` makes of it, as it does of what knows its own text."""
                return f"user {self.id}"

        self.user: Any = User
        self.names: dict[str, Any] = {"app": self.app, "db": db}
        for number in RUN[mode]:
            self._run(number)
        self._configure()
        self.server = self._make_server()
        self._run(PROTECT)
        self._add_authorization()
        self._add_classes()
        self.client = Signer(client_secret=SECRET)

    def _compiled(self, block: Block) -> ast.Module:
        code = edited(block, EDITS[self._mode], PREFIX)
        # Its lines keep their numbers, for tracebacks.
        return ast.parse("\n" * (block.line - 1) + code, DOCUMENT.name)

    def _run(self, number: int) -> None:
        exec(compile(self._compiled(BLOCKS[number]), DOCUMENT.name, "exec"), self.names)  # noqa: S102 - the very purpose

    def _configure(self) -> None:
        cache_type = self.names.get("OAUTH1_AUTH_CACHE_TYPE")
        if cache_type is not None:
            self.app.config["OAUTH1_AUTH_CACHE_TYPE"] = cache_type

    def _make_server(self) -> AuthorizationServer:
        """Fill the chapter's empty section, as its later editions and ours do."""
        if self._mode == "store":
            server = AuthorizationServer(self.app)
            metadata = {"redirect_uris": [CALLBACK]}
            server.register_client(metadata, client_id="c1", client_secret=SECRET)
            return server
        session, names = self.db.session, self.names
        with self.app.app_context():
            self.db.create_all()
            session.add(self.user(id=7))
            session.add(names["Client"](client_id="c1", client_secret=SECRET, user_id=7))
            session.commit()
        server = AuthorizationServer(
            self.app, query_client=create_query_client_func(session, names["Client"])
        )
        register_token_credential_hooks(server, session, names["TokenCredential"])
        if "TemporaryCredential" in names:
            register_temporary_credential_hooks(server, session, names["TemporaryCredential"])
        return server

    def _add_authorization(self) -> None:
        @self.app.post("/authorize")
        def authorize() -> Any:
            in_store = self._mode == "store"
            user = ResourceOwner("7") if in_store else self.db.session.get(self.user, 7)
            granted = request.form["granted"] == "yes"
            return self.server.create_authorization_response(grant_user=user if granted else None)

        self.app.post("/initiate")(self.server.create_temporary_credentials_response)
        self.app.post("/token")(self.server.create_token_response)

    def _add_classes(self) -> None:
        """Serve both classes of the last block, which are called the same."""
        for statement in self._compiled(BLOCKS[CLASSES]).body:
            exec(compile(ast.Module([statement], []), DOCUMENT.name, "exec"), self.names)  # noqa: S102 - the very purpose
            if isinstance(statement, ast.ClassDef):
                self._serve_class(self.names["UserAPI"])

    def _serve_class(self, api: type[Any]) -> None:
        def get(_: object) -> dict[str, str]:
            return {"token": self.names["current_credential"].get_oauth_token()}

        served = type("Served", (api,), {"get": get})
        if hasattr(api, "method_decorators"):
            Api(self.app).add_resource(served, "/resource")
        else:
            self.app.add_url_rule("/view", view_func=served.as_view("view"))

    # --- what a client does ---

    def send(self, method: str, path: str, client: Signer, **parameters: str) -> TestResponse:
        headers = client.header(method, path, **parameters)
        return self.app.test_client().open(path, method=method, headers=headers)

    def temporary(self) -> Signer:
        return _told(self.client, self.send("POST", "/initiate", self.client, callback=CALLBACK))

    def decide(self, temporary: Signer, granted: str = "yes") -> dict[str, str]:
        path = f"/authorize?oauth_token={temporary.token}"
        answer = self.app.test_client().post(path, data={"granted": granted})
        return dict(parse_qsl(urlsplit(answer.location).query))

    def exchange(self, temporary: Signer, verifier: str) -> TestResponse:
        return self.send("POST", "/token", temporary, verifier=verifier)

    def token(self) -> Signer:
        temporary = self.temporary()
        verifier = self.decide(temporary)["oauth_verifier"]
        return _told(temporary, self.exchange(temporary, verifier))


def _told(client: Signer, answer: TestResponse) -> Signer:
    assert answer.status_code == 200, answer.text
    found = dict(parse_qsl(answer.text))
    return client.using(found["oauth_token"], found["oauth_token_secret"])


@pytest.fixture(params=EDITS)
def mode(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def chapter(
    mode: str,
    # Its own tables have secrets as they are; in `tmp_path` they would be found as ours.
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Chapter]:
    caplog.set_level(logging.INFO, logger="sqlalchemy.engine")
    monkeypatch.setenv("OAUTHSTORE_STORE", "memory://")
    made = Chapter(mode, tmp_path_factory.mktemp("chapter"))
    yield made
    made.server.close()
    with made.app.app_context():
        made.db.engine.dispose()


def test_the_protected_view_has_the_user_of_the_credential(mode: str, chapter: Chapter) -> None:
    answer = chapter.send("GET", "/user", chapter.token())

    expected = {"subject": "7"} if mode == "store" else "user 7"
    assert answer.status_code == 200
    assert answer.json == expected or answer.json.items() >= expected.items()  # type: ignore[attr-defined]  # a dict


@pytest.mark.parametrize("path", ["/view", "/resource"])
def test_the_classes_of_views_and_of_flask_restful_are_protected(
    chapter: Chapter, path: str
) -> None:
    client = chapter.token()

    assert chapter.send("GET", path, client).json == {"token": client.token}
    assert chapter.app.test_client().get(path).status_code == 401


def test_a_temporary_credential_is_good_once(chapter: Chapter) -> None:
    temporary = chapter.temporary()
    verifier = chapter.decide(temporary)["oauth_verifier"]
    assert chapter.exchange(temporary, verifier).status_code == 200

    assert chapter.exchange(temporary, verifier).status_code == 401


def test_who_denies_is_told_to_the_client(chapter: Chapter) -> None:
    assert chapter.decide(chapter.temporary(), granted="no")["error"] == "access_denied"


def test_a_nonce_is_good_once_though_the_chapter_has_nothing_for_it(chapter: Chapter) -> None:
    headers = chapter.token().header("GET", "/user")
    client = chapter.app.test_client()

    assert [client.get("/user", headers=headers).status_code for _ in range(2)] == [200, 401]


def test_every_block_of_the_chapter_is_used() -> None:
    used = {SWITCH, PROTECT, CLASSES, *(number for numbers in RUN.values() for number in numbers)}

    assert used == set(range(len(BLOCKS)))
