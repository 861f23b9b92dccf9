"""Protected routes, in every way that Authlib's decorator is written."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import session

from oauthstore_core.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    client_authenticated,
    current_token,
    token_authenticated,
    token_revoked,
)
from oauthstore_core.testing.clock import FakeClock

from .site import NOW, SCOPES, Site, bearer, make_app, make_site


def _site(**options: Any) -> Site:
    app = make_app(OAUTHSTORE_SCOPES=SCOPES)
    server = AuthorizationServer(app, store="memory://", clock=FakeClock(NOW), **options)
    app.register_blueprint(server.blueprint(lambda: session.get("user_id")))
    return Site(app, server)


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        ("/any", "mail", 200),
        ("/called", "mail", 200),
        ("/profile", "profile", 200),
        ("/profile", "mail", 403),
        ("/both", "profile mail", 200),
        ("/both", "profile", 403),
        ("/either", "mail", 200),
        ("/function", "mail", 200),
        ("/function", "profile", 403),
        ("/optional", "profile", 200),
        ("/optional", "mail", 403),
        ("/optional-function", "mail", 200),
        ("/acquire", "profile", 200),
        ("/acquire", "mail", 403),
    ],
)
def test_a_route_asks_for_the_scope_that_it_names(
    site: Site, path: str, scope: str, status: int
) -> None:
    client = site.register()
    token = site.token(client, "client_credentials", scope=scope).json["access_token"]

    assert site.ask(path, token).status_code == status


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/profile", 'Bearer realm="oauthstore", error="insufficient_scope", scope="profile"'),
        ("/both", 'Bearer realm="oauthstore", error="insufficient_scope", scope="profile mail"'),
        ("/function-of-profile", 'Bearer realm="oauthstore", error="insufficient_scope"'),
    ],
)
def test_who_has_too_little_is_told_what_is_needed(path: str, told: str) -> None:
    site = make_site({"OAUTHSTORE_SCOPES": {**SCOPES, "other": "Something else"}})
    reaches = site.protector(scopes=lambda held: "profile" in held)
    site.app.add_url_rule("/function-of-profile", "f", reaches(lambda: "f"))
    client = site.register(scope="profile mail other")
    token = site.token(client, "client_credentials", scope="other").json["access_token"]

    answer = site.ask(path, token)

    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == told


@pytest.mark.parametrize(
    "path", ["/any", "/called", "/profile", "/both", "/either", "/function", "/acquire"]
)
def test_without_a_token_the_challenge_has_no_error(site: Site, path: str) -> None:
    answer = site.ask(path, None)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="oauthstore"'


@pytest.mark.parametrize("path", ["/optional", "/optional-function"])
def test_where_a_token_is_optional_none_is_let_through_and_a_wrong_one_is_not(
    site: Site, path: str
) -> None:
    assert site.ask(path, None).json == {"token": None}
    assert site.ask(path, "wrong").status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        *("Bearer", "Bearer ", "Bearer  ", "bearer wrong", "Bearer a b", "Basic YTpi", "Token x"),
        *("Bearer \xe9", "Bearer \xff\xfe", "x", "Bearer\tx", ",", "Bearer " + "x" * 5000),
    ],
)
def test_whatever_is_no_token_is_a_challenge(site: Site, header: str) -> None:
    answer = site.app.test_client().get("/any", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_refresh_token_opens_no_route(site: Site) -> None:
    tokens = site.issue(site.register())

    assert site.ask("/any", tokens["refresh_token"]).status_code == 401


def test_the_token_s_user_is_the_application_s_own() -> None:
    people = {"alice": {"name": "Alice"}}
    site = _site(load_user=people.get)
    site.app.add_url_rule("/me", "me", site.protector(lambda: dict(current_token.user)))
    token = site.issue(site.register())["access_token"]

    assert site.ask("/me", token).json == {"name": "Alice"}


def test_for_a_user_that_is_gone_nothing_is_issued_and_a_token_has_none() -> None:
    people = {"alice": "Alice"}
    site = _site(load_user=people.get)
    site.app.add_url_rule("/me", "me", site.protector(lambda: str(current_token.user)))
    client = site.register()
    code, tokens = site.code(client), site.issue(client)
    people.clear()

    assert site.redeem(client, code).json["error"] == "invalid_grant"
    assert site.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert site.ask("/me", tokens["access_token"]).text == "None"


def _user_id() -> str:
    user_id: str = current_token.user.get_user_id()
    return user_id


def test_without_load_user_the_token_s_user_has_its_id() -> None:
    site = _site()
    site.app.add_url_rule("/me", "me", site.protector(_user_id))

    assert site.ask("/me", site.issue(site.register())["access_token"]).text == "alice"


def test_a_resource_takes_only_tokens_that_name_it() -> None:
    photos, mail = "https://photos.example", "https://mail.example"
    site = _site(resources=[photos, mail])
    only_photos = ResourceProtector(site.server, resource=photos)
    site.app.add_url_rule("/photos", "photos", only_photos(lambda: "photos"))
    client = site.register()

    tokens = {
        uri: site.token(client, "client_credentials", resource=uri).json["access_token"]
        for uri in (photos, mail)
    }

    assert site.ask("/photos", tokens[photos]).text == "photos"
    assert site.ask("/photos", tokens[mail]).status_code == 401


def test_a_resource_that_is_no_uri_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="photos"):
        ResourceProtector(make_site().server, resource="photos")


def test_a_validator_of_the_application_s_own_goes_before_ours() -> None:
    class Own(BearerTokenValidator):
        def authenticate_token(self, token_string: str) -> None:
            return None

    site = make_site()
    token = site.token(site.register(), "client_credentials").json["access_token"]
    assert site.ask("/any", token).status_code == 200

    site.protector.register_token_validator(Own())

    assert site.ask("/any", token).status_code == 401


def test_signals_tell_of_clients_tokens_and_revocations() -> None:
    site = make_site()
    client = site.register()
    heard: list[tuple[str, object, set[str]]] = []

    def hear(name: str) -> Any:  # noqa: ANN401 - a receiver
        def receive(sender: object, **given: object) -> None:
            heard.append((name, sender, set(given)))

        return receive

    receivers = {
        "client": (client_authenticated, hear("client")),
        "token": (token_authenticated, hear("token")),
        "revoked": (token_revoked, hear("revoked")),
    }
    for signal, receive in receivers.values():
        signal.connect(receive)
    token = site.token(client, "client_credentials").json["access_token"]
    site.ask("/any", token)
    site.revoke(client, token)
    for signal, receive in receivers.values():
        signal.disconnect(receive)

    assert heard == [
        ("client", site.server, {"client", "grant"}),
        ("token", site.protector, {"token"}),
        ("revoked", site.server, {"token", "client"}),
    ]


def test_a_refused_token_is_no_current_token() -> None:
    site = make_site()
    site.app.add_url_rule("/peek", "peek", lambda: str(bool(current_token)))
    with site.app.test_client() as browser:
        assert browser.get("/any", headers=bearer("wrong")).status_code == 401
        assert not current_token
    assert site.ask("/peek", None).text == "False"
