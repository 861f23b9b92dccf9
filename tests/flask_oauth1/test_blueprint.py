"""The blueprint with its consent page, on a store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations.flask_oauth1 import AuthorizationServer

from .own_application import CALLBACK
from .site import Site, make_app, make_site


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    store = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/oauth.db"
    site = make_site(store=store)
    yield site
    site.server.close()


def test_consent_gives_a_token_credential_of_client_and_person(site: Site) -> None:
    client = site.token(site.register())

    assert site.me(client).json == {"sub": "alice", "client": client.client_id}


def test_the_question_names_client_and_callback_and_loads_nothing_else(site: Site) -> None:
    page = site.page(site.temporary(site.register()))

    assert "Album" in page.text
    assert "app.example.org" in page.text
    assert "alice" in page.text
    assert re.findall(r"(?:src|href)=\"([^#\"][^\"]*)\"", page.text) == []
    assert "script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_who_is_not_signed_in_is_sent_there_and_comes_back(site: Site) -> None:
    temporary = site.temporary(site.register())

    answer = site.page(temporary, name=None)

    next_ = urlencode({"next": site.address(temporary)})
    assert (answer.status_code, answer.location) == (303, f"/login?{next_}")


def test_who_denies_is_told_to_the_client_and_that_is_final(site: Site) -> None:
    temporary = site.temporary(site.register())

    answer = site.decide(temporary, "deny")

    assert answer.location.startswith(f"{CALLBACK}?")
    assert "error=access_denied" in answer.location
    assert site.page(temporary).status_code == 400
    assert site.exchange(temporary, "any").status_code == 401


def test_a_second_person_is_not_asked_any_more(site: Site) -> None:
    temporary = site.temporary(site.register())
    site.decide(temporary, name="alice")

    page = site.page(temporary, name="mallory")

    assert (page.status_code, page.mimetype) == (400, "text/html")


def test_a_form_of_somebody_else_s_page_counts_for_nothing(site: Site) -> None:
    temporary = site.temporary(site.register())

    answer = site.browser().post(
        site.address(temporary), data={"decision": "allow", "csrf": "forged"}
    )

    assert answer.status_code in {400, 403}
    assert answer.location is None
    assert site.page(temporary).status_code == 200


def test_a_client_without_callback_has_its_verifier_shown(site: Site) -> None:
    temporary = site.temporary(site.register(), callback="oob")

    page = site.decide(temporary)

    assert (page.status_code, page.mimetype) == (200, "text/html")
    (verifier,) = re.findall(r"[B-Z]{4}-[B-Z]{4}-[B-Z]{4}", page.text)
    assert site.exchange(temporary, verifier).status_code == 200


def test_nobody_authorizes_a_token_that_is_none(site: Site) -> None:
    browser = site.browser()

    for address in ("?oauth_token=unknown", "?oauth_token=", "", "?oauth_token=a&oauth_token=b"):
        page = browser.get(f"{site.prefix}/authorize{address}")
        assert (page.status_code, page.mimetype) == (400, "text/html")


def test_a_revoked_grant_s_credential_is_refused(site: Site) -> None:
    client = site.token(site.register())

    site.server.revoke_all(subject="alice")

    assert site.me(client).json["error"] == "invalid_token"


def test_the_secret_that_is_shown_at_registration_is_not_in_the_store(tmp_path: Path) -> None:
    site = make_site(store=f"sqlite:///{tmp_path}/oauth.db")
    client = site.token(site.register())
    site.server.close()

    stored = b"".join(path.read_bytes() for path in tmp_path.glob("oauth.db*"))

    assert client.client_id.encode() in stored
    for value in (client.client_secret, client.token or "", client.token_secret):
        assert value.encode() not in stored


def test_the_endpoints_lie_where_the_application_wants_them() -> None:
    app = make_app()
    server = AuthorizationServer(app, store="memory://")
    site = Site(app, server, url_prefix="/api/v1/oauth", name="first_oauth")
    client = site.register()

    answer = site.send("POST", "/api/v1/oauth/initiate", client, callback="oob")

    assert answer.status_code == 200
    assert app.test_client().post("/oauth1/initiate").status_code == 404


def test_a_page_for_clients_of_the_application_s_own_is_refused_at_the_start() -> None:
    server = AuthorizationServer(make_app(), query_client=lambda _: None, store="memory://")

    with pytest.raises(SettingsError, match="query_client"):
        server.blueprint(lambda: None)
