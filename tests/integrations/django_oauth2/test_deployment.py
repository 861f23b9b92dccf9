"""`check --deploy`: each security rule, kept or loosened, by our settings and by Django's."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import grants
from django.conf import settings
from django.core import checks
from django.test.utils import override_settings

from oauthstore_core.integrations.django.checks import check_rules
from oauthstore_core.integrations.django.deployment import judge_deployment
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer
from oauthstore_core.integrations.django_oauth2.configuration import load_settings

from .people import person_model

PAGE = Path(__file__).parents[3] / "docs/django.md"
OURS: Mapping[str, Any] = {
    "store": "sqlite:///oauth.db",
    "issuer": "https://example.com/oauth",
    "plugins": ["audit"],
}
#: What Django's own settings are in a deployment.
SAFE: Mapping[str, Any] = {
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SECURE_SSL_REDIRECT": True,
}
pytestmark = pytest.mark.usefixtures("only_this_project")


def _found(ours: Mapping[str, Any] = OURS, **django: Any) -> Mapping[str, checks.CheckMessage]:
    with override_settings(OAUTHSTORE={**OURS, **ours}, **{**SAFE, **django}):
        return {str(message.id): message for message in check_rules()}


def _warned(ours: Mapping[str, Any] = OURS, **django: Any) -> Mapping[str, checks.CheckMessage]:
    found = _found(ours, **django).items()
    return {name: told for name, told in found if told.level >= checks.WARNING}


def test_each_rule_has_a_message_of_its_own_which_the_page_names() -> None:
    with override_settings(OAUTHSTORE=dict(OURS)):
        told = check_rules()
        rules = judge_deployment(load_settings())

    ids = [str(message.id) for message in told]
    named = re.findall(r"`(oauthstore\.rule_\w+)`", PAGE.read_text("utf-8"))
    assert len(set(ids)) == len(ids) == len(rules) == 24
    assert sorted(named) == sorted(ids)


def test_where_everything_is_kept_nothing_is_warned_of() -> None:
    assert _warned() == {}


@pytest.mark.parametrize(
    ("ours", "rule", "hint"),
    [
        ({"issuer": None}, "https", "Set it to the https address"),
        ({"store": "memory://"}, "one_winner", "Name a `store`"),
        ({"lifetimes": {"access_token": 86_400}}, "lifetimes", "Shorten it."),
        ({"reuse_grace": 60}, "refresh_rotation", "shorten `reuse_grace`"),
        ({"plugins": []}, "trail", "Add it."),
        ({"oauth1": {"signature_methods": ["PLAINTEXT"]}}, "oauth_1_signatures", "leave it out"),
        ({"oauth1": {"timestamp_window": 900}}, "oauth_1_signatures", "shorten the window"),
    ],
)
def test_our_settings_may_loosen_a_rule(ours: Mapping[str, Any], rule: str, hint: str) -> None:
    (told,) = _warned(ours).values()

    assert told.id == f"oauthstore.rule_{rule}"
    assert hint in str(told.hint)


@pytest.mark.parametrize(
    ("django", "rule", "hint"),
    [
        ({"SESSION_COOKIE_SECURE": False}, "sessions", "Set it to True."),
        ({"CSRF_COOKIE_SECURE": False}, "sessions", "Set it to True."),
        ({"SESSION_COOKIE_HTTPONLY": False}, "sessions", "Set it to True."),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "sessions", "SESSION_COOKIE_SAMESITE"),
        ({"SESSION_COOKIE_SAMESITE": None}, "sessions", "SESSION_COOKIE_SAMESITE"),
        (
            {"AUTHLIB_OAUTH2_PROVIDER": {"token_expires_in": {"client_credentials": 7200}}},
            "lifetimes",
            "Shorten it.",
        ),
        (
            {"AUTHLIB_OAUTH1_PROVIDER": {"temporary_credential_expires_in": 86_400}},
            "lifetimes",
            "Shorten it.",
        ),
        (
            {"AUTHLIB_OAUTH1_PROVIDER": {"signature_methods": ["PLAINTEXT"]}},
            "oauth_1_signatures",
            "leave it out",
        ),
    ],
)
def test_django_s_settings_may_loosen_a_rule(
    django: Mapping[str, Any], rule: str, hint: str
) -> None:
    (told,) = _warned(**django).values()

    assert told.id == f"oauthstore.rule_{rule}"
    assert hint in str(told.hint)


def test_on_loopback_cookies_need_not_be_secure() -> None:
    ours = {"issuer": "http://127.0.0.1:8000/oauth"}

    assert _warned(ours, SESSION_COOKIE_SECURE=False, CSRF_COOKIE_SECURE=False) == {}


def test_a_session_that_outlives_its_password_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    person = person_model()
    monkeypatch.delattr(person.__mro__[1], "get_session_auth_hash")

    assert list(_warned()) == ["oauthstore.rule_sessions"]


def test_a_grant_that_the_project_registers_is_told() -> None:
    server = AuthorizationServer(options=dict(OURS))
    server.register_grant(grants.ImplicitGrant)
    server.register_grant(grants.ResourceOwnerPasswordCredentialsGrant)

    told = _found()["oauthstore.rule_implicit_and_password"]

    assert told.level == checks.WARNING
    assert "implicit, password" in told.msg


def test_settings_that_do_not_load_are_told_elsewhere() -> None:
    assert _found({"nonsense": 1}) == {}
    assert _found(AUTHLIB_OAUTH2_PROVIDER={"token_expires_in": 5}) == {}


def test_other_origins_may_not_come_with_credentials() -> None:
    urls = ModuleType("urls")
    urls.urlpatterns = []  # type: ignore[attr-defined]  # none at all
    cors = ModuleType("corsheaders")
    cors.__path__ = ["/nowhere"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "corsheaders", cors)
        given = {"INSTALLED_APPS": [*settings.INSTALLED_APPS, "corsheaders"], "ROOT_URLCONF": urls}

        loose = _warned(**given, CORS_ALLOW_CREDENTIALS=True)
        elsewhere = _warned(**given, CORS_ALLOW_CREDENTIALS=True, CORS_URLS_REGEX=r"^/api/")
        plain = _warned(**given)

    assert list(loose) == ["oauthstore.rule_cors"]
    assert elsewhere == plain == {}


def test_what_is_silenced_is_silent() -> None:
    silenced = ["oauthstore.rule_trail"]
    ours = {**OURS, "plugins": []}
    with override_settings(OAUTHSTORE=ours, SILENCED_SYSTEM_CHECKS=silenced, **SAFE):
        (told,) = (message for message in check_rules() if message.id in silenced)

        assert told.is_silenced()
