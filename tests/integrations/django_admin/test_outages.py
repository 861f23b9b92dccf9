"""A store that fails is a page with 503 wherever it fails, in the language of the administrator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test.utils import override_settings

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreTimeoutError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from ..django_oauth2.browser import DjangoAnswer
from ..django_oauth2.site import make_site
from ..flask_oauth2.test_outages import ROLES
from .desk import Desk, look_after

#: What is done, and how often it asks the store.
ACTS: dict[str, tuple[int, Callable[[Desk], DjangoAnswer]]] = {
    "list": (1, lambda desk: desk.get("client/")),
    "search": (1, lambda desk: desk.get("client/?q=album")),
    "look": (1, lambda desk: desk.get("client/album/change/")),
    "history": (1, lambda desk: desk.get("client/album/history/")),
    "add": (1, lambda desk: desk.add(client_id="other")),
    "change": (2, lambda desk: desk.change("album", version=1)),
    "rotate": (2, lambda desk: desk.rotate("album", version=1)),
    "ask to delete": (2, lambda desk: desk.get("client/album/delete/")),
    "delete": (3, lambda desk: desk.post("client/album/delete/")),
    "grants": (1, lambda desk: desk.get("grant/")),
    "ask to revoke": (1, lambda desk: desk.get("grant/revoke/?subject=alice")),
    "revoke": (1, lambda desk: desk.post("grant/revoke/?subject=alice")),
    "revoke one": (2, lambda desk: desk.post(f"grant/{'0' * 64}/delete/")),
}
CALLS = [(act, k) for act, (calls, _) in ACTS.items() for k in range(1, calls + 1)]


@pytest.fixture
def backend() -> Iterator[WatchedBackend]:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ROLES, watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        yield watched


@pytest.fixture
def watched_desk(monkeypatch: pytest.MonkeyPatch, backend: WatchedBackend) -> Desk:
    desk = look_after(monkeypatch, make_site(store="watched://"))
    desk.add()
    # What the acts ask for themselves is no part of them.
    stored = desk.stored("album")
    monkeypatch.setattr(Desk, "stored", lambda *_: stored)
    return desk


@pytest.mark.parametrize("error", [StoreUnavailableError, StoreTimeoutError])
@pytest.mark.parametrize(("act", "k"), CALLS)
def test_a_store_that_fails_is_503_in_the_look_of_the_site(
    watched_desk: Desk, backend: WatchedBackend, act: str, k: int, error: type[Exception]
) -> None:
    with FailingAt(backend, k, error) as failing:
        answer = ACTS[act][1](watched_desk)

    assert failing.verb is not None
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The store does not answer" in answer.text
    assert 'id="nav-sidebar"' in answer.text
    assert ACTS[act][1](watched_desk).status_code != 503


@pytest.mark.parametrize("act", ACTS)
def test_no_act_asks_the_store_more_often_than_the_table_says(
    watched_desk: Desk, backend: WatchedBackend, act: str
) -> None:
    calls, do = ACTS[act]

    with FailingAt(backend, calls + 1, StoreUnavailableError) as failing:
        answer = do(watched_desk)

    assert failing.verb is None
    assert answer.status_code in {200, 302}


def test_a_deletion_that_was_cut_off_is_repeated_to_the_end(
    watched_desk: Desk, backend: WatchedBackend
) -> None:
    site = watched_desk.site
    client = site.register()
    token = site.issue(client)["access_token"]
    page = watched_desk.client(client.client.client_id, "delete")

    with FailingAt(backend, 3, StoreUnavailableError) as failing:
        assert watched_desk.post(page).status_code == 503
    assert failing.verb == "revoke_all"
    watched_desk.post(page)

    assert site.ask("/profile", token).status_code == 401


def test_settings_that_do_not_fit_are_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from oauthstore_core.integrations.django.admin import ClientAdmin  # noqa: PLC0415

    desk = look_after(monkeypatch, make_site())
    monkeypatch.setattr(ClientAdmin, "server", None)

    with override_settings(OAUTHSTORE={"store": "sqlite:////no/such/folder/oauth.db", "grce": 1}):
        answer = desk.get("client/")

    assert answer.status_code == 503
    assert "manage.py check" in answer.text


# --- languages ---


def test_the_pages_are_in_the_activated_language(desk: Desk) -> None:
    desk.add()
    german = {"headers": {"Accept-Language": "de"}}
    pages = {
        "client/": "Client registrieren",
        "client/add/": "Wie er sich ausweist",
        "client/album/change/": "Gültige Secrets",
        "client/album/delete/": "endgültig",
        "grant/": "Freigaben",
        "grant/revoke/?subject=alice": "endgültig",
    }

    for page, expected in pages.items():
        text = desk.get(page, **german).text
        assert '<html lang="de"' in text
        assert expected in text
        # What the site itself has on every page is not hidden by what ours have.
        assert "<strong>root</strong>" in text
    assert "Clients" in desk.browser.get("/admin/", **german).text


def test_an_outage_is_told_in_the_activated_language(
    watched_desk: Desk, backend: WatchedBackend
) -> None:
    with FailingAt(backend, 1, StoreUnavailableError):
        answer = watched_desk.get("client/", headers={"Accept-Language": "de"})

    assert "Der Speicher antwortet nicht" in answer.text
