"""Authlib's chapter on its OAuth 1 server for Django runs in both its editions, block by block."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from authlib.oauth1.rfc5849.errors import OAuth1Error
from django.apps import AppConfig
from django.conf import settings
from django.core.cache import caches
from django.db import models
from django.http import HttpRequest, JsonResponse
from django.test.utils import override_settings
from django.urls import path

from oauthstore_core.integrations.django_oauth1 import ResourceProtector
from oauthstore_core.integrations.django_oauth2.reading import close_servers

from ..flask_oauth1.own_application import CALLBACK, SECRET
from ..flask_oauth1.signing import Signer
from ..flask_oauth1.worlds import told
from ..integrations.django_oauth2.browser import Browser, DjangoAnswer
from ..integrations.django_oauth2.people import find_person
from ..integrations.django_oauth2.project import create_table
from ..integrations.django_oauth2.site import sign_in
from ..integrations.opened import told as told_by_location
from .blocks import Block, Edit, edited, read_blocks, read_plain_blocks

FOLDER = Path(__file__).parent
DOCUMENTS: Final[Mapping[str, Sequence[Block]]] = {
    "000_9c43a22d9541bcf7.txt": read_blocks(FOLDER / "000_9c43a22d9541bcf7.txt"),
    "002_a2e594d1783979d6.txt": read_plain_blocks(FOLDER / "002_a2e594d1783979d6.txt"),
}
PREFIX = ("authlib.integrations", "oauthstore_core.integrations")
SERVER, USER, CLIENT, TOKEN, INITIATE, AUTHORIZE, ISSUE = range(7)
OWN_PEOPLE = "The tests' project has users of its own, as AUTH_USER_MODEL lets it."
NO_MODELS = "Without models is that nobody gives any."
ON_STORE = "On the store instead of Django's cache it is the other class."
_USER = ("from django.contrib.auth.models import User", "User = get_user_model()", OWN_PEOPLE)
_IMPORT = "from authlib.integrations.django_oauth1 import CacheAuthorizationServer"
_MAKE = "authorization_server = CacheAuthorizationServer(Client, Token)"
_WITHOUT = (_MAKE, "authorization_server = CacheAuthorizationServer()", NO_MODELS)
#: Mode and block to what is written otherwise: the line, what it becomes, and why.
EDITS: Final[Mapping[str, Mapping[int, Sequence[tuple[str, str, str]]]]] = {
    "own models": {},
    "without models": {SERVER: [_WITHOUT]},
    "store": {
        SERVER: [
            (_IMPORT, _IMPORT.replace("Cache", ""), ON_STORE),
            (_MAKE, "authorization_server = AuthorizationServer()", NO_MODELS),
        ]
    },
}
ALWAYS: Final = {USER: [_USER], CLIENT: [_USER], TOKEN: [_USER]}
SHOWN = {
    "authorize.html": "{{ req.credential.get_client_id }}",
    "error.html": "{{ error.error }}",
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", SHOWN)]},
    }
]


class _YourProject(AppConfig):
    name = label = "your_project"
    path = "/nowhere"


def _run(document: str, number: int, mode: str, names: dict[str, Any]) -> None:
    block = DOCUMENTS[document][number]
    edits = [*ALWAYS.get(number, ()), *EDITS[mode].get(number, ())]
    lines = [line.strip() for line in block.text.splitlines()]
    placed = [Edit(block.line + lines.index(edit[0]), *edit) for edit in edits]
    code = edited(block, placed, PREFIX)
    # Its lines keep their numbers, for tracebacks.
    exec(compile("\n" * (block.line - 1) + code, document, "exec"), names)  # noqa: S102 - the very purpose


@cache
def chapter_models() -> ModuleType:
    """Return the module of the chapter's models; a model is registered once in a process."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - only once it is set up

    module = ModuleType("your_project.models")
    vars(module).update(CASCADE=models.CASCADE, get_user_model=get_user_model)
    find_person("alice")
    for number in (USER, CLIENT, TOKEN):
        _run("000_9c43a22d9541bcf7.txt", number, "own models", vars(module))
    for name in ("Client", "Token"):
        create_table(getattr(module, name))
    return module


class Chapter:
    """The project that the chapter's blocks make, with what they leave undefined."""

    def __init__(self, document: str, mode: str) -> None:
        models = chapter_models()
        sys.modules["your_project"] = ModuleType("your_project")
        sys.modules["your_project.models"] = models
        self.names: dict[str, Any] = {"__name__": "your_project.views", "OAuth1Error": OAuth1Error}
        _run(document, SERVER, mode, self.names)
        self.server = self.names["server"] = self.names["authorization_server"]
        for number in (INITIATE, AUTHORIZE, ISSUE):
            _run(document, number, mode, self.names)
        self._register(models, mode)
        given = (models.Client, models.Token) if mode == "own models" else (self.server,)
        urls = ModuleType("urls")
        urls.urlpatterns = [  # type: ignore[attr-defined]
            path("initiate", self.names["initiate_temporary_credential"]),
            path("authorize", self.names["authorize"]),
            path("token", self.names["issue_token"]),
            path("login/<name>", sign_in),
            path("me", ResourceProtector(*given)(_tell)),
        ]
        self.browser = Browser(urls)
        self.browser.get("/login/alice")
        self.client = Signer(client_secret=SECRET)

    def _register(self, models: Any, mode: str) -> None:  # noqa: ANN401 - a module that is made
        if mode != "own models":
            metadata = {"redirect_uris": [CALLBACK]}
            self.server.register_client(metadata, client_id="c1", client_secret=SECRET)
            return
        models.Client.objects.all().delete()
        models.Token.objects.all().delete()
        models.Client.objects.create(
            user=find_person("alice"),
            client_id="c1",
            client_secret=SECRET,
            default_redirect_uri=CALLBACK,
        )

    # --- what a client and alice do ---

    def send(self, method: str, path: str, client: Signer, **parameters: str) -> DjangoAnswer:
        headers = client.header(method, path, **parameters)
        return self.browser.open(path, method=method, headers=headers)

    def temporary(self) -> Signer:
        return _using(self.client, self.send("POST", "/initiate", self.client, callback=CALLBACK))

    def decide(self, temporary: Signer, granted: str = "yes") -> DjangoAnswer:
        path = f"/authorize?oauth_token={temporary.token}"
        return self.browser.post(path, data={"granted": granted})

    def exchange(self, temporary: Signer, verifier: str) -> DjangoAnswer:
        return self.send("POST", "/token", temporary, verifier=verifier)

    def verifier(self, temporary: Signer) -> str:
        return told_by_location(self.decide(temporary).location or "")["oauth_verifier"]


def _using(client: Signer, answer: DjangoAnswer) -> Signer:
    assert answer.status_code == 200, answer.text
    found = told(answer)  # type: ignore[arg-type]  # with the same words
    return client.using(found["oauth_token"], found["oauth_token_secret"])


def _tell(request: HttpRequest) -> JsonResponse:
    credential: Any = request.oauth1_credential  # type: ignore[attr-defined]  # as Authlib's
    return JsonResponse({"user": credential.user.pk, "token": credential.get_oauth_token()})


@pytest.fixture(params=EDITS)
def mode(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=DOCUMENTS)
def chapter(request: pytest.FixtureRequest, mode: str) -> Iterator[Chapter]:
    apps = [*settings.INSTALLED_APPS, _YourProject("your_project", ModuleType("your_project"))]
    ours = {} if mode == "own models" else {"store": "memory://"}
    with override_settings(INSTALLED_APPS=apps, TEMPLATES=TEMPLATES, OAUTHSTORE=ours):
        yield Chapter(request.param, mode)
    close_servers()
    caches["default"].clear()
    for name in ("your_project", "your_project.models"):
        del sys.modules[name]


def test_the_whole_flow_leads_to_the_user_of_the_credential(chapter: Chapter) -> None:
    temporary = chapter.temporary()
    client = _using(temporary, chapter.exchange(temporary, chapter.verifier(temporary)))

    assert chapter.send("GET", "/me", client).json == {"user": "alice", "token": client.token}


def test_the_page_shows_the_request_or_an_error(chapter: Chapter) -> None:
    shown = chapter.browser.get(f"/authorize?oauth_token={chapter.temporary().token}")

    assert (shown.status_code, shown.text) == (200, "c1")
    assert chapter.browser.get("/authorize?oauth_token=unknown").text == "invalid_token"


def test_a_temporary_credential_is_good_once(chapter: Chapter) -> None:
    temporary = chapter.temporary()
    verifier = chapter.verifier(temporary)
    assert chapter.exchange(temporary, verifier).status_code == 200

    assert chapter.exchange(temporary, verifier).status_code == 401


def test_who_denies_is_told_to_the_client_and_it_is_final(chapter: Chapter) -> None:
    temporary = chapter.temporary()
    denied = chapter.decide(temporary, granted="")

    assert told_by_location(denied.location or "")["error"] == "access_denied"
    assert chapter.decide(temporary).text == "invalid_token"


def test_nobody_grants_nothing_though_the_chapter_hands_over_an_anonymous_user(
    chapter: Chapter,
) -> None:
    chapter.browser.client.logout()

    answer = chapter.decide(chapter.temporary())

    assert told_by_location(answer.location or "")["error"] == "access_denied"


@pytest.mark.parametrize("path", ["/initiate", "/token"])
def test_only_a_post_is_answered_where_clients_ask(chapter: Chapter, path: str) -> None:
    assert chapter.browser.get(path).status_code == 405


def test_with_models_the_token_credential_is_a_row_of_alice_s(mode: str, chapter: Chapter) -> None:
    temporary = chapter.temporary()
    client = _using(temporary, chapter.exchange(temporary, chapter.verifier(temporary)))
    rows = chapter_models().Token.objects.filter(oauth_token=client.token)

    expected = [("alice", "c1", client.token_secret)] if mode == "own models" else []
    assert [(row.user_id, row.client_id, row.oauth_token_secret) for row in rows] == expected


def test_both_editions_have_the_same_code_and_all_of_it_is_used() -> None:
    first, second = ([block.text.strip() for block in blocks] for blocks in DOCUMENTS.values())

    assert first == second
    assert len(first) == len(range(SERVER, ISSUE + 1))
