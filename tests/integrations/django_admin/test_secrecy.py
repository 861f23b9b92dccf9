"""A secret is on one page, which answers a POST, and nowhere else; and what attacks come to."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.db import DEFAULT_DB_ALIAS
from django.urls import resolve
from django.utils.html import escape
from django.views.debug import SafeExceptionReporterFilter

from ..django_oauth2.site import make_site
from .desk import ADDED, Desk, first_secret, look_after


def _kept(desk: Desk) -> str:
    """Return all that Django keeps of the requests so far: history, session, cookies."""
    from django.contrib.admin.models import LogEntry  # noqa: PLC0415 - once it is installed

    browser = desk.browser.client
    return repr(
        [
            list(LogEntry.objects.values()),
            dict(browser.session),
            {name: morsel.value for name, morsel in browser.cookies.items()},
        ]
    )


@pytest.mark.parametrize("how", ["add", "imported", "oauth1", "rotate", "confidential"])
def test_a_secret_is_on_the_page_that_answers_and_nowhere_else(
    any_desk: Desk, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = any_desk
    caplog.set_level(logging.DEBUG)
    if how in {"rotate", "confidential"}:
        desk.add(
            token_endpoint_auth_method="none" if how == "confidential" else "client_secret_post"
        )
    answer = {
        "add": desk.add,
        "imported": lambda: desk.add(client_secret="correct horse battery staple"),
        "oauth1": lambda: desk.post("client/add/oauth1/", client_id="album"),
        "rotate": lambda: desk.rotate("album"),
        "confidential": lambda: desk.change("album"),
    }[how]()
    secret = first_secret(answer.text)

    later = [desk.get(page).text for page in ("client/", "client/album/change/", "client/add/")]
    later += [desk.browser.get("/admin/").text, desk.get("client/album/history/").text]
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.text.count(secret) == 1
    assert not any(secret in page for page in later)
    assert secret not in _kept(desk)
    assert secret not in str(answer.headers)
    assert secret not in caplog.text
    assert secret not in desk.stored("album").payload


def test_what_was_typed_as_a_secret_does_not_come_back_with_the_form(desk: Desk) -> None:
    page = desk.add(client_secret="correct horse", redirect_uris="http://wrong.example")

    assert "must be https" in page.text
    assert "correct horse" not in page.text


def test_a_get_shows_no_secret_and_changes_nothing(desk: Desk) -> None:
    desk.add()
    before = desk.stored("album")

    desk.get(f"client/album/rotate/?overlap=0&version={before.version}")
    desk.get("client/album/delete/")
    desk.get("grant/revoke/?subject=alice")

    assert desk.stored("album") == before


def test_a_report_of_an_error_has_neither_the_form_s_secret_nor_the_new_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    def report(request: Any, **_: object) -> None:  # noqa: ANN401 - Django's
        guard = SafeExceptionReporterFilter()
        trace, frames = sys.exc_info()[2], []
        while trace is not None:
            frames.append(guard.get_traceback_frame_variables(request, trace.tb_frame))
            trace = trace.tb_next
        # Django's own frames have the request, whose repr is its path.
        reported.append((guard.get_post_parameters(request)["client_secret"], str(frames)))

    from oauthstore_core.integrations.django.admin import ClientAdmin  # noqa: PLC0415

    monkeypatch.setattr(ClientAdmin, "show_secret", fail)
    got_request_exception.connect(report)

    answer = desk.add(client_secret="correct horse battery staple")

    assert answer.status_code == 500
    ((posted, frames),) = reported
    assert set(posted) == {"*"}
    assert "correct horse" not in frames


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{ 7|add:7 }}", "%(x)s %", '"><b>'])
def test_what_a_client_is_called_is_no_markup_and_no_template(desk: Desk, name: str) -> None:
    client = desk.site.register(client_name=name, scope="profile", contacts=[name])
    desk.site.issue(client, scope="profile")
    client_id = client.client.client_id
    desk.change(client_id, client_name=name)

    pages = [desk.browser.get("/admin/").text, desk.get("client/").text, desk.get("grant/").text]
    pages += [
        desk.get(desk.client(client_id, page)).text
        for page in ("change", "rotate", "history", "delete")
    ]
    desk.post(desk.client(client_id, "delete"))
    pages.append(desk.get("client/").text)

    assert escape(name) in pages[1]
    assert name in {"{{ 7|add:7 }}", "%(x)s %"} or not any(name in page for page in pages)
    assert not any("<b>" in page for page in pages)


@pytest.mark.parametrize("name", ["client_uri", "logo_uri", "tos_uri", "policy_uri"])
def test_an_address_that_a_client_brings_is_no_link(desk: Desk, name: str) -> None:
    client_id = desk.site.register(**{name: "javascript:alert(1)"}).client.client_id

    pages = [desk.get("client/").text, desk.get(desk.client(client_id)).text]
    pages.append(Desk(desk.site, "view_client").get(desk.client(client_id)).text)

    assert not any('="javascript:' in page.replace('value="javascript:', "") for page in pages)


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_no_page_leads_where_a_link_says(desk: Desk, evil: str) -> None:
    desk.add()
    query = "&".join(f"{name}={evil}" for name in ("next", "back", "after", "_changelist_filters"))

    answers = [
        desk.post(f"client/album/change/?{query}", **ADDED, version="1", next=evil),
        desk.post(f"grant/revoke/?subject=alice&{query}", next=evil, back=evil),
        desk.post(f"grant/{'0' * 64}/delete/?{query}", next=evil),
        desk.post(f"client/album/delete/?{query}", next=evil),
    ]

    for answer in answers:
        assert (answer.location or "").startswith("/admin/oauthstore/")
    assert "evil.example" not in desk.get(f"grant/?{query}").text


def test_every_form_needs_django_s_csrf_token(desk: Desk) -> None:
    desk.add()
    strict = Desk(desk.site, enforce_csrf_checks=True)
    pages = [
        *("client/add/", "client/add/oauth1/", "client/album/change/", "client/album/rotate/"),
        *("client/album/delete/", "grant/revoke/?subject=alice", f"grant/{'0' * 64}/delete/"),
    ]

    assert {strict.post(page, **ADDED).status_code for page in pages} == {403}
    assert all("csrfmiddlewaretoken" in strict.get(page).text for page in pages[:6])
    assert desk.stored("album").version == 1


def test_no_page_joins_a_transaction_of_the_request(desk: Desk) -> None:
    for page in ("client/", "client/add/", "client/a/change/", "client/a/rotate/"):
        view: Any = resolve(f"/admin/oauthstore/{page}", desk.browser._urls).func  # type: ignore[arg-type]
        assert DEFAULT_DB_ALIAS in view._non_atomic_requests


def test_the_audit_trail_tells_who_acts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oauthstore.audit")
    site = make_site(plugins=["audit"])
    desk = look_after(monkeypatch, site)
    site.issue(site.register())

    caplog.clear()
    desk.add()
    desk.rotate("album")
    desk.post("grant/revoke/?subject=alice")
    desk.post(desk.client("album", "delete"))
    # Past the fence that the range has raised.
    site.server.clock.advance(60)
    site.issue(site.register())

    records = [r for r in caplog.records if r.name == "oauthstore.audit"]
    events = [json.loads(record.getMessage()) for record in records]
    told = [(e["event"], e.get("actor")) for e in events]
    assert told[:5] == [
        ("client_saved", "root"),
        ("client_saved", "root"),
        ("range_revoked", "root"),
        ("client_deleted", "root"),
        ("range_revoked", "root"),
    ]
    assert {actor for _, actor in told[5:]} == {None}
