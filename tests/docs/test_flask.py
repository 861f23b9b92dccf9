"""The pages on Flask: their blocks run, and the table of hazards is what is tested."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session

from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer

from ..integrations.flask_oauth2.site import Site, basic
from ..integrations.flask_oauth2.test_hazards import HAZARDS
from ..integrations.opened import CALLBACK, ask, told

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/flask.md", ROOT / "docs/from-authlib.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START, REGISTER, PROTECT, CONSENT, GRANTS, WTF = BLOCK.findall(PAGES[0].read_text("utf-8"))
CONFIDENTIAL = {
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "profile",
}


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Return what the page's first block defines, beside a database of its own."""
    monkeypatch.chdir(tmp_path)
    code = START.replace("sqlite:///oauth.db", f"sqlite:///{tmp_path}/oauth.db")
    defined: dict[str, Any] = {"__name__": "app"}
    _run(code, defined)
    _sign_in(defined["app"])
    yield defined
    defined["server"].close()


def _run(code: str, names: dict[str, Any]) -> None:
    exec(compile(code, "docs/flask.md", "exec"), names)  # noqa: S102 - the very purpose


def _sign_in(app: Flask) -> None:
    @app.get("/login/<name>")
    def login(name: str) -> str:
        session["user_id"] = name
        return name


def _add(names: dict[str, Any], *blocks: str) -> Site:
    for block in blocks:
        _run(block, names)
    return Site(names["app"], names["server"], protect=False)


def test_the_first_block_is_a_server_with_consent_and_a_protected_route(
    names: dict[str, Any],
) -> None:
    site = _add(names)

    token = site.issue(site.register(**CONFIDENTIAL))["access_token"]

    assert site.ask("/me", token).json == {"sub": "alice"}
    assert site.ask("/me", None).status_code == 401


def test_what_is_added_to_an_application_is_an_import_and_three_statements() -> None:
    made_before = {"Flask", "app", "app.config['SECRET_KEY']"}
    statements = [ast.unparse(statement) for statement in ast.parse(START).body[:-1]]
    added = [text for text in statements if not made_before & {*re.split(r" = |import |, ", text)}]

    assert len(added) == 4
    assert [text.split()[0] for text in added[:2]] == ["from", "server"]


def test_the_block_that_registers_prints_id_and_secret(
    names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    _add(names, REGISTER)

    assert len(capsys.readouterr().out.split()) == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [("/photos", 403), ("/either", 200), ("/function", 403), ("/public", 200), ("/within", 200)],
)
def test_the_routes_of_the_page_ask_for_what_it_says(
    names: dict[str, Any], path: str, status: int
) -> None:
    site = _add(names, PROTECT)
    token = site.issue(site.register(**CONFIDENTIAL))["access_token"]

    assert site.ask(path, token).status_code == status
    assert site.ask("/public", None).json == {"sub": None}


def test_the_own_consent_page_goes_before_ours(tmp_path: Path) -> None:
    app = Flask("app")
    app.config["SECRET_KEY"] = "s" * 40
    server = AuthorizationServer(app, store="memory://", scopes={"profile": "See your name"})
    _sign_in(app)
    site = _add({"app": app, "server": server, "session": session}, CONSENT)
    client = site.register(**CONFIDENTIAL, client_name="Album")
    url = ask(client.client.client_id)

    assert site.browser.get(url).text.startswith('<form method="post">Album, profile?')
    code = told(site.browser.post(url, data={"confirm": "yes"}).location)["code"]
    assert site.redeem(client, code).status_code == 200
    assert told(site.browser.post(url).location)["error"] == "access_denied"
    assert told(site.browser.get(ask(client.client.client_id, scope="x")).location)["error"]


def test_the_own_grant_s_tokens_are_in_the_store(names: dict[str, Any]) -> None:
    site = _add(names, GRANTS)
    client = site.register(**{**CONFIDENTIAL, "grant_types": ["password", "refresh_token"]})

    answer = site.token(
        client, "password", username="alice", password="wonderland", scope="profile"
    )

    assert site.ask("/me", answer.json["access_token"]).json == {"sub": "alice"}
    assert site.refresh(client, answer.json["refresh_token"]).status_code == 200


def test_beside_flask_wtf_clients_and_our_form_need_no_token_of_it(names: dict[str, Any]) -> None:
    site = _add(names, WTF)
    names["app"].add_url_rule("/other", "other", lambda: "other", methods=["POST"])
    client = site.register(**CONFIDENTIAL)

    token = site.issue(client)["access_token"]

    assert site.ask("/me", token).status_code == 200
    headers = basic(client.client.client_id, client.client_secret or "")
    assert names["app"].test_client().post("/other", headers=headers).status_code == 400


def test_the_table_has_every_hazard_that_is_tested_and_no_other() -> None:
    table = PAGES[1].read_text("utf-8").partition("| what is tried |")[2]
    rows = re.findall(r"^\| (\w[^|]*?) \|", table.partition("\n\n")[0], re.MULTILINE)

    assert sorted(rows) == sorted(hazard.name for hazard in HAZARDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_linked_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []
