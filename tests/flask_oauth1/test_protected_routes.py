"""What OAuth 1 protects: decorators, applications elsewhere, proxies, and who opened the stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    current_credential,
)
from oauthstore_core.testing.clock import FakeClock

from ..integrations.flask_oauth2.site import make_site as make_oauth2_site
from .signing import Signer
from .site import NOW, Site, make_app, make_site, protect

ELSEWHERE = "https://api.example"


def elsewhere(folder: Path, **options: Any) -> tuple[Site, Flask]:
    """Return a site, and an application that protects its own on the same store."""
    store = f"sqlite:///{folder}/oauth.db"
    site = make_site(store=store)
    app = make_app()
    given = {"store": store, "clock": FakeClock(NOW), **options}
    app.extensions["protector"] = protector = ResourceProtector(app, **given)
    protect(app, protector)
    return site, app


def ask(app: Flask, client: Signer, **options: Any) -> Any:  # noqa: ANN401 - a response, or what it says
    return app.test_client().get("/me", headers=client.header("GET", "/me"), **options)


@pytest.mark.parametrize("bare", [True, False])
def test_a_view_is_protected_with_and_without_a_call(*, bare: bool) -> None:
    site = make_site()
    protector = ResourceProtector(site.app)

    def view() -> str:
        """Tell who it is."""
        return str(current_credential.subject)

    protected = protector(view) if bare else protector()(view)
    site.app.add_url_rule("/view", view_func=protected)
    client = site.token(site.register())

    assert (protected.__name__, protected.__doc__) == ("view", "Tell who it is.")
    assert site.send("GET", "/view", client).text == "alice"
    assert site.app.test_client().get("/view").status_code == 401


def test_a_credential_may_be_acquired_within_a_view() -> None:
    site = make_site()
    protector = ResourceProtector(site.app)
    site.app.add_url_rule("/within", "within", lambda: protector.acquire_credential().subject)

    assert site.send("GET", "/within", site.token(site.register())).text == "alice"


def test_an_application_elsewhere_accepts_what_is_on_the_shared_store(tmp_path: Path) -> None:
    site, app = elsewhere(tmp_path)
    client = site.token(site.register())

    assert ask(app, client).json == {"sub": "alice", "client": client.client_id}
    site.server.revoke_all(client_id=client.client_id)
    assert ask(app, client).status_code == 401


def test_a_nonce_that_was_used_at_one_is_used_at_the_other(tmp_path: Path) -> None:
    site, app = elsewhere(tmp_path)
    headers = site.token(site.register()).header("GET", "/me")

    statuses = [
        each.test_client().get("/me", headers=headers).status_code for each in (app, site.app)
    ]

    assert statuses == [200, 401]


def test_with_other_keys_it_is_503_and_never_a_verdict(tmp_path: Path) -> None:
    site, app = elsewhere(tmp_path, secret_keys=["k" * 40])

    answer = ask(app, site.token(site.register()))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_a_bearer_token_of_oauth_2_is_no_token_credential(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/oauth.db"
    oauth2 = make_oauth2_site(store=store)
    site = make_site(store=store)
    registered = oauth2.register()
    token = oauth2.token(registered, "client_credentials", scope="mail").json["access_token"]
    client = site.register()

    assert site.me(client.using(token, "")).status_code == 401
    assert oauth2.ask("/any", site.token(client).token).status_code == 401


# --- the origin that clients sign ---


def test_the_origin_that_is_given_is_what_clients_sign(tmp_path: Path) -> None:
    site, app = elsewhere(tmp_path, origin=ELSEWHERE)
    client = replace(site.token(site.register()), origin=ELSEWHERE)

    assert ask(app, client).status_code == 200
    assert ask(app, replace(client, origin="http://localhost")).status_code == 401


def test_the_issuer_s_scheme_counts_at_its_host(tmp_path: Path) -> None:
    site, app = elsewhere(tmp_path, issuer=f"{ELSEWHERE}/oauth")
    client = replace(site.token(site.register()), origin=ELSEWHERE)

    # As a proxy hands it on that ends TLS, and passes the host.
    assert ask(app, client, base_url="http://api.example").status_code == 200
    assert ask(app, client, base_url="http://other.example").status_code == 400


def test_a_proxy_that_passes_both_on_is_believed_where_flask_believes_it(tmp_path: Path) -> None:
    site, app = elsewhere(tmp_path)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)  # type: ignore[method-assign]
    client = replace(site.token(site.register()), origin=ELSEWHERE)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example"}

    answer = app.test_client().get("/me", headers={**client.header("GET", "/me"), **told})

    assert answer.status_code == 200


def test_an_application_that_is_mounted_is_asked_under_its_whole_path() -> None:
    site = make_site()
    client = site.token(site.register())
    site.app.wsgi_app = DispatcherMiddleware(Flask("root"), {"/api": site.app.wsgi_app})  # type: ignore[method-assign]

    answer = site.app.test_client().get("/api/me", headers=client.header("GET", "/api/me"))

    assert answer.json["sub"] == "alice"


@pytest.mark.parametrize(
    "path", ["/files/a%20b", "/files/caf%C3%A9", "/files/~a", "/files/a+b", "/files/a%2Bb;v=1"]
)
def test_a_path_is_signed_as_it_is_sent(path: str) -> None:
    site = make_site()
    site.app.add_url_rule("/files/<name>", "file", ResourceProtector(site.app)(lambda name: name))
    client = site.token(site.register())

    assert site.send("GET", path, client).status_code == 200


# --- who opened the stores ---


def test_without_an_application_it_takes_that_of_the_first_request() -> None:
    site = make_site()
    site.app.add_url_rule("/first", "first", ResourceProtector()(lambda: "first"))

    assert site.send("GET", "/first", site.token(site.register())).text == "first"


def test_without_a_server_it_opens_the_stores_of_the_configuration(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/oauth.db"
    site = make_site(store=store)
    app = make_app(OAUTHSTORE_STORE=store)
    protect(app, protector := ResourceProtector(clock=FakeClock(NOW)))

    answer = ask(app, site.token(site.register()))

    assert answer.json["sub"] == "alice"
    protector.close()


def test_a_server_that_is_initialised_anew_takes_its_protectors_along(tmp_path: Path) -> None:
    site = make_site()
    before = site.token(site.register())

    site.server.init_app(make_app(), store=f"sqlite:///{tmp_path}/oauth.db")

    assert site.me(before).status_code == 401
    assert site.me(site.token(site.register())).status_code == 200
    site.server.close()


def test_what_does_not_fit_is_told_where_the_protector_is_made() -> None:
    with pytest.raises(SettingsError, match="OAUTH1_SUPPORTED_SIGNATURE_METHODS"):
        ResourceProtector(make_app(OAUTH1_SUPPORTED_SIGNATURE_METHODS="all"), store="memory://")


def test_the_user_is_the_application_s_where_it_loads_users() -> None:
    site = make_site(load_user=lambda subject: {"name": subject} if subject == "alice" else None)
    view = ResourceProtector(site.app)(lambda: current_credential.user)
    site.app.add_url_rule("/user", "user", view)

    assert site.send("GET", "/user", site.token(site.register())).json == {"name": "alice"}


# --- beside an OAuth 2 server ---


def test_beside_oauth_2_both_stand_on_one_store(tmp_path: Path) -> None:
    oauth2 = make_oauth2_site(store=f"sqlite:///{tmp_path}/oauth.db", clock=FakeClock(NOW))
    site = Site(oauth2.app, AuthorizationServer(oauth2.app, clock=oauth2.server.clock))
    client = site.token(site.register())

    assert site.server.stores is oauth2.server.stores
    assert site.me(client).status_code == 200
    page = oauth2.server.stores.tokens.list_grants(None, "alice", None, 10)
    assert [grant.client_id for grant in page.items] == [client.client_id]
    assert oauth2.server.revoke_all(subject="alice") == 1
    assert site.me(client).status_code == 401


def test_beside_oauth_2_the_cache_is_another_store_and_the_rest_is_shared() -> None:
    config = {"OAUTH1_AUTH_CACHE_TYPE": "simple"}
    oauth2 = make_oauth2_site(config, clock=FakeClock(NOW))
    site = Site(oauth2.app, AuthorizationServer(oauth2.app, clock=oauth2.server.clock))

    assert site.me(site.token(site.register())).status_code == 200
    assert site.server.stores.routes["credentials"] == "oauth1_auth_cache"
    assert site.server.stores.backends["default"] is oauth2.server.stores.backends["default"]
