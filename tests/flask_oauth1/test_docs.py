"""The page on OAuth 1 in Flask: its blocks run, and its table is what is tested."""

# ruff: noqa: ANN401 - what a page defines has no types

from __future__ import annotations

import base64
import hmac
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask, session

from ..integrations.flask_oauth2.site import ConsentForm
from .hazards import HAZARDS
from .own_application import CALLBACK
from .signing import RSA_PUBLIC_KEY, Signer, escape

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/flask-oauth1.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
START, WTF, REGISTER, CLASSES, ELSEWHERE, WINDOW, NONCES, MODELS, HOOKS, VIEWS, NAMED, CUSTOM = (
    BLOCKS
)


@pytest.fixture
def names(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[dict[str, Any]]:
    """Return what the page's first block defines, beside databases of its own."""
    # Nor does the page keep its own out of the log of its own database.
    caplog.set_level(logging.WARNING, logger="sqlalchemy.engine")
    # Own models have secrets as they are; in `tmp_path` they would be found as ours.
    folder = tmp_path_factory.mktemp("page")
    monkeypatch.chdir(folder)
    (folder / "printer.pem").write_text(RSA_PUBLIC_KEY)
    defined: dict[str, Any] = {"__name__": "app", "FOLDER": folder}
    run(defined, START)
    sign_in(defined["app"])
    yield defined
    for name in ("server", "require_elsewhere", "lenient", "own_server", "named_server"):
        if name in defined:
            defined[name].close()
    if "db" in defined:
        with defined["shop"].app_context():
            defined["db"].engine.dispose()


def run(names: dict[str, Any], *blocks: str) -> None:
    for block in blocks:
        # By the whole path: that of Flask-SQLAlchemy is in the application's instance folder.
        code = re.sub(r"sqlite:///(\w+)\.db", rf"sqlite:///{names['FOLDER']}/\1.db", block)
        exec(compile(code, "docs/flask-oauth1.md", "exec"), names)  # noqa: S102 - the very purpose


def sign_in(app: Flask) -> None:
    @app.get("/login/<name>")
    def login(name: str) -> str:
        session["user_id"] = int(name) if name.isdigit() else name
        return name


class Client:
    """A client of an application, and the browser of a person."""

    def __init__(self, app: Flask, signer: Signer, person: str, prefix: str = "/oauth1") -> None:
        self.app, self.signer, self._person, self._prefix = app, signer, person, prefix

    def send(self, method: str, path: str, **parameters: str) -> Any:
        headers = self.signer.header(method, path, **parameters)
        return self.app.test_client().open(path, method=method, headers=headers)

    def get_token(self, granting: dict[str, str], callback: str = CALLBACK) -> Client:
        """Go through the whole flow; the client signs with its token from then on."""
        self._take(self.send("POST", f"{self._prefix}/initiate", callback=callback))
        browser = self.app.test_client()
        browser.get(f"/login/{self._person}")
        address = f"{self._prefix}/authorize?oauth_token={self.signer.token}"
        page = browser.get(address).text
        hidden = ConsentForm(page).hidden if "action=" in page else {}
        answer = browser.post(address, data={**hidden, **granting})
        found = dict(parse_qsl(urlsplit(answer.location).query))
        verifier = found["oauth_verifier"]
        self._take(self.send("POST", f"{self._prefix}/token", verifier=verifier))
        return self

    def _take(self, answer: Any) -> None:
        assert answer.status_code == 200, answer.text
        found = dict(parse_qsl(answer.text))
        self.signer = self.signer.using(found["oauth_token"], found["oauth_token_secret"])


def client_of(names: dict[str, Any]) -> Client:
    """Return the client that the page registers."""
    registered = names["registered"]
    signer = Signer(registered.client.client_id, registered.client_secret)
    return Client(names["app"], signer, "alice")


ALLOW = {"decision": "allow"}
ALBUM = "https://album.example/callback"


def test_the_first_block_is_a_server_with_consent_and_a_protected_route(
    names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(names, REGISTER)

    client = client_of(names).get_token(ALLOW, ALBUM)

    assert len(capsys.readouterr().out.split()) == 2
    assert client.send("GET", "/user").json == {"sub": "alice"}
    assert names["app"].test_client().get("/user").status_code == 401


def test_beside_flask_wtf_clients_and_our_form_need_no_token_of_it(names: dict[str, Any]) -> None:
    run(names, WTF, REGISTER)
    names["app"].add_url_rule("/other", "other", lambda: "other", methods=["POST"])

    client = client_of(names).get_token(ALLOW, ALBUM)

    assert client.send("GET", "/user").json == {"sub": "alice"}
    assert names["app"].test_client().post("/other").status_code == 400


def test_the_classes_of_the_page_are_protected(names: dict[str, Any]) -> None:
    run(names, REGISTER, CLASSES)
    client = client_of(names).get_token(ALLOW, ALBUM)

    for path in ("/view", "/resource"):
        assert client.send("GET", path).json == {"sub": "alice"}
        assert names["app"].test_client().get(path).status_code == 401


def test_the_resource_server_elsewhere_accepts_what_the_server_issues(
    names: dict[str, Any],
) -> None:
    run(names, REGISTER, ELSEWHERE)
    client = client_of(names).get_token(ALLOW, ALBUM)
    client.app = names["api"]

    answer = client.send("GET", "/photos")

    assert answer.json == {"of": "alice", "for": client.signer.client_id}


def test_the_window_of_the_page_is_the_server_s(names: dict[str, Any]) -> None:
    run(names, WINDOW)

    assert names["lenient"].EXPIRY_TIME == 600


@pytest.fixture
def shop(names: dict[str, Any]) -> Client:
    """Return a client of the application with models of its own."""
    run(names, NONCES, MODELS, HOOKS, VIEWS)
    sign_in(names["shop"])
    db = names["db"]
    with names["shop"].app_context():
        db.create_all()
        db.session.add_all(
            [names["User"](id=7), names["Client"](client_id="c1", client_secret="secret")]
        )
        db.session.commit()
    return Client(names["shop"], Signer(client_secret="secret"), "7", prefix="")


def test_the_server_with_models_of_its_own_goes_through_the_whole_flow(
    names: dict[str, Any], shop: Client
) -> None:
    client = shop.get_token({"granted": "yes"})

    assert client.send("GET", "/me").json == {"id": 7}
    with names["shop"].app_context():
        assert names["TokenCredential"].query.count() == 1
        assert names["TemporaryCredential"].query.count() == 0
        assert names["TimestampNonce"].query.count() == 3


def test_a_nonce_is_good_once_and_old_ones_are_forgotten(
    names: dict[str, Any], shop: Client
) -> None:
    headers = shop.get_token({"granted": "yes"}).signer.header("GET", "/me")
    send = names["shop"].test_client()

    statuses = [send.get("/me", headers=headers).status_code for _ in range(2)]

    assert statuses == [200, 401]
    with names["shop"].app_context():
        names["forget_old_nonces"](0)
        kept = names["TimestampNonce"].query.count()
        names["forget_old_nonces"](2**33)
        assert (kept, names["TimestampNonce"].query.count()) == (3, 0)


def test_who_denies_is_told_to_the_client_and_an_error_to_the_person(shop: Client) -> None:
    shop._take(shop.send("POST", "/initiate", callback=CALLBACK))
    browser = shop.app.test_client()
    browser.get("/login/7")
    address = f"/authorize?oauth_token={shop.signer.token}"

    assert "error=access_denied" in browser.post(address).location
    again = browser.get(address)
    assert (again.status_code, again.text) == (
        401,
        'Invalid or expired "oauth_token" in parameters',
    )


def test_each_client_signs_by_the_methods_that_it_is_registered_for(names: dict[str, Any]) -> None:
    run(names, NAMED)
    app, server = names["named"], names["named_server"]
    app.post("/oauth1/initiate")(server.create_temporary_credentials_response)
    by_key, in_clear = names["by_key"], names["in_clear"]
    keyed = Signer(by_key.client.client_id, by_key.client_secret or "", method="RSA-SHA256")
    clear = Signer(in_clear.client.client_id, in_clear.client_secret, method="PLAINTEXT")

    def ask(signer: Signer) -> int:
        answer = Client(app, signer, "").send("POST", "/oauth1/initiate", callback="oob")
        status: int = answer.status_code
        return status

    assert by_key.client_secret is None
    assert [ask(keyed), ask(clear)] == [200, 200]
    assert [ask(replace(keyed, method="RSA-SHA1")), ask(replace(clear, method="HMAC-SHA256"))] == [
        400,
        400,
    ]


def test_the_method_of_one_s_own_accepts_what_is_signed_by_it(names: dict[str, Any]) -> None:
    run(names, REGISTER, CUSTOM)
    client = client_of(names).get_token(ALLOW, ALBUM)
    fixed = {"signature_method": "HMAC-SHA512", "nonce": "n", "timestamp": str(int(time.time()))}
    base = client.signer.parameters("GET", "/user", **fixed)
    del base["oauth_signature"]
    text = client.signer.base_string("GET", "/user", [*base.items()])
    wrong = client.send("GET", "/user", **fixed, signature="wrong")
    right = client.send("GET", "/user", **fixed, signature=_sha512(client.signer, text))

    assert (wrong.status_code, right.status_code) == (401, 200)


def _sha512(signer: Signer, text: str) -> str:
    key = f"{escape(signer.client_secret)}&{escape(signer.token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha512")).decode()


def test_the_table_has_every_hazard_that_is_tested_and_no_other() -> None:
    table = TEXT.partition("| what is tried |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\w[^|]*?) \|", table, re.MULTILINE)

    assert sorted(rows) == sorted(hazard.name for hazard in HAZARDS)


def test_the_sections_that_the_first_chapter_left_empty_are_there() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)

    assert {"Timestamp and Nonce", "Server Implementation", "Customize Signature Methods"} <= {
        *headings
    }


def test_every_key_that_the_code_reads_is_told_of() -> None:
    source = ROOT / "oauthstore_core/integrations/flask_oauth1/configuration.py"
    keys = set(re.findall(r'"(OAUTH1_[A-Z_]+[A-Z])"', source.read_text(encoding="utf-8")))

    assert {key for key in keys if f"`{key}`" not in TEXT} == set()
    assert len(keys) > 6


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT)

    assert [link for link in links if not (PAGE.parent / link).exists()] == []
