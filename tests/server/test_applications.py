"""Applications, for administrators: register, look, rotate the secret, delete."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import urlencode

import pytest

from oauthstore_core.errors import ConflictError
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.records import Account, Client
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.testing.clock import FakeClock

from .browser import PASSWORD, Answer, Browser, NewBrowser

LIST, NEW = "/applications", "/applications/new"
REDIRECT_URI = "https://shop.example.org/callback"
HOUR = 3600
FORM = {
    "client_name": "Shop",
    "client_uri": "https://shop.example.org/",
    "kind": "confidential",
    "redirect_uris": REDIRECT_URI,
    "scope": "profile",
    "renews": "yes",
}


@pytest.fixture
def administrator(new_browser: NewBrowser, accounts: Accounts) -> Browser:
    accounts.create("ada", PASSWORD, administrator=True)
    browser = new_browser()
    browser.sign_in("ada")
    return browser


def register(browser: Browser, **changes: str) -> Answer:
    return browser.submit(browser.get(NEW), NEW, **{**FORM, **changes})


def shown(answer: Answer, what: str) -> str:
    found = re.search(rf"<dt>{what}</dt>\s*<dd><code>([^<]+)</code>", answer.text)
    assert found, answer.text
    return found[1]


def at(page: str, client_id: str) -> str:
    return f"{LIST}/{page}?{urlencode({'client_id': client_id})}"


def rotate(browser: Browser, client_id: str, overlap: int = HOUR) -> Answer:
    page = browser.get(at("rotate", client_id))
    return browser.submit(page, f"{LIST}/rotate", overlap=str(overlap))


def works(browser: Browser, client_id: str, secret: str) -> bool:
    """Tell whether the secret authenticates the client, at the token endpoint."""
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {pair}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = browser.send("POST", "/token", b"grant_type=refresh_token&refresh_token=x", headers)
    return json.loads(answer.response.body)["error"] != "invalid_client"


# --- who may ---


@pytest.mark.parametrize(
    "path", [LIST, NEW, at("show", "album"), at("rotate", "album"), at("delete", "album")]
)
def test_only_administrators_see_the_pages(
    browser: Browser, new_browser: NewBrowser, administrator: Browser, path: str
) -> None:
    browser.sign_in()

    assert browser.get(path).status == 403
    assert "for administrators" in browser.get(path).text
    assert new_browser().get(path).location.startswith("/sign-in?next=%2Fapplications")
    # The album is public: there is nothing to rotate.
    assert administrator.get(path).status == (409 if "rotate" in path else 200)


@pytest.mark.parametrize("page", ["new", "rotate", "delete"])
def test_a_form_of_an_administrator_is_of_no_use_to_others(
    browser: Browser, administrator: Browser, server: AuthorizationServer, page: str
) -> None:
    client_id = shown(register(administrator), "Client id")
    browser.sign_in()
    path = NEW if page == "new" else at(page, client_id)
    action, hidden = administrator.get(path).form(path.partition("?")[0])
    before = list(server.stores.clients.list_clients(None, None, 9).items)

    answer = browser.post(action, {**FORM, **hidden, "overlap": "0"})

    assert answer.status == 403
    assert list(server.stores.clients.list_clients(None, None, 9).items) == before


def test_the_mark_is_looked_at_with_every_request(
    administrator: Browser, accounts: Accounts
) -> None:
    page = administrator.get(NEW)
    account = accounts.store.query_account("ada")

    accounts.store.save_account(
        Account(account.subject, "ada", account.created_at, account.version)
    )

    assert administrator.submit(page, NEW, **FORM).status == 403


def test_links_to_the_pages_stand_where_they_may_be_followed(
    browser: Browser, administrator: Browser
) -> None:
    browser.sign_in()

    assert f'href="{LIST}"' not in browser.get("/").text
    assert f'href="{LIST}"' in administrator.get("/").text
    assert 'href="/connections"' in browser.get("/").text


@pytest.mark.parametrize("page", ["new", "rotate", "delete"])
@pytest.mark.parametrize("forgery", ["none", "another request", "another session"])
def test_a_form_that_was_not_rendered_for_this_session_and_page_changes_nothing(
    administrator: Browser,
    new_browser: NewBrowser,
    server: AuthorizationServer,
    page: str,
    forgery: str,
) -> None:
    client_id, other = (shown(register(administrator), "Client id") for _ in range(2))
    path = NEW if page == "new" else at(page, client_id)
    action, hidden = administrator.get(path).form(path.partition("?")[0])
    another = new_browser()
    another.sign_in("ada")
    token = {
        "none": "",
        "another request": administrator.get(at("delete", other)).form("/delete")[1]["csrf"],
        "another session": another.get(path).form(path.partition("?")[0])[1]["csrf"],
    }[forgery]
    before = list(server.stores.clients.list_clients(None, None, 9).items)

    answer = administrator.post(action, {**FORM, **hidden, "overlap": "0", "csrf": token})

    assert answer.status == 403
    assert list(server.stores.clients.list_clients(None, None, 9).items) == before


# --- registering ---


def test_a_registered_application_is_what_the_form_said_and_its_secret_works(
    administrator: Browser, server: AuthorizationServer
) -> None:
    answer = register(administrator, redirect_uris=f"{REDIRECT_URI}\r\n{REDIRECT_URI}/2")
    client_id, secret = shown(answer, "Client id"), shown(answer, "Client secret")

    assert answer.status == 201
    assert json.loads(server.stores.clients.query_client(client_id).payload)["metadata"] == {
        "client_name": "Shop",
        "client_uri": "https://shop.example.org/",
        "redirect_uris": [REDIRECT_URI, f"{REDIRECT_URI}/2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "profile",
    }
    assert works(administrator, client_id, secret)


@pytest.mark.parametrize(
    ("changes", "grant_types", "method"),
    [
        ({"kind": "public"}, ["authorization_code", "refresh_token"], "none"),
        ({"kind": "public", "renews": ""}, ["authorization_code"], "none"),
        ({"posts_secret": "yes"}, ["authorization_code", "refresh_token"], "client_secret_post"),
        ({"kind": "service", "redirect_uris": ""}, ["client_credentials"], "client_secret_basic"),
    ],
)
def test_the_kind_decides_what_the_application_is_registered_with(
    administrator: Browser,
    server: AuthorizationServer,
    changes: dict[str, str],
    grant_types: list[str],
    method: str,
) -> None:
    answer = register(administrator, **changes)

    stored = server.stores.clients.query_client(shown(answer, "Client id"))
    metadata = json.loads(stored.payload)["metadata"]
    assert metadata["grant_types"] == grant_types
    assert metadata["token_endpoint_auth_method"] == method
    assert ("Client secret" in answer.text) == (method != "none")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_name": " "}, "needs a name"),
        ({"kind": "other"}, "Choose what kind"),
        ({"client_uri": "javascript:alert(1)"}, "home page begins with https"),
        ({"client_uri": "https://["}, "home page begins with https"),
        ({"redirect_uris": ""}, "needs a redirect URI"),
        ({"redirect_uris": "http://shop.example.org/cb"}, "redirect URI begins with"),
        ({"redirect_uris": f"{REDIRECT_URI} javascript:alert(1)"}, "redirect URI begins with"),
        ({"kind": "service"}, "has no redirect URIs"),
        ({"scope": "admin"}, "cannot be registered like this"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_is_kept(
    administrator: Browser, server: AuthorizationServer, changes: dict[str, str], words: str
) -> None:
    before = len(server.stores.clients.list_clients(None, None, 9).items)

    answer = register(administrator, **changes)

    assert answer.status == 422
    assert words in answer.text
    assert "shop.example.org" in answer.text
    assert len(server.stores.clients.list_clients(None, None, 9).items) == before


def test_what_was_typed_is_escaped(administrator: Browser) -> None:
    evil = '"><script>alert(1)</script>'
    wrong = register(administrator, client_name=evil, redirect_uris=f"</textarea>{evil}")
    client_id = shown(register(administrator, client_name=evil), "Client id")

    for page in (wrong, administrator.get(LIST), administrator.get(at("show", client_id))):
        assert b"<script" not in page.response.body
        assert page.response.body.count(b"</textarea>") <= 1


def test_a_form_that_is_sent_twice_registers_once(
    administrator: Browser, server: AuthorizationServer
) -> None:
    page = administrator.get(NEW)
    first = administrator.submit(page, NEW, **FORM)
    before = len(server.stores.clients.list_clients(None, None, 9).items)

    second = administrator.submit(page, NEW, **FORM)

    assert (first.status, second.status) == (201, 409)
    assert "registered already" in second.text
    assert len(server.stores.clients.list_clients(None, None, 9).items) == before


# --- secrets ---


def test_a_secret_is_shown_once_and_by_no_later_page(administrator: Browser) -> None:
    answer = register(administrator)
    client_id, secret = shown(answer, "Client id"), shown(answer, "Client secret")

    for path in (LIST, at("show", client_id), at("rotate", client_id)):
        assert secret not in administrator.get(path).text


def test_after_a_rotation_both_secrets_work_until_the_time_that_is_shown(
    administrator: Browser, clock: FakeClock
) -> None:
    first = register(administrator)
    client_id, old = shown(first, "Client id"), shown(first, "Client secret")

    answer = rotate(administrator, client_id)
    new = shown(answer, "Client secret")

    assert "works until <time>2027-01-15 09:00 UTC</time>" in answer.text
    assert "works until <time>2027-01-15 09:00 UTC</time>" in (
        administrator.get(at("show", client_id)).text
    )
    clock.advance(HOUR - 1)
    assert works(administrator, client_id, old)
    assert works(administrator, client_id, new)
    clock.advance(1)
    assert not works(administrator, client_id, old)
    assert works(administrator, client_id, new)
    assert "works until" not in administrator.get(at("show", client_id)).text


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(administrator: Browser) -> None:
    first = register(administrator)
    client_id, old = shown(first, "Client id"), shown(first, "Client secret")

    answer = rotate(administrator, client_id, 0)

    assert "works no longer" in answer.text
    assert not works(administrator, client_id, old)
    assert works(administrator, client_id, shown(answer, "Client secret"))


def test_a_third_secret_ends_the_first_and_the_page_says_so_before(
    administrator: Browser,
) -> None:
    first = register(administrator)
    client_id, oldest = shown(first, "Client id"), shown(first, "Client secret")
    middle = shown(rotate(administrator, client_id), "Client secret")

    warned = administrator.get(at("rotate", client_id)).text
    latest = shown(rotate(administrator, client_id), "Client secret")

    assert "The older one ends at once" in warned
    assert not works(administrator, client_id, oldest)
    assert works(administrator, client_id, middle)
    assert works(administrator, client_id, latest)


def test_a_rotation_that_is_sent_twice_rotates_once(administrator: Browser) -> None:
    client_id = shown(register(administrator), "Client id")
    page = administrator.get(at("rotate", client_id))
    first = administrator.submit(page, f"{LIST}/rotate", overlap="0")

    second = administrator.submit(page, f"{LIST}/rotate", overlap="0")

    assert second.status == 409
    assert works(administrator, client_id, shown(first, "Client secret"))


def test_of_two_rotations_at_once_the_loser_is_told(
    administrator: Browser, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id = shown(register(administrator), "Client id")

    def refuse(_: Client) -> Client:
        raise ConflictError("changed meanwhile")

    monkeypatch.setattr(server.stores.clients, "save_client", refuse)

    assert rotate(administrator, client_id).status == 409


@pytest.mark.parametrize("overlap", ["", "-1", "99999999999", "1", "x"])
def test_an_overlap_that_the_page_does_not_offer_rotates_nothing(
    administrator: Browser, overlap: str
) -> None:
    first = register(administrator)
    client_id, secret = shown(first, "Client id"), shown(first, "Client secret")
    page = administrator.get(at("rotate", client_id))

    answer = administrator.submit(page, f"{LIST}/rotate", overlap=overlap)

    assert answer.status == 409
    assert works(administrator, client_id, secret)


# --- looking, and deleting ---


def test_the_list_goes_on_where_it_is_long(
    administrator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oauthstore_core.server.pages.applications._PAGE", 2)
    names = {f"Shop {number}" for number in range(4)}
    for name in sorted(names):
        register(administrator, client_name=name)
    seen, path = [], LIST
    while path:
        page = administrator.get(path)
        seen += re.findall(r'client_id=[^"]+">(Shop \d)</a>', page.text)
        assert page.text.count("<h2>") <= 2
        following = re.search(rf'href="({LIST}\?after=[^"]+)"', page.text)
        path = following[1] if following else ""

    assert sorted(seen) == sorted(names)


def test_a_deletion_is_asked_for_and_takes_the_tokens_along(
    administrator: Browser, server: AuthorizationServer
) -> None:
    client_id = shown(register(administrator), "Client id")
    page = administrator.get(at("delete", client_id))

    assert server.stores.clients.query_client(client_id) is not None
    answer = administrator.submit(page, f"{LIST}/delete")
    assert server.stores.clients.query_client(client_id) is None
    assert "The application is deleted" in administrator.get(answer.location).text
    assert administrator.get(at("delete", client_id)).status == 404
    assert administrator.submit(page, f"{LIST}/delete").status == 404


@pytest.mark.parametrize("client_id", ["nobody", "", "x" * 9000, "../x", "é"])
@pytest.mark.parametrize("page", ["show", "rotate", "delete"])
def test_an_application_that_is_not_there_is_a_page_with_404(
    administrator: Browser, page: str, client_id: str
) -> None:
    answer = administrator.get(at(page, client_id))

    assert answer.status == 404
    assert "There is no such application" in answer.text


@pytest.mark.parametrize("query", ["after=%ff", "after=%00", "after=", "a=1&" * 200, "done=x"])
def test_a_hostile_query_is_no_failure(administrator: Browser, query: str) -> None:
    assert administrator.get(f"{LIST}?{query}").status in {200, 400}
