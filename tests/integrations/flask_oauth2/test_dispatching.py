"""Unless told otherwise, Flask dispatches only where its dispatching would be noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from authlib.integrations.flask_oauth2 import client_authenticated
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Flask, Request, Response, request_started, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.test import TestResponse

from oauthstore_core.integrations.flask_oauth2 import AuthorizationServer

from .site import Site, basic, make_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ISSUER = "http://localhost/oauth"


@pytest.fixture
def dispatched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that Flask has dispatched."""
    seen: list[str] = []
    dispatch = Flask.full_dispatch_request

    def note(app: Flask) -> Response:
        from flask import request  # noqa: PLC0415 - Flask's own, inside of its request

        seen.append(request.path)
        return dispatch(app)

    monkeypatch.setattr(Flask, "full_dispatch_request", note)
    return seen


def plain_app() -> Flask:
    return make_app(OAUTHSTORE_ISSUER=ISSUER)


def make(app: Flask | None = None, **options: Any) -> Site:
    app = plain_app() if app is None else app
    server = AuthorizationServer(app, store="memory://", **options)
    return with_blueprint(server, app)


def with_blueprint(server: AuthorizationServer, app: Flask) -> Site:
    app.register_blueprint(server.blueprint(lambda: session.get("user_id")))
    return Site(app, server, protect=False)


def issue(site: Site, **environ: Any) -> TestResponse:
    registered = site.register()
    auth = basic(registered.client.client_id, registered.client_secret or "")
    form = {"grant_type": "client_credentials"}
    browser = site.app.test_client()
    if cookie := environ.pop("HTTP_COOKIE", None):
        browser.set_cookie("session", cookie)  # the client writes that header itself
    return browser.post("/oauth/token", data=form, headers=auth, environ_overrides=environ)


def test_flask_does_not_dispatch_where_nobody_could_tell(dispatched: list[str]) -> None:
    site = make()

    assert issue(site).status_code == 200
    for path in ("/oauth/introspect", "/oauth/revoke"):
        assert site.app.test_client().post(path, data={"token": "t"}).status_code == 401

    assert dispatched == []
    assert site.app.test_client().get("/oauth/token").status_code == 405
    assert dispatched == ["/oauth/token"]


def test_what_ends_with_the_application_context_is_called(dispatched: list[str]) -> None:
    site, ended = make(), []
    site.app.teardown_appcontext(ended.append)

    assert issue(site).status_code == 200

    assert ended == [None]
    assert dispatched == []


# --- what has Flask dispatch ---


def before_request(site: Site) -> None:
    site.app.before_request(lambda: None)


def before_a_request_of_the_blueprint(site: Site) -> None:
    site.app.before_request_funcs.setdefault("oauthstore", []).append(lambda: None)


def after_request(site: Site) -> None:
    site.app.after_request(lambda response: response)


def teardown_request(site: Site) -> None:
    site.app.teardown_request(lambda _: None)


def url_value_preprocessor(site: Site) -> None:
    site.app.url_value_preprocessor(lambda *_: None)


def an_error_handler(site: Site) -> None:
    site.app.register_error_handler(500, lambda _: "sorry")


def a_signal_of_flasks(site: Site) -> None:
    request_started.connect(note_signal, site.app)


def a_signal_of_authlibs(site: Site) -> None:
    client_authenticated.connect(note_signal, site.server)


def note_signal(*_: object, **__: object) -> None:
    """Be a receiver that lives as long as the module."""


def debug(site: Site) -> None:
    site.app.debug = True


def testing(site: Site) -> None:
    site.app.testing = True


def trusted_hosts(site: Site) -> None:
    site.app.config["TRUSTED_HOSTS"] = ["localhost"]


def a_lower_limit(site: Site) -> None:
    site.app.config["MAX_CONTENT_LENGTH"] = 20


def sessions_of_its_own(site: Site) -> None:
    class Sessions(SecureCookieSessionInterface):
        """An application's."""

    site.app.session_interface = Sessions()


def requests_of_its_own(site: Site) -> None:
    class OwnRequest(Request):
        """An application's."""

    site.app.request_class = OwnRequest


def a_view_in_our_place(site: Site) -> None:
    ours = site.app.view_functions["oauthstore.token"]
    site.app.view_functions["oauthstore.token"] = partial(ours)


def a_grant_class(site: Site) -> None:
    class OwnGrant(grants.ClientCredentialsGrant):
        """An application's."""

        GRANT_TYPE = "urn:example:own"

    site.server.register_grant(OwnGrant)


def a_token_generator(site: Site) -> None:
    ours = site.server._token_generators["default"]
    site.server.register_token_generator("client_credentials", partial(ours))


def an_authentication_method(site: Site) -> None:
    ours = site.server._client_auth._methods["client_secret_basic"]
    site.server.register_client_auth_method("client_secret_basic", partial(ours))


@pytest.mark.parametrize(
    "do",
    [
        before_request,
        before_a_request_of_the_blueprint,
        after_request,
        teardown_request,
        url_value_preprocessor,
        an_error_handler,
        a_signal_of_flasks,
        a_signal_of_authlibs,
        debug,
        testing,
        trusted_hosts,
        a_lower_limit,
        sessions_of_its_own,
        requests_of_its_own,
        a_view_in_our_place,
        a_grant_class,
        a_token_generator,
        an_authentication_method,
    ],
    ids=lambda do: do.__name__,
)
def test_flask_dispatches_where_the_application_would_notice(
    do: Callable[[Site], None], dispatched: list[str]
) -> None:
    site = make()
    do(site)
    try:
        issue(site)
    finally:
        request_started.disconnect(note_signal, site.app)
        client_authenticated.disconnect(note_signal, site.server)

    assert dispatched == ["/oauth/token"]


@pytest.mark.parametrize(
    "environ",
    [{"HTTP_COOKIE": "1"}, {"werkzeug.debug.preserve_context": lambda _: None}],
    ids=["a cookie", "a context that is kept"],
)
def test_flask_dispatches_what_may_bear_on_a_session(
    environ: dict[str, Any], dispatched: list[str]
) -> None:
    assert issue(make(), **environ).status_code == 200

    assert dispatched == ["/oauth/token"]


@pytest.mark.parametrize(
    "options",
    [
        {"load_user": str},
        {"translate": lambda *_: None},
        {"query_client": lambda _: None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_flask_dispatches_where_functions_of_the_application_are_called(
    options: dict[str, Any], dispatched: list[str]
) -> None:
    issue(make(**options))

    assert dispatched == ["/oauth/token"]


@pytest.mark.parametrize("key", ["OAUTH2_ACCESS_TOKEN_GENERATOR", "OAUTH2_TOKEN_EXPIRES_IN"])
def test_flask_dispatches_where_a_key_names_a_function(key: str, dispatched: list[str]) -> None:
    app = plain_app()
    app.config[key] = {
        "OAUTH2_ACCESS_TOKEN_GENERATOR": lambda **_: "a-token-of-my-own-making",
        "OAUTH2_TOKEN_EXPIRES_IN": lambda *_: 60,
    }[key]

    assert issue(make(app)).status_code == 200

    assert dispatched == ["/oauth/token"]


def test_a_middleware_that_was_there_before_stays_in_front(dispatched: list[str]) -> None:
    app, seen = plain_app(), []
    inner = app.wsgi_app

    def middleware(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    app.wsgi_app = middleware  # type: ignore[method-assign]

    assert issue(make(app)).status_code == 200

    assert seen == dispatched == ["/oauth/token"]


def test_a_subclass_of_flask_dispatches_as_it_likes(dispatched: list[str]) -> None:
    class OwnFlask(Flask):
        """An application's."""

    app = OwnFlask("own")
    app.config.update(plain_app().config)

    assert issue(make(app)).status_code == 200

    assert dispatched == ["/oauth/token"]


def test_a_subclass_of_the_server_is_asked_within_a_request(dispatched: list[str]) -> None:
    class OwnServer(AuthorizationServer):
        """An application's."""

    app = plain_app()

    assert issue(with_blueprint(OwnServer(app, store="memory://"), app)).status_code == 200

    assert dispatched == ["/oauth/token"]


def test_a_route_of_the_applications_goes_before(dispatched: list[str]) -> None:
    app = plain_app()
    app.add_url_rule("/oauth/token", "mine", lambda: ("mine", 418), methods=["POST"])
    site = make(app)

    assert site.app.test_client().post("/oauth/token", data={"a": "b"}).status_code == 418

    assert dispatched == ["/oauth/token"]


def test_flask_dispatches_everything_where_it_is_told_to(dispatched: list[str]) -> None:
    app = plain_app()
    server = AuthorizationServer(app, store="memory://")
    app.register_blueprint(server.blueprint(lambda: None, before_flask=False))

    assert issue(Site(app, server, protect=False)).status_code == 200

    assert dispatched == ["/oauth/token"]


def test_flask_dispatches_where_the_generator_of_all_grants_is_the_applications(
    dispatched: list[str],
) -> None:
    site = make()
    ours = site.server._token_generators["default"]
    site.server.register_token_generator("default", BearerTokenGenerator(lambda **_: "of its own"))

    assert issue(site).status_code == 200

    assert ours is not site.server._token_generators["default"]
    assert dispatched == ["/oauth/token"]
