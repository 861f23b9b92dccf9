"""The app: URLs, the consent page at home in Django, checks, and ``manage.py oauthstore``."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from authlib.oauth2.rfc6749.grants import ResourceOwnerPasswordCredentialsGrant
from django.conf import settings
from django.core import checks
from django.core.management import CommandError, call_command
from django.core.signals import got_request_exception
from django.db import DEFAULT_DB_ALIAS
from django.test.utils import override_settings
from django.urls import clear_script_prefix, include, path, resolve, set_script_prefix
from django.views.debug import SafeExceptionReporterFilter

from oauthstore_core.integrations.django.checks import check_settings, check_urls
from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth1 import checks as oauth1_checks
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer, default_server
from oauthstore_core.translation import message_ids

from ..flask_oauth2.site import ConsentForm
from ..opened import ask, told
from .people import person_model
from .site import Site, make_site

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "oauthstore_core/integrations/django/templates/oauthstore"
OURS = {"store": "memory://", "scopes": {"profile": "See your name"}}


def _urls(**patterns: Any) -> ModuleType:
    urls = ModuleType("urls")
    urls.urlpatterns = [path(where, include(what)) for where, what in patterns.items()]  # type: ignore[attr-defined]
    return urls


# --- the consent page ---


def test_a_form_of_another_site_is_refused_by_django_and_one_without_our_token_by_us() -> None:
    site = Site(make_site().server, enforce_csrf_checks=True)
    url = ask(site.register().client.client_id)
    hidden = ConsentForm(site.browser.get(url).text).hidden

    forms = [
        {"decision": "allow", "csrf": hidden["csrf"]},
        {"decision": "allow", "csrfmiddlewaretoken": hidden["csrfmiddlewaretoken"]},
        {**hidden, "decision": "allow"},
    ]

    answers = [site.browser.post(url, data=form) for form in forms]
    assert [answer.status_code for answer in answers] == [403, 403, 302]
    assert "code" in told(answers[2].location or "")


def test_clients_need_no_csrf_token(site: Site) -> None:
    strict = Site(site.server, enforce_csrf_checks=True)
    client = site.register()

    token = strict.token(client, "client_credentials", scope="mail").json["access_token"]

    assert strict.revoke(client, token).status_code == 200
    answer = strict.app.test_client().post("/any")
    assert answer.status_code == 401  # not 403: a protected view has none to ask for, either


def test_somebody_whose_account_is_gone_or_not_active_gets_no_tokens() -> None:
    site = make_site()
    client = site.register()
    browser = site.app.test_client()
    browser.get("/login/carol")
    codes = []
    for _ in range(2):
        page = ConsentForm(browser.get(ask(client.client.client_id, prompt="consent")).text)
        answer = browser.post(page.action, data={**page.hidden, "decision": "allow"})
        codes.append(told(answer.location or "")["code"])

    person_model().objects.filter(pk="carol").update(is_active=False)
    inactive = site.redeem(client, codes[0])
    person_model().objects.filter(pk="carol").delete()
    gone = site.redeem(client, codes[1])

    assert inactive.json["error"] == gone.json["error"] == "invalid_grant"


def test_the_page_comes_in_the_language_of_the_request() -> None:
    site = make_site(languages=["de"])
    url = ask(site.register().client.client_id)

    page = site.browser.get(url, headers={"Accept-Language": "de"}).text

    assert '<html lang="de">' in page
    assert "Erlauben" in page


def test_what_a_client_is_called_is_no_markup() -> None:
    site = make_site()
    client = site.register(client_name="<script>alert(1)</script>%(x)s")

    page = site.browser.get(ask(client.client.client_id)).text

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;%(x)s" in page


def test_every_text_of_the_templates_is_in_the_catalogues() -> None:
    import re  # noqa: PLC0415 - here alone

    texts = [
        text
        for file in sorted(TEMPLATES.glob("*.html"))
        for _, text in re.findall(r"""\{% say ("|')(.+?)\1[ %]""", file.read_text("utf-8"))
    ]

    assert len(texts) > 15
    assert [text for text in texts if text not in message_ids()] == []


@pytest.mark.parametrize("broken", ["{% nonsense %}", '{% extends "nowhere.html" %}'])
def test_a_mistake_in_a_template_of_the_project_s_is_told_by_our_plain_page(
    broken: str, tmp_path: Path
) -> None:
    (tmp_path / "oauthstore").mkdir()
    (tmp_path / "oauthstore/consent.html").write_text(broken)
    templates = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    site = make_site()
    url = ask(site.register().client.client_id)

    with override_settings(TEMPLATES=templates):
        answer = site.browser.get(url)

    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "Reason id" in answer.text


# --- the URLs ---


def test_the_endpoints_lie_under_the_issuer_s_path_and_the_metadata_at_the_root() -> None:
    server = AuthorizationServer(options={**OURS, "issuer": "https://example.com/auth"})
    site = Site(server)

    metadata = site.browser.get("/.well-known/oauth-authorization-server/auth").json

    assert metadata["issuer"] == "https://example.com/auth"
    assert metadata["token_endpoint"] == "https://example.com/auth/token"
    assert site.browser.post("/auth/token").json["error"] == "invalid_request"
    assert site.browser.get("/.well-known/oauth-authorization-server/oauth").status_code == 404


def test_a_project_that_is_mounted_below_a_path_says_so() -> None:
    site = make_site(issuer="https://example.com/oauth")

    # Django's test client does not tell of it, as its WSGI and ASGI handlers do.
    set_script_prefix("/site/")
    try:
        answer = site.browser.get("/.well-known/oauth-authorization-server/oauth")
    finally:
        clear_script_prefix()

    assert answer.json["token_endpoint"] == "https://example.com/site/oauth/token"


def test_no_endpoint_joins_a_transaction_of_the_request() -> None:
    site = make_site()

    for name in ("authorize", "token", "revoke", "introspect"):
        view: Any = resolve(f"/oauth/{name}", site.urls).func  # type: ignore[arg-type]
        assert view._non_atomic_requests >= {DEFAULT_DB_ALIAS}


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_an_endpoint_of_clients_takes_post_only(path: str) -> None:
    assert make_site().browser.get(path).status_code == 405


def test_a_report_of_an_error_has_no_secret_that_a_client_posted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = make_site()
    reported: list[Any] = []

    def fail(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    def report(request: Any, **_: object) -> None:  # noqa: ANN401 - Django's
        reported.append(SafeExceptionReporterFilter().get_post_parameters(request))

    monkeypatch.setattr(site.server, "create_oauth2_request", fail)
    got_request_exception.connect(report)
    form = {"client_id": "c1", "client_secret": "hidden"}

    answer = site.browser.post("/oauth/token", data=form)

    assert answer.status_code == 500
    assert [set(each.values()) for each in reported] == [{"********************"}]


# --- the checks ---


def _ids(found: Any) -> list[str]:  # noqa: ANN401 - messages
    return [message.id for message in found]


def test_a_project_with_a_store_and_the_urls_at_the_root_is_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls = _urls(**{"": "oauthstore_core.integrations.django.urls"})
    # The servers of other tests, which may be alive, are not this project's.
    monkeypatch.setattr(f"{oauth1_checks.__name__}.living_readers", list)

    with override_settings(OAUTHSTORE=OURS, ROOT_URLCONF=urls):
        assert _ids([*check_settings(), *check_urls()]) == []
        assert checks.run_checks(tags=["oauthstore"]) == []


def test_each_mistake_in_the_settings_is_an_error_of_its_own() -> None:
    with override_settings(OAUTHSTORE={"store": "memory://", "grce": 1, "reuse_grace": -1}):
        found = check_settings()

    assert _ids(found) == ["oauthstore.E001"] * 2


def test_urls_that_are_not_at_the_root_are_told() -> None:
    routes = (create_routes(AuthorizationServer()), "oauthstore")

    with override_settings(ROOT_URLCONF=_urls(**{"auth/": routes})):
        assert _ids(check_urls()) == ["oauthstore.W002"]


def test_where_the_project_is_mounted_is_no_mistake_of_its_urls() -> None:
    routes = (create_routes(AuthorizationServer()), "oauthstore")

    with override_settings(ROOT_URLCONF=_urls(**{"": routes})):
        set_script_prefix("/site/")
        try:
            assert _ids(check_urls()) == []
        finally:
            clear_script_prefix()


def test_a_consent_page_where_nobody_can_be_signed_in_is_told() -> None:
    routes = (create_routes(AuthorizationServer()), "oauthstore")

    with override_settings(ROOT_URLCONF=_urls(**{"": routes}), MIDDLEWARE=[]):
        assert _ids(check_urls()) == ["oauthstore.E002"]


# --- the command line ---


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Site]:
    ours = {**OURS, "store": f"sqlite:///{tmp_path}/oauth.db"}
    with override_settings(OAUTHSTORE=ours):
        yield Site(AuthorizationServer())


def _printed(*arguments: str) -> Any:  # noqa: ANN401 - JSON
    told = io.StringIO()
    with redirect_stdout(told):
        call_command("oauthstore", *arguments, "--json")
    return json.loads(told.getvalue())


def test_a_client_that_the_command_makes_is_one_of_the_server_s(stored: Site) -> None:
    made = _printed("client", "create", "--grant-type", "client_credentials", "--scope", "profile")

    form = {"grant_type": "client_credentials", "client_id": made["client_id"]}
    assert stored.server.query_client(made["client_id"]) is not None
    assert stored.browser.post("/oauth/token", data=form).json["error"] == "invalid_client"


@pytest.fixture
def _password_grant(stored: Site) -> Iterator[None]:
    """Register a grant of the project's own, as `AppConfig.ready` does."""
    server = default_server()
    server.register_grant(ResourceOwnerPasswordCredentialsGrant)
    yield
    server._token_grants.remove((ResourceOwnerPasswordCredentialsGrant, None))


@pytest.mark.usefixtures("_password_grant")
def test_the_command_registers_and_changes_clients_of_a_grant_of_the_project_s_own() -> None:
    made = _printed("client", "create", "--grant-type", "password", "--scope", "profile")
    changed = _printed("client", "update", made["client_id"], "--client-name", "Album")

    assert made["grant_types"] == changed["grant_types"] == ["password"]
    assert default_server().query_client(made["client_id"]).check_grant_type("password")


@pytest.mark.parametrize("unknown", [("--grant-type", "password"), ("--scope", "root")])
def test_the_command_registers_no_client_of_what_is_not_served(
    stored: Site, unknown: Sequence[str]
) -> None:
    with pytest.raises(CommandError):
        call_command("oauthstore", "client", "create", *unknown)

    assert list(stored.server.stores.clients.list_clients(None, None, 9).items) == []


def test_a_grant_that_the_command_revokes_is_revoked(stored: Site) -> None:
    token = stored.issue(stored.register(scope="profile"))["access_token"]
    (grant,) = _printed("grant", "list")

    _printed("grant", "revoke", grant["grant_id"], "--yes")

    assert stored.ask("/profile", token).status_code == 401


@pytest.mark.parametrize("command", ["serve", "init", "user"])
def test_what_django_does_itself_is_no_command(command: str, stored: Site) -> None:
    with pytest.raises(CommandError) as raised:
        call_command("oauthstore", command)

    assert raised.value.returncode == 2


def test_a_command_that_fails_tells_its_code(stored: Site) -> None:
    with pytest.raises(CommandError) as raised:
        call_command("oauthstore", "client", "show", "nobody")

    assert raised.value.returncode == 3


def test_each_setting_is_told_with_the_place_that_gave_it(
    stored: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "more.toml"
    file.write_text("[oauthstore]\nreuse_grace = 5\n")
    monkeypatch.setenv("OAUTHSTORE_CLOCK_SKEW", "2")

    shown = _printed("config", "show", "--config", str(file), "--issuer", "https://example.com")

    sources = {name: setting["source"] for name, setting in shown.items()}
    assert sources["stores.default"] == "`OAUTHSTORE` in Django's settings"
    assert sources["secret_keys"] == "`SECRET_KEY` in Django's settings"
    assert sources["clock_skew"] == "environment variable OAUTHSTORE_CLOCK_SKEW"
    assert sources["reuse_grace"] == f"file {file}"
    assert sources["issuer"] == "argument"
    assert sources["languages"] == "default"
    assert "s" * 20 not in json.dumps(shown)


def test_the_rules_are_those_of_the_deployment(stored: Site) -> None:
    told = io.StringIO()
    with redirect_stdout(told), pytest.raises(CommandError) as raised:
        call_command("oauthstore", "config", "check", "--json")

    verdicts = {verdict["rule"]: verdict for verdict in json.loads(told.getvalue())}
    assert raised.value.returncode == 1  # it has no issuer, and no audit
    assert "LOGIN_URL" in verdicts["sign-in"]["how"]
    assert verdicts["stores"]["met"]
    assert "workers" not in verdicts["stores"]["how"]
