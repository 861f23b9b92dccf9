"""A folder of the owner's with templates, files and texts in the place of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oauthstore_core.errors import SettingsError
from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.application import accounts_of, open_server, routes_of
from oauthstore_core.server.site import build_site
from oauthstore_core.settings import Settings
from oauthstore_core.translation import message_ids

from .browser import ISSUER, Browser
from .conftest import cheap_hasher

#: Opens a browser at a server whose pages are changed by what the folder has.
Visit = Callable[..., Browser]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    for name in ("templates", "static"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def visit(folder: Path) -> Iterator[Visit]:
    opened = []

    def start(*languages: str) -> Browser:
        settings = Settings.from_mapping(
            {
                "issuer": ISSUER,
                "store": "memory://",
                "secret_keys": ["k" * 40],
                "languages": languages,
                "server": {"pages": str(folder)},
            }
        )
        server = open_server(settings)
        opened.append(server.stores)
        accounts = Accounts(accounts_of(server).store, server.clock, cheap_hasher())
        return Browser(routes_of(build_site(server, accounts)))

    yield start
    for stores in opened:
        stores.close()


def problems(visit: Visit, *languages: str) -> str:
    with pytest.raises(SettingsError) as caught:
        visit(*languages)
    return "\n".join(caught.value.problems)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_an_empty_folder_changes_nothing(visit: Visit) -> None:
    assert "Authorization server" in visit().get("/").text


def test_a_template_replaces_ours_and_the_others_stay(folder: Path, visit: Visit) -> None:
    write(folder, "templates/home.html", "<h1>{{ _('Sign in') }} at {{ issuer }}</h1>")

    browser = visit()

    assert browser.get("/").text == f"<h1>Sign in at {ISSUER}</h1>"
    assert "Password" in browser.get("/sign-in").text


def test_a_template_changes_a_part_of_ours(folder: Path, visit: Visit) -> None:
    write(
        folder,
        "templates/base.html",
        '{% extends "oauthstore/base.html" %}'
        "{% block footer %}<footer>ACME Ltd</footer>{% endblock %}",
    )
    write(
        folder,
        "templates/sign_in.html",
        '{% extends "oauthstore/sign_in.html" %}'
        "{% block main %}<p>Welcome</p>{{ super() }}{% endblock %}",
    )

    page = visit().get("/sign-in").text

    assert page.index("Welcome") < page.index("Password") < page.index("ACME Ltd")
    assert page.count("<html") == 1


def test_the_policy_of_a_page_is_ours_whatever_its_template_has(folder: Path, visit: Visit) -> None:
    write(folder, "templates/home.html", "<script>alert(1)</script>")

    policy = visit().get("/").header("Content-Security-Policy")

    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")


def test_files_replace_ours_and_further_ones_are_served(folder: Path, visit: Visit) -> None:
    write(folder, "static/style.css", "body { color: red }")
    (folder / "static/logo.png").write_bytes(b"PNG")
    write(folder, "templates/home.html", "{{ static['style.css'] }} {{ static['logo.png'] }}")

    browser = visit()
    style, logo = browser.get("/").text.split()

    assert browser.get(style).text == "body { color: red }"
    assert browser.get(logo).header("Content-Type") == "image/png"
    assert browser.get(logo).header("X-Content-Type-Options") == "nosniff"


def test_texts_are_the_owner_s_in_every_language_that_is_spoken(folder: Path, visit: Visit) -> None:
    write(
        folder,
        "texts.toml",
        '[en]\n"Sign in" = "Log in"\n'
        '[de]\n"Sign in" = "Einloggen"\n'
        '[fr]\n"Sign in" = "Se connecter"\n',
    )

    browser = visit("de", "fr")

    for language, words in (("en", "Log in"), ("de", "Einloggen"), ("fr", "Se connecter")):
        page = browser.get("/sign-in", **{"Accept-Language": language})
        assert f"<h1>{words}</h1>" in page.text
    assert "Passwort" in browser.get("/sign-in", **{"Accept-Language": "de"}).text


def test_everything_that_is_wrong_with_the_folder_is_told_at_the_start(
    folder: Path, visit: Visit
) -> None:
    write(folder, "template.html", "")
    write(folder, "templates/consnet.html", "")
    write(folder, "templates/home.html", "{% extends 'frame.html' %}")
    write(folder, "templates/error.html", "\n{% if %}")
    write(folder, "static/script.js", "")
    write(folder, "static/my logo.png", "")
    write(
        folder,
        "texts.toml",
        '"Sign in" = "Log in"\n'
        '[es]\n"Sign in" = "Entrar"\n'
        '[en]\n"Name" = ""\n"Allow %(name)s?" = "Allow %(client)s?"\n',
    )

    told = problems(visit, "fr")

    for words in (
        "'template.html', which nothing reads",
        "consnet.html, which no page uses. Did you mean consent.html?",
        "home.html that needs frame.html",
        "error.html, line 2",
        "static/script.js, which is not served",
        "static/my logo.png, which is not served",
        "'Sign in' in texts.toml outside of a table",
        "'es' in texts.toml, which this server does not speak",
        "no text for 'Name' (en)",
        "'Allow %(name)s?' (en) in texts.toml with other placeholders",
        "no texts of 'fr'",
    ):
        assert words in told
    assert told.count(f"`server.pages` ({folder})") == len(told.splitlines())


@pytest.mark.parametrize("content", [b"[en\n", b'[en]\n"a" = "\xff"'])
def test_texts_that_cannot_be_read_are_told_at_the_start(
    folder: Path, visit: Visit, content: bytes
) -> None:
    (folder / "texts.toml").write_bytes(content)

    assert "texts.toml that cannot be read" in problems(visit)


def test_a_text_that_no_page_says_is_logged(
    folder: Path, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, "texts.toml", '[en]\n"Sing in" = "Log in"\n"%(count)s days" = "%(count)s d"\n')

    with caplog.at_level(logging.WARNING, "oauthstore"):
        visit()

    assert caplog.text.count("which no page of ours says") >= 1
    assert "'Sing in'" in caplog.text
    assert "days" not in caplog.text


def test_a_template_of_the_owner_s_own_is_known_where_another_uses_it(
    folder: Path, visit: Visit
) -> None:
    write(folder, "templates/home.html", "{% include 'imprint.html' %}")
    write(folder, "templates/imprint.html", "ACME Ltd")

    assert visit().get("/").text == "ACME Ltd"


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("{{ nobody.name }}", "line 2: UndefinedError: 'nobody' is undefined"),
        ("{{ 1 / 0 }}", "line 2: ZeroDivisionError"),
        ("{{ issuer + 1 }}", "line 2: TypeError"),
        ("{% include issuer %}", f"line 2: TemplateNotFound: {ISSUER}"),
    ],
)
def test_a_mistake_that_shows_when_a_page_is_made_is_told_by_a_plain_page_and_the_log(
    folder: Path, visit: Visit, caplog: pytest.LogCaptureFixture, mistake: str, told: str
) -> None:
    write(folder, "templates/home.html", f"<h1>Welcome</h1>\n{mistake}")
    browser = visit()

    answer = browser.get("/")

    assert answer.status == 500
    assert "This page cannot be shown" in answer.text
    assert "Welcome" not in answer.text
    (record,) = caplog.records
    reason_id = record.getMessage().split()[1].rstrip(":")
    assert reason_id in answer.text
    assert record.levelname == "ERROR"
    assert f"{folder}/templates/home.html, {told}" in record.getMessage()
    assert browser.get("/sign-in").status == 200


def test_a_template_that_is_broken_while_the_server_runs_is_told_with_its_line(
    folder: Path, visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, "templates/home.html", "Welcome")
    browser = visit()
    write(folder, "templates/home.html", "Welcome\n\n{% if %}, all of you")

    assert browser.get("/").status == 500
    assert f"{folder}/templates/home.html, line 3: TemplateSyntaxError" in caplog.text


@pytest.mark.parametrize("name", ["base.html", "error.html"])
def test_an_error_is_told_even_where_the_template_of_errors_has_a_mistake(
    folder: Path, visit: Visit, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    write(folder, f"templates/{name}", "{{ nobody.name }}")

    answer = visit().get("/sign-in?a=%ff")

    assert answer.status == 400
    assert "This address or form cannot be read" in answer.text
    refused, mistaken = (record.getMessage() for record in caplog.records)
    assert refused.split()[1] == mistaken.split()[1]
    assert f"templates/{name}, line 1" in mistaken


def test_the_messages_that_can_be_replaced_are_those_of_the_pages() -> None:
    assert {"Sign in", "Not you?", "There is no such page", "%(count)s day"} <= message_ids()
    assert "Sing in" not in message_ids()


def test_a_folder_that_is_not_there_stops_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"server\.pages.*no folder"):
        Settings.from_mapping({"server": {"pages": str(tmp_path / "nowhere")}})
