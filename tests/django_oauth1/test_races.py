"""Races over HTTP against a Django project with OAuth 1 in two processes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from backends.redis.tests.servers import open_server
from oauthstore_core.clock import SystemClock
from oauthstore_core.integrations.embedding import derive_key
from oauthstore_core.oauth1.registration import register_client
from oauthstore_core.sealing import KeyRing
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

from ..flask_oauth1.own_application import CALLBACK, SECRET
from ..flask_oauth1.signing import Signer
from ..flask_oauth1.test_races import (
    AUTHLIB,
    OURS,
    ROUNDS,
    OAuth1Site,
    count_wins,
    test_of_16_authorizations_at_once_one_wins,
    test_of_16_exchanges_that_are_signed_each_for_itself_at_most_one_is_answered,
    test_of_16_identical_exchanges_one_wins_and_is_alive,
    test_of_16_requests_with_one_nonce_one_wins,
)
from ..integrations.flask_oauth2.site import ConsentForm
from ..live.figures import Report
from ..live.wire import form_request
from ..races.gunicorn import ROOT
from ..races.stage import RACERS

__all__ = [
    "test_of_16_authorizations_at_once_one_wins",
    "test_of_16_exchanges_that_are_signed_each_for_itself_at_most_one_is_answered",
    "test_of_16_identical_exchanges_one_wins_and_is_alive",
    "test_of_16_requests_with_one_nonce_one_wins",
]

pytestmark = [pytest.mark.race, pytest.mark.timeout(1800)]

MODULE = "tests.django_oauth1.deployed_application"
SECRET_KEY = "s" * 40


class StoreSite(OAuth1Site):
    """A project with OAuth 1 on a store of ours, on SQLite."""

    name = "Django, OAuth 1, store mode"
    ends_what_was_copied = True
    prefix = "/oauth/oauth1"

    def __init__(self, folder: Path) -> None:
        self._store = f"sqlite:///{folder}/oauth.db"
        super().__init__(folder, f"{MODULE}:create_app('{self._store}')", {})

    def register(self) -> None:
        """Register the client, once the workers have made the file."""
        settings = Settings.from_mapping({"store": self._store})
        key_ring = KeyRing([derive_key(SECRET_KEY)])
        metadata = {"client_name": "Album", "redirect_uris": [CALLBACK]}
        with open_stores(settings) as stores:
            register_client(
                stores.clients,
                metadata,
                key_ring=key_ring,
                clock=SystemClock(),
                client_id="c1",
                client_secret=SECRET,
            )

    def decision(self, temporary: Signer) -> bytes:
        """Open the consent page in a browser's way; return its form's request, with its cookie."""
        page = httpx.get(self.question(temporary))
        form = ConsentForm(page.text)
        request = form_request(self.url + form.action, {**form.hidden, "decision": "allow"})
        cookie = f"Cookie: csrftoken={page.cookies['csrftoken']}\r\n".encode()
        head, _, body = request.partition(b"\r\n\r\n")
        return head + b"\r\n" + cookie + b"\r\n" + body


class OwnSite(OAuth1Site):
    """A project with its own models on SQLite, and all else in Django's cache on Valkey."""

    name = "Django, OAuth 1, models and cache"

    def __init__(self, folder: Path, tables: Path, prefix: str, cache: str) -> None:
        self._database = tables / "site.db"
        code = f"from {MODULE} import fill; fill('{self._database}')"
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code], env=environ, check=True)  # noqa: S603 - ours
        application = f"{MODULE}:create_own_app('{prefix}', '{self._database}', '{cache}')"
        switch = {"AUTHLIB_INSECURE_TRANSPORT": "1"} if prefix == AUTHLIB else {}
        super().__init__(folder, application, switch)

    def count_tokens(self) -> int | None:
        with closing(sqlite3.connect(self._database)) as database:
            count: int = database.execute("select count(*) from people_token").fetchone()[0]
            return count


@pytest.fixture(scope="module")
def cache() -> Iterator[str]:
    """Return the URL of a server, which is ours."""
    with closing(open_server("valkey")) as server:
        yield server.url


@pytest.fixture(params=["models and cache", "store mode"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OAuth1Site]:
    if request.param == "store mode":
        with StoreSite(tmp_path) as store_site:
            store_site.register()
            yield store_site
    else:
        # Its own tables have secrets as they are; in `tmp_path` they would be found as ours.
        tables, cache = tmp_path_factory.mktemp("own"), request.getfixturevalue("cache")
        with OwnSite(tmp_path, tables, OURS, cache) as own_site:
            yield own_site


def test_on_authlib_as_it_comes_several_win(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, cache: str, report: Report
) -> None:
    with OwnSite(tmp_path, tmp_path_factory.mktemp("own"), AUTHLIB, cache) as site:
        won = count_wins(site)

    assert won["one nonce"] > ROUNDS
    assert won["one authorization"] > ROUNDS
    report(f"Django on Authlib, OAuth 1, {ROUNDS} rounds of {RACERS}: wins {dict(won)}")
