"""Authlib's chapter on its OAuth 2 server for Django runs, block by block, in both modes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import ClientMixin, list_to_scope, scope_to_list
from authlib.oauth2.rfc6749 import TokenMixin as AuthlibTokenMixin
from django.apps import AppConfig
from django.conf import settings
from django.db import models
from django.http import HttpRequest, JsonResponse
from django.test.utils import override_settings
from django.urls import path

from oauthstore_core.integrations.django_oauth2 import BearerTokenValidator, ResourceProtector
from oauthstore_core.integrations.django_oauth2.reading import close_servers

from ..integrations.django_oauth2.browser import Browser, DjangoAnswer
from ..integrations.django_oauth2.people import find_person
from ..integrations.django_oauth2.project import create_table
from ..integrations.django_oauth2.site import sign_in
from ..integrations.flask_oauth2.own_grants import OwnCodeGrant
from ..integrations.flask_oauth2.site import basic, bearer
from ..integrations.opened import CALLBACK, VERIFIER, ask, told
from .blocks import Edit, edited, read_blocks

DOCUMENT = Path(__file__).with_name("001_2b38e54d3944f078.txt")
BLOCKS = read_blocks(DOCUMENT)
PREFIX = ("authlib.integrations", "oauthstore_core.integrations")
MODELS, SERVER, VIEWS = (0, 1), 2, 3
STORE = "Store mode is that nobody gives models, but a store."
EDITS: Mapping[str, tuple[Edit, ...]] = {
    "own models": (),
    "store": (
        Edit(
            143,
            "server = AuthorizationServer(OAuth2Client, OAuth2Token)",
            "server = AuthorizationServer()",
            STORE,
        ),
    ),
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {"authorize.html": "{{ client.client_id }} {{ user.pk }} {{ scope }}"},
                )
            ]
        },
    }
]


class _YourProject(AppConfig):
    name = label = "your_project"
    path = "/nowhere"


class TokenMixin(AuthlibTokenMixin):  # type: ignore[misc]  # of Authlib, untyped
    """With the methods that the chapter leaves to its reader."""

    client_id: str
    revoked: bool

    def check_client(self, client: Any) -> bool:  # noqa: ANN401 - of Authlib
        return bool(self.client_id == client.client_id)

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return self.revoked


def _run(number: int, mode: str, names: dict[str, Any]) -> None:
    block = BLOCKS[number]
    code = edited(block, EDITS[mode], PREFIX)
    # Its lines keep their numbers, for tracebacks.
    exec(compile("\n" * (block.line - 1) + code, DOCUMENT.name, "exec"), names)  # noqa: S102 - the very purpose


@cache
def chapter_models() -> Mapping[str, Any]:
    """Return what the blocks define; a model is registered once in a process."""
    names: dict[str, Any] = {
        "__name__": "your_project.models",
        "CASCADE": models.CASCADE,
        "ClientMixin": ClientMixin,
        "TokenMixin": TokenMixin,
        "User": type(find_person("alice")),
        "list_to_scope": list_to_scope,
        "scope_to_list": scope_to_list,
    }
    kinds = ("Model", "BooleanField", "CharField", "ForeignKey", "IntegerField", "TextField")
    names |= {name: getattr(models, name) for name in kinds}
    for number in MODELS:
        _run(number, "own models", names)
    for name in ("OAuth2Client", "OAuth2Token"):
        create_table(names[name])
    return names


class Chapter:
    """The project that the chapter's blocks make, with what they leave undefined."""

    def __init__(self, mode: str) -> None:
        self.names = {
            **chapter_models(),
            "is_user_confirmed": lambda request: request.POST.get("confirm") == "yes",
        }
        for number in (SERVER, VIEWS):
            _run(number, mode, self.names)
        self.server = self.names["server"]
        self._register() if mode == "own models" else self._register_in_store()
        urls = ModuleType("urls")
        urls.urlpatterns = [  # type: ignore[attr-defined]
            path("oauth/authorize", self.names["authorize"]),
            path("oauth/token", self.names["issue_token"]),
            path("login/<name>", sign_in),
            path("me", self._protector(mode)("profile")(_tell)),
        ]
        self.browser = Browser(urls)
        self.browser.get("/login/alice")

    def _register(self) -> None:
        model = self.names["OAuth2Client"]
        model.objects.all().delete()
        self.names["OAuth2Token"].objects.all().delete()
        model.objects.create(
            user=find_person("alice"),
            client_id="c1",
            client_secret="secret",
            default_redirect_uri=CALLBACK,
            scope="profile mail",
            response_type="code",
            grant_type="authorization_code",
            token_endpoint_auth_method="client_secret_basic",
        )

        class CodeGrant(OwnCodeGrant):
            codes: dict[str, Any] = {}  # noqa: RUF012 - of this chapter

        self.server.register_grant(CodeGrant)

    def _register_in_store(self) -> None:
        metadata = {"redirect_uris": [CALLBACK], "scope": "profile mail"}
        self.server.register_client(metadata, client_id="c1", client_secret="secret")

    def _protector(self, mode: str) -> ResourceProtector:
        protector = ResourceProtector()
        token_model = self.names["OAuth2Token"]
        validator = BearerTokenValidator(token_model if mode == "own models" else None)
        protector.register_token_validator(validator)
        return protector

    def decide(self, **form: str) -> dict[str, str]:
        return told(self.browser.post(ask("c1"), data=form).location or "")

    def redeem(self, code: str) -> DjangoAnswer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        form["code_verifier"] = VERIFIER
        return self.browser.post("/oauth/token", data=form, headers=basic("c1", "secret"))


def _tell(request: HttpRequest) -> JsonResponse:
    token: Any = request.oauth_token  # type: ignore[attr-defined]  # as Authlib's
    return JsonResponse({"scope": token.get_scope(), "user": token.user.pk})


@pytest.fixture(params=EDITS)
def mode(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def chapter(mode: str) -> Iterator[Chapter]:
    apps = [*settings.INSTALLED_APPS, _YourProject("your_project", ModuleType("your_project"))]
    ours = {"store": "memory://"}
    with override_settings(INSTALLED_APPS=apps, TEMPLATES=TEMPLATES, OAUTHSTORE=ours):
        yield Chapter(mode)
    close_servers()


def test_the_consent_page_shows_client_user_and_scope(chapter: Chapter) -> None:
    page = chapter.browser.get(ask("c1", scope="profile mail"))

    assert (page.status_code, page.text) == (200, "c1 alice profile mail")


def test_who_consents_gives_a_token_that_reaches_a_protected_view(chapter: Chapter) -> None:
    answer = chapter.redeem(chapter.decide(confirm="yes")["code"])

    assert answer.status_code == 200, answer.text
    seen = chapter.browser.get("/me", headers=bearer(answer.json["access_token"]))
    assert seen.json == {"scope": "profile", "user": "alice"}


def test_a_code_is_good_once_though_the_chapter_s_grant_never_deletes_it(chapter: Chapter) -> None:
    code = chapter.decide(confirm="yes")["code"]
    assert chapter.redeem(code).status_code == 200

    assert chapter.redeem(code).json["error"] == "invalid_grant"


def test_who_denies_is_told_to_the_client(chapter: Chapter) -> None:
    assert chapter.decide(confirm="")["error"] == "access_denied"


def test_nobody_consents_to_nothing_though_the_chapter_hands_over_an_anonymous_user(
    chapter: Chapter,
) -> None:
    chapter.browser.client.logout()

    assert chapter.decide(confirm="yes")["error"] == "access_denied"


def test_only_a_post_is_answered_at_the_token_endpoint(chapter: Chapter) -> None:
    assert chapter.browser.get("/oauth/token").status_code == 405


def test_every_block_of_the_chapter_is_used() -> None:
    assert {*MODELS, SERVER, VIEWS} == set(range(len(BLOCKS)))


def test_the_mode_is_what_the_chapter_s_server_is_in(mode: str, chapter: Chapter) -> None:
    assert chapter.server.own_mode is (mode != "store")
