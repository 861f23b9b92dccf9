"""Authlib's chapter on its OAuth 2 server for Flask runs, block by block, in both modes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import orm
from werkzeug.test import TestResponse

from oauthstore_core.integrations.sqla_oauth2 import OAuth2AuthorizationCodeMixin

from ..integrations.flask_oauth2.own_application import add_client, code_grant
from ..integrations.flask_oauth2.site import basic
from ..integrations.opened import CALLBACK, VERIFIER, ask, told
from .blocks import Edit, edited, read_blocks

DOCUMENT = Path(__file__).with_name("004_8aaf0f61c799f33a.txt")
BLOCKS = read_blocks(DOCUMENT)
PREFIX = ("authlib.integrations", "oauthstore_core.integrations")
#: The order of an application: what configures comes before the server that it configures.
MODELS, SERVER, LAZY, CONFIGURATION, VIEWS = (0, 1, 2), (3,), (4,), (5, 6, 10), (7, 8)
#: An address in words, which is no code.
ADDRESS = 9

BY_HAND = "The two ways to write both functions are alternatives: this test takes the first."
STORE = "Store mode is that nobody gives query_client and save_token, but a store."
EDITS: Mapping[str, tuple[Edit, ...]] = {
    "own, by the helpers": (),
    "own, by hand": (
        Edit(120, "query_client = create_query_client_func(db.session, Client)", "", BY_HAND),
        Edit(121, "save_token = create_save_token_func(db.session, Token)", "", BY_HAND),
    ),
    "store": (
        Edit(
            124, "app, query_client=query_client, save_token=save_token", "app, store=STORE", STORE
        ),
        Edit(
            130,
            "server.init_app(app, query_client=query_client, save_token=save_token)",
            "server.init_app(app, store=STORE)",
            STORE,
        ),
    ),
}


class Chapter:
    """The application that the chapter's blocks make, with what they leave undefined."""

    def __init__(self, mode: str, making: tuple[int, ...], folder: Path) -> None:
        self._mode = mode
        self.app = Flask("chapter")
        self.app.config.update(
            SECRET_KEY="s" * 40,
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/chapter.db",
            SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        )
        self.app.jinja_loader = DictLoader(
            {"authorize.html": "{{ client.client_id }} {{ user.id }} {{ scopes }}"}
        )
        db = SQLAlchemy(self.app)
        self.names: dict[str, Any] = {
            "app": self.app,
            "db": db,
            "Model": db.Model,
            "Column": sqlalchemy.Column,
            "ForeignKey": sqlalchemy.ForeignKey,
            "Integer": sqlalchemy.Integer,
            "relationship": orm.relationship,
            "create_some_random_string": lambda: f"random-{len(db.metadata.tables)}",
            "describe_scope": lambda scope: [{"key": word} for word in scope.split()],
            "STORE": f"sqlite:///{folder}/oauth.db",
        }
        for number in (*MODELS, *CONFIGURATION):
            self._run(number)
        self._configure()
        for number in (*SERVER, *making):
            self._run(number)
        self.server = self.names["server"]
        self._fill(db)
        for number in VIEWS:
            self._run(number)

    def _run(self, number: int) -> None:
        block = BLOCKS[number]
        code = edited(block, EDITS[self._mode], PREFIX)
        # Its lines keep their numbers, for tracebacks.
        exec(compile("\n" * (block.line - 1) + code, DOCUMENT.name, "exec"), self.names)  # noqa: S102 - the very purpose

    def _configure(self) -> None:
        names = self.names
        self.app.config["OAUTH2_TOKEN_EXPIRES_IN"] = names["OAUTH2_TOKEN_EXPIRES_IN"]
        self.app.config["OAUTH2_ACCESS_TOKEN_GENERATOR"] = names["gen_access_token"]
        self.app.config["OAUTH2_ERROR_URIS"] = names["OAUTH2_ERROR_URIS"]

    def _fill(self, db: SQLAlchemy) -> None:
        class AuthorizationCode(db.Model, OAuth2AuthorizationCodeMixin):  # type: ignore[misc,name-defined]  # of Authlib, untyped
            id = db.Column(db.Integer, primary_key=True)
            user_id = db.Column(db.Integer)

        user = self.names["User"]
        models = SimpleNamespace(
            db=db,
            User=user,
            Client=self.names["Client"],
            AuthorizationCode=AuthorizationCode,
        )
        with self.app.app_context():
            db.create_all()
            db.session.add(user(id=1))
            if self._mode == "store":
                db.session.commit()
                metadata = {"redirect_uris": [CALLBACK], "scope": "profile mail"}
                self.server.register_client(metadata, client_id="c1", client_secret="secret")
            else:
                add_client(models, "c1", "secret")
                self.server.register_grant(code_grant(db, models))
        project, auth = ModuleType("your_project"), ModuleType("your_project.auth")
        auth.current_user = user(id=1)  # type: ignore[attr-defined]
        sys.modules.update({"your_project": project, "your_project.auth": auth})

    def decide(self, **form: str) -> dict[str, str]:
        return told(self.app.test_client().post(ask("c1"), data=form).location)

    def redeem(self, code: str, secret: str = "secret") -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        form["code_verifier"] = VERIFIER
        return self.app.test_client().post("/oauth/token", data=form, headers=basic("c1", secret))


@pytest.fixture(params=EDITS)
def mode(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=[(), LAZY], ids=["at once", "lazily"])
def chapter(
    request: pytest.FixtureRequest,
    mode: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Chapter:
    monkeypatch.setitem(sys.modules, "your_project", ModuleType("your_project"))
    monkeypatch.setitem(sys.modules, "your_project.auth", ModuleType("your_project.auth"))
    monkeypatch.setenv("OAUTHSTORE_STORE", "memory://")
    return Chapter(mode, request.param, tmp_path)


def test_the_consent_page_shows_client_user_and_scopes(chapter: Chapter) -> None:
    page = chapter.app.test_client().get(ask("c1", scope="profile mail"))

    assert page.status_code == 200
    assert page.text == "c1 1 [{&#39;key&#39;: &#39;profile&#39;}, {&#39;key&#39;: &#39;mail&#39;}]"


def test_who_consents_gives_tokens_as_the_chapter_configures_them(chapter: Chapter) -> None:
    code = chapter.decide(confirm="yes")["code"]

    answer = chapter.redeem(code)

    assert answer.status_code == 200, answer.text
    assert answer.json["access_token"].startswith("random-")
    assert (answer.json["expires_in"], answer.json["scope"]) == (864_000, "profile")


def test_a_code_is_good_once(chapter: Chapter) -> None:
    code = chapter.decide(confirm="yes")["code"]
    assert chapter.redeem(code).status_code == 200

    assert chapter.redeem(code).json["error"] == "invalid_grant"


def test_who_denies_is_told_to_the_client(chapter: Chapter) -> None:
    assert chapter.decide(confirm="")["error"] == "access_denied"


def test_an_error_leads_to_the_page_that_the_chapter_names(chapter: Chapter) -> None:
    answer = chapter.redeem("code", secret="wrong")

    assert answer.json["error"] == "invalid_client"
    assert answer.json["error_uri"] == BLOCKS[ADDRESS].text.strip()


def test_every_block_of_the_chapter_is_used() -> None:
    used = {*MODELS, *SERVER, *LAZY, *CONFIGURATION, *VIEWS, ADDRESS}

    assert used == set(range(len(BLOCKS)))


def test_the_mode_is_what_the_chapter_s_server_is_in(mode: str, chapter: Chapter) -> None:
    assert chapter.server.own_mode is (mode != "store")
