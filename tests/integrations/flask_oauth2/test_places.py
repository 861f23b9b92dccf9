"""Where an application makes its server, and where the server finds itself."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, request, session
from flask.typing import ResponseReturnValue
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from oauthstore_core.testing.clock import FakeClock

from ..opened import ask, told
from .site import NOW, SCOPES, Site, basic, decide, make_app, make_site


def _user() -> object:
    return session.get("user_id")


def test_a_server_is_made_first_and_initialised_later() -> None:
    server = AuthorizationServer(store="memory://")
    protector = ResourceProtector(server)
    app = make_app(OAUTHSTORE_SCOPES=SCOPES)
    server.init_app(app, clock=FakeClock(NOW))
    app.register_blueprint(server.blueprint(_user))
    app.add_url_rule("/mine", "mine", protector("profile")(lambda: "mine"))
    site = Site(app, server)

    tokens = site.issue(site.register())

    assert site.ask("/mine", tokens["access_token"]).text == "mine"


def test_an_application_factory_may_be_called_again_each_time_with_stores_of_its_own() -> None:
    server = AuthorizationServer()
    require_oauth = ResourceProtector(server)
    blueprint: list[Blueprint] = []

    def create_app(issuer: str) -> Site:
        app = make_app(OAUTHSTORE_SCOPES=SCOPES, OAUTHSTORE_ISSUER=issuer)
        server.init_app(app, store="memory://", clock=FakeClock(NOW))
        blueprint[:] = blueprint or [server.blueprint(_user, url_prefix="/oauth")]
        app.register_blueprint(blueprint[0])
        app.add_url_rule("/mine", "mine", require_oauth("profile")(lambda: "mine"))
        return Site(app, server)

    first = create_app("https://one.example/oauth")
    client = first.register()
    assert first.ask("/mine", first.issue(client)["access_token"]).status_code == 200
    second = create_app("https://two.example/oauth")
    own = second.register()
    assert second.ask("/mine", second.issue(own)["access_token"]).status_code == 200

    assert second.token(client, "client_credentials").json["error"] == "invalid_client"
    location = decide(second.browser, ask(second.register().client.client_id)).location
    assert told(location)["iss"] == "https://two.example/oauth"
    metadata = second.browser.get("/.well-known/oauth-authorization-server/oauth").json
    assert metadata["issuer"] == "https://two.example/oauth"
    assert metadata["grant_types_supported"].count("authorization_code") == 1


def test_grants_that_the_next_configuration_does_not_name_are_gone() -> None:
    server = AuthorizationServer(store="memory://")
    server.init_app(make_app())

    server.init_app(make_app(OAUTHSTORE_GRANTS=["client_credentials"]))

    assert server.served.grant_types == ("client_credentials",)
    assert server.served.response_types == ()


def test_two_applications_in_one_process_know_nothing_of_each_other() -> None:
    one, two = make_site(), make_site()
    client = one.register()
    token = one.issue(client)["access_token"]

    assert two.ask("/profile", token).status_code == 401
    assert two.token(client, "client_credentials").status_code == 401
    assert one.ask("/profile", token).status_code == 200


def test_below_a_path_of_its_host_the_application_knows_its_addresses() -> None:
    site = make_site()
    mounted = DispatcherMiddleware(site.app.wsgi_app, {"/mount": site.app})
    browser = Client(mounted, use_cookies=True)
    browser.get("/mount/login/alice")
    client = site.register()

    page = browser.get("/mount" + ask(client.client.client_id))
    metadata = browser.get("/mount/.well-known/oauth-authorization-server/oauth").json

    assert 'action="/mount/oauth/authorize?' in page.text
    assert metadata["issuer"] == "http://localhost/mount/oauth"
    assert metadata["token_endpoint"] == "http://localhost/mount/oauth/token"
    secret = client.client_secret or ""
    token = browser.post(
        "/mount/oauth/token",
        data={"grant_type": "client_credentials"},
        headers=basic(client.client.client_id, secret),
    ).json["access_token"]
    answer = browser.get("/mount/any", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_the_issuer_s_path_is_where_the_endpoints_lie() -> None:
    site = make_site(issuer="https://example.com/auth")
    client = site.register()

    metadata = site.browser.get("/.well-known/oauth-authorization-server/auth").json

    assert metadata["token_endpoint"] == "https://example.com/auth/token"
    assert site.post("/auth/token", client, grant_type="client_credentials").status_code == 200


def test_a_prefix_of_the_application_s_own_is_where_the_endpoints_lie() -> None:
    app = make_app()
    server = AuthorizationServer(app, store="memory://", issuer="https://example.com")
    app.register_blueprint(server.blueprint(_user, url_prefix="/a"), name="oauthstore")
    site = Site(app, server)

    metadata = site.browser.get("/.well-known/oauth-authorization-server").json

    assert metadata["token_endpoint"] == "https://example.com/a/token"
    client = site.register()
    assert site.post("/a/token", client, grant_type="client_credentials").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/oauth/token"),
        ("POST", "/oauth/revoke"),
        ("POST", "/oauth/introspect"),
        ("GET", "/oauth/authorize"),
        ("POST", "/oauth/authorize"),
        ("GET", "/.well-known/oauth-authorization-server/oauth"),
    ],
)
def test_without_an_issuer_a_host_that_is_not_loopback_is_told_so_and_not_believed(
    host: str, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()

    answer = site.app.test_client().open(path, method=method, base_url=f"http://{host}")

    assert answer.status_code == 421
    assert "`issuer` is not set" in caplog.text
    assert site.server.settings.issuer is None


def test_who_is_not_signed_in_is_sent_to_sign_in_with_the_way_back() -> None:
    app = make_app()
    server = AuthorizationServer(app, store="memory://", clock=FakeClock(NOW))
    app.register_blueprint(server.blueprint(_user, login_url="/login?via=oauth"))
    site = Site(app, server)
    url = ask(site.register(scope="profile").client.client_id)

    answer = app.test_client().get(url)

    assert answer.location.startswith("/login?via=oauth&next=%2Foauth%2Fauthorize%3F")


def test_a_number_as_user_id_is_the_subject_in_text() -> None:
    app = make_app(OAUTHSTORE_SCOPES=SCOPES)
    server = AuthorizationServer(app, store="memory://", clock=FakeClock(NOW))
    app.register_blueprint(server.blueprint(lambda: 7))
    site = Site(app, server)

    token = site.issue(site.register())["access_token"]

    assert site.ask("/profile", token).json["sub"] == "7"


def test_views_of_the_application_s_own_serve_as_on_authlib() -> None:
    app = make_app(OAUTHSTORE_SCOPES=SCOPES)
    server = AuthorizationServer(app, store="memory://", clock=FakeClock(NOW))
    seen: list[Any] = []

    class User:
        def get_user_id(self) -> int:
            return 7

    @app.route("/oauth/authorize", methods=["GET", "POST"])
    def authorize() -> ResponseReturnValue:
        grant = server.get_consent_grant(end_user=User())
        if request.method == "GET":
            return str(grant.client.client_name)
        return server.create_authorization_response(grant_user=User(), grant=grant)

    @app.post("/oauth/token")
    def token() -> ResponseReturnValue:
        seen.append(request.form["grant_type"])  # the form is read before
        response = server.create_token_response()
        seen.append(request.form["grant_type"])  # and after
        return response

    app.register_blueprint(Blueprint("oauthstore", __name__))
    site = Site(app, server)
    client = site.register(client_name="Album")
    url = ask(client.client.client_id)

    assert site.browser.get(url).text == "Album"
    code = told(site.browser.post(url, data={"confirm": "yes"}).location)["code"]
    answer = site.redeem(client, code)

    assert answer.status_code == 200, answer.text
    assert seen == ["authorization_code"] * 2
    assert site.ask("/profile", answer.json["access_token"]).json["sub"] == "7"


def test_a_form_that_the_view_has_read_before_may_not_repeat_a_parameter_either() -> None:
    app = make_app()
    server = AuthorizationServer(app, store="memory://")

    @app.post("/token")
    def token() -> ResponseReturnValue:
        assert request.form
        return server.create_token_response()

    form = {"grant_type": ["client_credentials", "client_credentials"]}
    answer = app.test_client().post("/token", data=form)

    assert answer.json["error_description"] == "Multiple 'grant_type' in request."


def test_closing_twice_is_closing_once(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    server = AuthorizationServer(make_app(), store=f"sqlite:///{tmp_path}/oauth.db")

    server.close()
    server.close()


def test_flask_knows_the_server() -> None:
    app = make_app()
    server = AuthorizationServer(app, store="memory://")

    assert app.extensions["oauthstore"] is server
