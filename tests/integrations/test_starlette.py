"""The authorization server inside of a Starlette application, and what FastAPI shares with it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from oauthstore_core.errors import (
    ConfigurationError,
    SettingsError,
    StoreUnavailableError,
)
from oauthstore_core.integrations.starlette import AuthorizationServer, OAuthError, answer_error
from oauthstore_core.testing.clock import FakeClock

from .opened import CLIENT, Opened, ask, told


def signed_in(request: Request) -> str | None:
    return request.headers.get("X-User")


async def signed_in_async(request: Request) -> str | None:
    return signed_in(request)


def signed_in_later(request: Request) -> Awaitable[str | None]:
    return signed_in_async(request)


def build(path: str = "/oauth", **options: Any) -> tuple[Starlette, AuthorizationServer]:
    oauth = AuthorizationServer(**{"user_id": signed_in, "login_url": "/login", **options})

    async def me(request: Request) -> JSONResponse:
        token = await oauth.validate(request, "profile")
        return JSONResponse({"sub": token.subject, "client_id": token.client_id})

    app = Starlette(
        lifespan=oauth.lifespan,
        routes=[Mount(path, oauth), *oauth.well_known.routes, Route("/me", me)],
        exception_handlers={OAuthError: answer_error},
    )
    return app, oauth


ALICE = {"X-User": "alice"}


@pytest.mark.parametrize("user_id", [signed_in, signed_in_async, signed_in_later])
def test_the_code_flow_leads_from_consent_to_a_protected_resource(
    user_id: Callable[[Request], object],
) -> None:
    app, oauth = build(user_id=user_id)

    with Opened(app, oauth) as opened:
        client_id = oauth.register_client(CLIENT).client.client_id
        tokens = opened.issue(client_id, headers=ALICE)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = opened.get("/me", headers=bearer)

    assert answer.json() == {"sub": "alice", "client_id": client_id}
    assert tokens["scope"] == "profile"
    assert "refresh_token" in tokens


@pytest.mark.parametrize(
    ("found", "subject"), [(7, "7"), (0, "0"), ("alice", "alice")], ids=["int", "zero", "text"]
)
def test_a_user_s_id_that_is_no_text_becomes_one(found: object, subject: str) -> None:
    app, oauth = build(user_id=lambda _: found)

    with Opened(app, oauth) as opened:
        tokens = opened.issue(oauth.register_client(CLIENT).client.client_id)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

        assert opened.get("/me", headers=bearer).json()["sub"] == subject


@pytest.mark.parametrize("found", [None, "", False])
def test_who_is_not_signed_in_is_sent_to_the_sign_in_and_comes_back(found: object) -> None:
    app, oauth = build(user_id=lambda _: found)

    with Opened(app, oauth) as opened:
        asked = ask(oauth.register_client(CLIENT).client.client_id)
        answer = opened.get(asked)

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?" + urlencode({"next": asked})


def test_denying_tells_the_client() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        asked = ask(oauth.register_client(CLIENT).client.client_id)
        answer = opened.decide(asked, "deny", headers=ALICE)

    assert told(answer.headers["Location"])["error"] == "access_denied"


def test_an_unknown_client_is_an_error_page_and_no_redirect() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        answer = opened.get(ask("nobody"), headers=ALICE)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


def test_without_user_id_the_start_warns_and_the_endpoint_says_what_is_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, oauth = build(user_id=None)

    with Opened(app, oauth) as opened:
        answer = opened.get(ask("anybody"))

    assert answer.status_code == 501
    assert "user_id" in answer.text
    assert any("user_id=" in record.getMessage() for record in caplog.records)


def test_a_machine_s_server_needs_no_user_id(caplog: pytest.LogCaptureFixture) -> None:
    app, oauth = build(user_id=None, settings={"grants": ["client_credentials"]})

    with Opened(app, oauth) as opened:
        assert opened.get(ask("anybody")).status_code == 404

    assert not any("user_id" in record.getMessage() for record in caplog.records)


def test_who_consents_is_as_they_were_before_it_was_asked_who_they_are() -> None:
    clock, deleted = FakeClock(1_800_000_000), threading.Event()

    def delete_meanwhile(request: Request) -> str:
        if request.method == "POST":
            oauth.stores.tokens.revoke_all(None, "alice", clock.now(), clock.now() + 3600)
            clock.advance(30)
            deleted.set()
        return "alice"

    app, oauth = build(user_id=delete_meanwhile, clock=clock)

    with Opened(app, oauth) as opened:
        client_id = oauth.register_client(CLIENT).client.client_id
        code = told(opened.decide(ask(client_id)).headers["Location"])["code"]
        answer = opened.redeem(client_id, code)

    assert deleted.is_set()
    assert answer.json()["error"] == "invalid_grant"


# --- the issuer ---


def test_the_first_request_on_loopback_makes_the_issuer() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        metadata = opened.get("/.well-known/oauth-authorization-server/oauth").json()
        other = opened.get(
            "/.well-known/oauth-authorization-server/oauth", headers={"Host": "localhost:1"}
        ).json()

    assert metadata["issuer"] == "http://127.0.0.1:8000/oauth"
    assert metadata["token_endpoint"] == "http://127.0.0.1:8000/oauth/token"
    assert other == metadata


def test_a_host_elsewhere_does_not_make_the_issuer_before_or_after(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, oauth = build()
    elsewhere = {"Host": "evil.example"}

    with Opened(app, oauth) as opened:
        before = opened.post("/oauth/token", headers=elsewhere)
        opened.post("/oauth/token")
        after = opened.post("/oauth/token", headers=elsewhere)
        metadata = opened.get("/.well-known/oauth-authorization-server/oauth", headers=elsewhere)

    for answer in (before, after, metadata):
        assert answer.status_code == 421
        # What to do is for the operator.
        assert "issuer" not in answer.text
    assert caplog.text.count("Set `issuer`") == 3


def test_an_issuer_that_is_set_serves_every_host() -> None:
    app, oauth = build(issuer="https://auth.example.com/oauth")

    with Opened(app, oauth, "http://10.0.0.1") as opened:
        metadata = opened.get("/.well-known/oauth-authorization-server/oauth").json()
        answer = opened.post("/oauth/token", data={"grant_type": "x"})

    assert metadata["issuer"] == "https://auth.example.com/oauth"
    assert answer.status_code in {400, 401}


def test_a_server_that_is_not_mounted_at_the_issuer_s_path_warns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, oauth = build("/elsewhere", issuer="https://auth.example.com/oauth")

    with Opened(app, oauth):
        pass

    assert any("'/elsewhere'" in record.getMessage() for record in caplog.records)


def test_below_another_path_than_the_issuer_s_the_endpoints_are_found_all_the_same() -> None:
    app, oauth = build("/elsewhere", issuer="https://auth.example.com/oauth")

    with Opened(app, oauth) as opened:
        answer = opened.post("/elsewhere/token", data={"grant_type": "refresh_token"})

    assert answer.json()["error"] == "invalid_client"


def test_at_the_root_the_server_has_its_metadata_itself() -> None:
    app, oauth = build("/")

    with Opened(app, oauth) as opened:
        metadata = opened.get("/.well-known/oauth-authorization-server").json()

    assert metadata["token_endpoint"] == "http://127.0.0.1:8000/token"


def test_the_metadata_lies_at_the_issuer_s_path_and_nowhere_else() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        for path in ("", "/", "/other", "/oauth/"):
            answer = opened.get(f"/.well-known/oauth-authorization-server{path}")

            assert answer.status_code == 404


# --- protected resources ---


@pytest.mark.parametrize(
    ("header", "status", "error"),
    [
        (None, 401, "invalid_token"),
        ("Basic eDp5", 401, "invalid_token"),
        ("Bearer unknown", 401, "invalid_token"),
        ("Bearer ", 401, "invalid_token"),
    ],
)
def test_a_request_without_a_valid_token_is_answered_as_rfc_6750_wants_it(
    header: str | None, status: int, error: str
) -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        answer = opened.get("/me", headers={"Authorization": header} if header else {})

    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="oauthstore"')
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_of_another_scope_is_403_and_told_which_one_is_needed() -> None:
    app, oauth = build()

    with Opened(app, oauth) as opened:
        client_id = oauth.register_client(CLIENT).client.client_id
        tokens = opened.issue(client_id, "mail", headers=ALICE)
        answer = opened.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert answer.status_code == 403
    assert 'scope="profile"' in answer.headers["WWW-Authenticate"]


def test_a_store_that_fails_is_503_with_retry_after(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError("gone")

    app, oauth = build()

    with Opened(app, oauth) as opened:
        monkeypatch.setattr(oauth.stores.tokens, "query_token", fail)
        answer = opened.get("/me", headers={"Authorization": "Bearer x"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_a_store_that_blocks_is_asked_in_a_worker_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, oauth = build(store=f"sqlite:///{tmp_path}/oauth.db", secret_keys=["k" * 40])
    threads: list[str] = []

    def look(digest: str) -> None:
        threads.append(threading.current_thread().name)

    with Opened(app, oauth) as opened:
        monkeypatch.setattr(oauth.stores.tokens, "query_token", look)
        answer = opened.get("/me", headers={"Authorization": "Bearer x"})

    assert answer.status_code == 401
    assert [name.partition("_")[0] for name in threads] == ["oauthstore"]


# --- living ---


def test_what_sqlite_keeps_is_there_when_the_application_comes_back(tmp_path: Path) -> None:
    app, oauth = build(store=f"sqlite:///{tmp_path}/oauth.db", secret_keys=["k" * 40])

    with Opened(app, oauth) as opened:
        tokens = opened.issue(oauth.register_client(CLIENT).client.client_id, headers=ALICE)
    with Opened(app, oauth) as opened:
        answer = opened.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert answer.json()["sub"] == "alice"


def test_outside_of_its_lifespan_the_server_says_how_to_open_it() -> None:
    _, oauth = build()

    with pytest.raises(ConfigurationError, match=r"FastAPI\(lifespan=oauth.lifespan\)"):
        _ = oauth.stores


def test_the_server_is_no_whole_application_and_says_so() -> None:
    _, oauth = build()

    with pytest.raises(ConfigurationError, match="Mount it in one"):
        asyncio.run(oauth({"type": "lifespan"}, _receive, _send))


def test_a_websocket_is_refused() -> None:
    _, oauth = build()
    sent: list[Any] = []

    async def send(message: object) -> None:
        sent.append(message)

    asyncio.run(oauth({"type": "websocket"}, _receive, send))

    assert sent == [{"type": "websocket.close"}]


async def _receive() -> dict[str, str]:
    return {"type": "lifespan.startup"}


async def _send(_: object) -> None:
    pass


def test_an_application_with_a_lifespan_of_its_own_enters_this_one_in_it() -> None:
    app, oauth = build()

    async def live() -> bool:
        async with oauth.lifespan(app):
            return oauth.stores.blocking

    assert asyncio.run(live()) is False


def test_a_wrong_setting_is_told_when_the_server_is_made() -> None:
    with pytest.raises(SettingsError, match="gremlins"):
        AuthorizationServer(settings={"grants": ["gremlins"]})


def test_that_nothing_is_kept_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    app, oauth = build()

    with Opened(app, oauth):
        warned = [r for r in caplog.records if r.levelno == logging.WARNING]

    assert len(warned) == 1
    assert "kept in memory" in warned[0].getMessage()
