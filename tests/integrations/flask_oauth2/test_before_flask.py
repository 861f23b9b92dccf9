"""With `before_flask`, Flask has no part in token, revocation and introspection requests."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, session
from werkzeug.test import TestResponse

from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer

from .site import Site, basic, make_app


def make(*, before_flask: bool, issuer: str | None = "http://localhost/oauth") -> Site:
    app = make_app(OAUTHSTORE_ISSUER=issuer) if issuer else make_app()
    app.config["SEEN"] = seen = []

    @app.before_request
    def note() -> None:
        from flask import request  # noqa: PLC0415 - Flask's own, inside of its request

        seen.append(request.path)

    server = AuthorizationServer(app, store="memory://")
    signed_in = server.blueprint(lambda: session.get("user_id"), before_flask=before_flask)
    app.register_blueprint(signed_in)
    return Site(app, server)


def seen_by(app: Flask) -> list[str]:
    found: list[str] = app.config["SEEN"]
    return found


def issue(site: Site, **form: str) -> TestResponse:
    registered = site.register()
    auth = basic(registered.client.client_id, registered.client_secret or "")
    given = {"grant_type": "client_credentials", **form}
    return site.browser.post("/oauth/token", data=given, headers=auth)


def shape(response: TestResponse) -> tuple[int, set[str], dict[str, Any]]:
    """Return what must be alike, whoever answers."""
    told = {k: v for k, v in (response.get_json() or {}).items() if "token" not in k[-5:]}
    headers = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - a multidict
    return response.status_code, headers - {"vary"}, told


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"scope": "profile"},
        {"scope": "unknown"},
        {"grant_type": "password"},
        {"grant_type": ""},
    ],
)
def test_the_answers_are_those_of_flask(form: dict[str, str]) -> None:
    early, late = (shape(issue(make(before_flask=way), **form)) for way in (True, False))

    assert early == late


def test_flask_sees_nothing_of_them_and_all_else() -> None:
    site = make(before_flask=True)

    assert issue(site).status_code == 200

    assert "/oauth/token" not in seen_by(site.app)
    assert site.browser.get("/oauth/token").status_code == 405
    assert "/oauth/token" in seen_by(site.app)


def test_tokens_are_introspected_and_revoked() -> None:
    site = make(before_flask=True)
    registered = site.register()
    auth = basic(registered.client.client_id, registered.client_secret or "")
    form = {"grant_type": "client_credentials"}
    token = site.browser.post("/oauth/token", data=form, headers=auth).get_json()["access_token"]

    def is_active() -> bool:
        asked = site.browser.post("/oauth/introspect", data={"token": token}, headers=auth)
        active: bool = asked.get_json()["active"]
        return active

    assert is_active()
    assert (
        site.browser.post("/oauth/revoke", data={"token": token}, headers=auth).status_code == 200
    )
    assert not is_active()


def test_until_the_issuer_is_known_flask_answers() -> None:
    site = make(before_flask=True, issuer=None)

    assert issue(site).status_code == 200
    assert seen_by(site.app).count("/oauth/token") == 1
    assert issue(site).status_code == 200
    assert seen_by(site.app).count("/oauth/token") == 1


def test_a_body_of_untold_length_is_flasks() -> None:
    site = make(before_flask=True)

    answer = site.browser.post("/oauth/token", headers={"Content-Length": ""})

    assert answer.status_code == 400
    assert "/oauth/token" in seen_by(site.app)


def test_a_bug_is_logged_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = make(before_flask=True)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("what nobody outside is told")

    monkeypatch.setattr(site.server, "query_client_anew", fail)
    answer = issue(site)

    assert answer.status_code == 500
    assert answer.get_json() == {"error": "server_error"}
    assert "what nobody outside is told" in caplog.text


def test_hostile_bodies_are_no_5xx() -> None:
    site = make(before_flask=True)

    for body in (b"\xff\xfe", b"grant_type=%00", b"a=1&" * 200, b"{}"):
        for kind in ("application/x-www-form-urlencoded", "application/json", "\xe9"):
            for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect"):
                answer = site.browser.post(path, data=body, content_type=kind)
                assert 400 <= answer.status_code < 500
