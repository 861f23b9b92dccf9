"""The app's endpoints of OAuth 1: what holds at Flask's blueprint, and what is Django's own."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.test.utils import override_settings
from django.urls import NoReverseMatch, include, path, reverse

from oauthstore_core.errors import SettingsError
from oauthstore_core.integrations import django_oauth2
from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth1 import AuthorizationServer
from oauthstore_core.testing.clock import FakeClock

from ..flask_oauth1.own_application import CALLBACK
from ..flask_oauth1.signing import Signer
from ..flask_oauth1.site import NOW
from ..flask_oauth1.test_blueprint import (
    test_a_client_without_callback_has_its_verifier_shown,
    test_a_form_of_somebody_else_s_page_counts_for_nothing,
    test_a_revoked_grant_s_credential_is_refused,
    test_a_second_person_is_not_asked_any_more,
    test_consent_gives_a_token_credential_of_client_and_person,
    test_nobody_authorizes_a_token_that_is_none,
    test_the_question_names_client_and_callback_and_loads_nothing_else,
    test_who_denies_is_told_to_the_client_and_that_is_final,
)
from ..integrations.django_oauth2.people import person_model
from ..integrations.flask_oauth2.site import ConsentForm
from .site import Site, make_site

__all__ = [
    "test_a_client_without_callback_has_its_verifier_shown",
    "test_a_form_of_somebody_else_s_page_counts_for_nothing",
    "test_a_revoked_grant_s_credential_is_refused",
    "test_a_second_person_is_not_asked_any_more",
    "test_consent_gives_a_token_credential_of_client_and_person",
    "test_nobody_authorizes_a_token_that_is_none",
    "test_the_question_names_client_and_callback_and_loads_nothing_else",
    "test_who_denies_is_told_to_the_client_and_that_is_final",
]


@pytest.fixture(params=["memory", "sqlite"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    store = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/oauth.db"
    return make_site(store=store)


def test_who_is_not_signed_in_is_sent_to_login_url_and_comes_back(site: Site) -> None:
    temporary = site.temporary(site.register())

    answer = site.page(temporary, name=None)

    back = urlencode({"next": site.address(temporary)})
    assert (answer.status_code, answer.location) == (303, f"/accounts/login/?{back}")


def test_who_has_no_callback_may_deny_too_and_is_told_so(site: Site) -> None:
    temporary = site.temporary(site.register(), callback="oob")

    page = site.decide(temporary, "deny")

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "Nothing was allowed" in page.text
    assert site.page(temporary).status_code == 400


def test_a_decision_needs_django_s_token_and_ours(site: Site) -> None:
    strict = Site(site.server, {"store": "memory://"}, enforce_csrf_checks=True)
    temporary = strict.temporary(strict.register())
    browser = strict.browser()
    address = strict.address(temporary)
    hidden = ConsentForm(browser.get(address).text).hidden
    halves = [{name: value} for name, value in hidden.items()]

    answers = [
        browser.post(address, data={**form, "decision": "allow"}) for form in [*halves, hidden]
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 303]
    assert (answers[2].location or "").startswith(CALLBACK)


def test_clients_need_no_csrf_token(site: Site) -> None:
    strict = Site(site.server, {"store": "memory://"}, enforce_csrf_checks=True)

    assert strict.initiate(strict.register()).status_code == 200


def test_the_page_says_that_access_has_neither_bounds_nor_an_end(site: Site) -> None:
    page = site.page(site.temporary(site.register(), callback="oob")).text

    assert "do everything here that an application can do for you" in page
    assert "until you take it back" in page
    assert "you are shown a code to type into the application" in page


@pytest.mark.parametrize("callback", [CALLBACK, "oob"])
def test_the_pages_come_in_the_language_of_the_request(callback: str) -> None:
    site = make_site(languages=["de"])
    address = site.address(site.temporary(site.register(), callback=callback))

    page = site.browser().get(address, headers={"Accept-Language": "de"}).text

    assert '<html lang="de">' in page
    assert "Erlauben" in page


def test_what_a_client_is_called_is_no_markup(site: Site) -> None:
    made = site.server.register_client({"client_name": "<script>alert(1)</script>%(x)s"})
    client = site.register()
    named = type(client)(made.client.client_id, made.client_secret or "", now=client.now)
    temporary = site.temporary(named, callback="oob")

    for page in (site.page(temporary).text, site.decide(temporary).text):
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;%(x)s" in page


def test_somebody_whose_account_is_not_active_gets_no_token_credential(site: Site) -> None:
    temporary = site.temporary(site.register(), callback="oob")
    page = site.decide(temporary, name="dave").text
    (verifier,) = re.findall(r"[B-Z]{4}-[B-Z]{4}-[B-Z]{4}", page)
    person_model().objects.filter(pk="dave").update(is_active=False)

    answer = site.exchange(temporary, verifier)

    person_model().objects.filter(pk="dave").update(is_active=True)
    assert answer.status_code == 401


def test_without_the_setting_there_is_nothing() -> None:
    site = make_site(oauth1={})

    answers = [
        site.browser().get(f"{site.prefix}/{path}") for path in ("initiate", "authorize", "token")
    ]

    assert {answer.status_code for answer in answers} == {404}


def test_the_endpoints_lie_below_the_issuer_and_are_found_by_name() -> None:
    issuer = "https://auth.example/api/v1"
    site = make_site(issuer=issuer)

    with override_settings(ROOT_URLCONF=site.urls):
        found = [
            reverse(f"oauthstore:oauth1_{name}") for name in ("initiate", "authorize", "token")
        ]

    assert found == [f"/api/v1/oauth1/{name}" for name in ("initiate", "authorize", "token")]
    assert site.app.test_client().post(found[0]).status_code == 400


def test_the_project_s_command_registers_a_client_that_is_served(tmp_path: Path) -> None:
    ours = {"store": f"sqlite:///{tmp_path}/oauth.db", "oauth1": {"enabled": True}}
    printed = io.StringIO()
    with override_settings(OAUTHSTORE=ours), redirect_stdout(printed):
        call_command("oauthstore", "client", "create", "--oauth1", "--json")
    made = json.loads(printed.getvalue())
    server = AuthorizationServer(options=ours, clock=FakeClock(NOW))

    answer = Site(server, ours).initiate(
        Signer(made["client_id"], made["client_secret"], now=server.clock.now), callback="oob"
    )

    assert answer.status_code == 200


def test_a_server_that_is_not_given_is_not_served() -> None:
    server = django_oauth2.AuthorizationServer(options={"store": "memory://"})
    urls = make_site().urls
    urls.urlpatterns = [path("", include((create_routes(server), "oauthstore")))]  # type: ignore[attr-defined]

    with override_settings(ROOT_URLCONF=urls), pytest.raises(NoReverseMatch):
        reverse("oauthstore:oauth1_token")


def test_a_page_for_clients_of_a_model_is_refused_where_it_is_asked_for() -> None:
    server = AuthorizationServer(person_model())
    beside = django_oauth2.AuthorizationServer()

    with pytest.raises(SettingsError, match="check_authorization_request"):
        create_routes(beside, server)


@pytest.mark.parametrize("host", ["evil host", "[", "a\nb"])
def test_a_host_that_is_none_is_a_client_s_error(host: str) -> None:
    site = make_site()

    for name in ("initiate", "authorize", "token"):
        answer = site.browser().client.post(
            f"{site.prefix}/{name}", HTTP_HOST=host, **{"tests.urls": site.urls}
        )

        assert answer.status_code == 400
