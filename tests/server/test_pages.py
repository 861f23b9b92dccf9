"""What holds for every page, and for the application as a whole."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from oauthstore_core import memory
from oauthstore_core.errors import RoleNotServedError, SettingsError
from oauthstore_core.integrations.asgi import Application, Routes
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth2.server import AuthorizationServer
from oauthstore_core.pages.headers import form_target
from oauthstore_core.pages.wording import describe_duration, describe_place
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.application import (
    application_of,
    create_application,
    create_demo_application,
    open_server,
)
from oauthstore_core.server.paths import Paths
from oauthstore_core.settings import Settings
from oauthstore_core.translation import Texts

from .browser import PASSWORD, Answer, Ask, Browser, NewBrowser

Call = Callable[..., httpx.Response]
OF_ONE = ("show", "rotate", "delete")


@pytest.fixture
def every_page(
    browser: Browser, new_browser: NewBrowser, accounts: Accounts, ask: Ask
) -> list[Answer]:
    pages = [browser.get("/"), browser.get("/sign-in"), browser.get("/authorize")]
    pages.append(browser.sign_in(password="wrong"))
    browser.sign_in()
    pages += [browser.get("/"), browser.get("/sign-out"), browser.get(ask())]
    pages.append(browser.post(ask(), {}))
    accounts.create("ada", PASSWORD, administrator=True)
    administrator = new_browser()
    administrator.sign_in("ada")
    form = {"client_name": "Shop", "kind": "service"}
    new = administrator.get("/applications/new")
    pages += [new, administrator.submit(new, "/new"), administrator.submit(new, "/new", **form)]
    address = re.findall(r"/applications/show(\?client_id=\S+)\"", pages[-1].text)[0]
    pages += [administrator.get(f"/applications/{name}{address}") for name in OF_ONE]
    rotation = administrator.get(f"/applications/rotate{address}")
    pages.append(administrator.submit(rotation, "/rotate", overlap="3600"))
    return [*pages, *(administrator.get(path) for path in ("/applications", "/connections"))]


def test_every_page_forbids_scripts_frames_caches_and_referrers(every_page: list[Answer]) -> None:
    for page in every_page:
        policy = page.header("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-act")
        assert "frame-ancestors 'none'; base-uri 'none'" in policy
        assert page.header("X-Frame-Options") == "DENY"
        assert page.header("Referrer-Policy") == "no-referrer"
        assert page.header("X-Content-Type-Options") == "nosniff"
        assert page.header("Cache-Control") == "no-store"


def test_every_page_works_without_script_and_loads_nothing_foreign(
    every_page: list[Answer],
) -> None:
    for page in every_page:
        source = page.response.body.decode()
        assert "<script" not in source
        assert " style=" not in source
        assert not re.search(r"\son\w+=", source)
        assert not re.search(r'(src|href)="(https?:)?//', source)


def test_every_page_has_language_title_landmark_heading_and_labels(
    every_page: list[Answer],
) -> None:
    for page in every_page:
        source = page.response.body.decode()
        assert '<html lang="en">' in source
        assert re.search(r"<title>[^<]+</title>", source)
        assert source.count("<main") == 1
        assert len(re.findall(r"<h1[ >]", source)) == 1
        # A choice stands inside of its label.
        rest = re.sub(r'<label class="choice"><input[^>]*>', "", source)
        for field in re.findall(r"<(?:input|textarea) (?![^>]*hidden)[^>]*>", rest):
            (name,) = re.findall(r' id="(\w+)"', field)
            assert f'<label for="{name}">' in source


def test_files_of_ours_have_names_that_change_with_them_and_are_kept(
    browser: Browser, routes: Routes
) -> None:
    source = browser.get("/").response.body.decode()
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', source)

    assert any(re.fullmatch(r"/static/style\.[0-9a-f]{12}\.css", path) for path in found)
    for path in found:
        assert "immutable" in browser.get(path).header("Cache-Control")


def test_a_store_is_asked_for_nothing_by_the_first_page_of_a_stranger(browser: Browser) -> None:
    page = browser.get("/")

    assert "not signed in" in page.text
    assert "https://auth.example.com" in page.text


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        ("https://app.example.org/cb?x=1", "https://app.example.org"),
        ("http://127.0.0.1:8123/cb", "http://127.0.0.1:8123"),
        ("http://[::1]:8123/cb", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("com.example.app://x;y/cb", "com.example.app:"),
        ("https://x;sandbox/cb", "https:"),
        ("https://x,y/cb", "https:"),
        ("https://*/cb", "https:"),
    ],
)
def test_a_form_may_lead_to_the_origin_or_the_scheme(redirect_uri: str, source: str) -> None:
    assert form_target(redirect_uri) == source


@pytest.mark.parametrize(
    ("redirect_uri", "words"),
    [
        ("https://app.example.org:8443/cb", "app.example.org"),
        ("http://127.0.0.1:8123/cb", "this device (127.0.0.1:8123)"),
        ("com.example.app:/cb", "an app on this device (com.example.app)"),
    ],
)
def test_a_place_is_called_what_people_call_it(redirect_uri: str, words: str) -> None:
    assert describe_place(Texts("en"), redirect_uri) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (5400, "90 minutes"),
        (3600, "1 hour"),
        (7776000, "90 days"),
    ],
)
def test_a_duration_is_said_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    assert describe_duration(Texts("en"), seconds) == words


def test_under_an_issuer_with_a_path_everything_lies_below_it_but_the_metadata() -> None:
    paths = Paths("https://example.com/oauth")

    assert paths.home == "/oauth/"
    assert paths.authorize == "/oauth/authorize"
    assert paths.sign_in == "/oauth/sign-in"
    assert paths.static("x.css") == "/oauth/static/x.css"
    assert paths.metadata == "/.well-known/oauth-authorization-server/oauth"
    assert paths.absolute(paths.demo) == "https://example.com/oauth/demo"
    assert paths.safe_return("/oauth/authorize?x") == "/oauth/authorize?x"
    assert paths.safe_return("/authorize?x") == "/oauth/"


@pytest.mark.parametrize("missing", ["issuer", "secret_keys"])
def test_a_server_without_issuer_or_keys_does_not_start(missing: str) -> None:
    given = {"issuer": "https://a.example", "store": "memory://", "secret_keys": ["k" * 40]}
    del given[missing]

    with pytest.raises(SettingsError, match=missing):
        create_application(Settings.from_mapping(given))


def test_a_server_whose_store_has_no_accounts_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutAccounts(MemoryBackend):
        accounts = property(lambda _: None, lambda _, __: None)  # type: ignore[assignment]

    monkeypatch.setattr(memory, "plugin", replace(memory.plugin, open=WithoutAccounts))

    with pytest.raises(RoleNotServedError, match="accounts"):
        open_server(settings)


class TestAsgi:
    """Over ASGI, as uvicorn calls it."""

    @pytest.fixture
    def call(self, server: AuthorizationServer) -> Call:
        application = application_of(server)

        def call(method: str, path: str, **options: Any) -> httpx.Response:
            async def send() -> httpx.Response:
                transport = httpx.ASGITransport(application)
                base = "https://auth.example.com"
                async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                    return await client.request(method, path, **options)

            return asyncio.run(send())

        return call

    def test_what_does_not_exist_is_a_page_with_404(self, call: Call) -> None:
        answer = call("GET", "/nowhere")

        assert answer.status_code == 404
        assert "There is no such page" in answer.text

    def test_the_demo_is_not_served_unless_asked_for(self, call: Call) -> None:
        assert call("GET", "/demo").status_code == 404
        assert call("GET", "/demo/resource").status_code == 404

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("DELETE", "/sign-in", "GET, HEAD, POST"),
            ("GET", "/token", "OPTIONS, POST"),
            ("PUT", "/authorize", "GET, HEAD, POST"),
        ],
    )
    def test_a_method_that_a_path_does_not_take_is_405(
        self, call: Call, method: str, path: str, allowed: str
    ) -> None:
        answer = call(method, path)

        assert answer.status_code == 405
        assert answer.headers["Allow"] == allowed

    def test_head_is_get_without_the_body(self, call: Call) -> None:
        answer = call("HEAD", "/sign-in")

        assert answer.status_code == 200
        assert answer.content == b""

    def test_the_metadata_names_endpoints_that_exist(self, call: Call) -> None:
        told = call("GET", "/.well-known/oauth-authorization-server").json()

        for name, url in told.items():
            if name.endswith("_endpoint"):
                assert call("DELETE", url).status_code == 405

    def test_a_malformed_token_request_is_json_with_4xx(self, call: Call) -> None:
        answer = call("POST", "/token", content=b"\xff", headers={"Content-Type": "text/plain"})

        assert answer.status_code == 400
        assert json.loads(answer.text)["error"] == "invalid_request"


def test_the_factories_that_workers_import_read_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OAUTHSTORE_ISSUER", "http://127.0.0.1:8000")
    monkeypatch.setenv("OAUTHSTORE_STORE", "memory://")
    monkeypatch.setenv("OAUTHSTORE_SECRET_KEYS", json.dumps(["k" * 40]))

    assert isinstance(create_application(), Application)
    assert isinstance(create_demo_application(), Application)
