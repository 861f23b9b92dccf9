"""Races over HTTP against a Flask application with OAuth 1 in two processes."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from ..integrations.flask_oauth2.site import ConsentForm
from ..live.figures import Report, Tally
from ..live.wire import Answer, Volley, form_request, get_request
from ..races.gunicorn import GunicornSite
from ..races.stage import RACERS
from .own_application import CALLBACK, SECRET, create_app, fill
from .signing import Signer
from .store_application import create_app as create_store_app

pytestmark = [pytest.mark.race, pytest.mark.timeout(1800)]

ROUNDS = int(os.environ.get("OAUTHSTORE_TEST_ROUNDS", "20"))
OWN = "tests.flask_oauth1.own_application:create_app"
STORE = "tests.flask_oauth1.store_application:create_app"
OURS, AUTHLIB = "oauthstore_core.integrations", "authlib.integrations"
ONE_OF_ALL = {200: ROUNDS, 401: ROUNDS * (RACERS - 1)}


class OAuth1Site(GunicornSite):
    """An application whose client c1 is there."""

    #: What it is called in reports.
    name: str
    #: Whether an exchange that comes again ends what the first has got (law 2).
    ends_what_was_copied = False
    #: Where the endpoints lie.
    prefix = "/oauth1"

    def __init__(self, folder: Path, application: str, environ: dict[str, str]) -> None:
        super().__init__(folder, application, environ)
        self.client = Signer(client_secret=SECRET, origin=self.url)

    def sign(self, client: Signer, method: str, path: str, **parameters: str) -> bytes:
        """Return the bytes of a signed request."""
        header = client.header(method, path, **parameters)["Authorization"]
        if method == "GET":
            return get_request(self.url + path, header)
        return form_request(self.url + path, {}, header)

    def temporary(self) -> Signer:
        return self._ask(f"{self.prefix}/initiate", self.client, callback=CALLBACK)

    def token(self) -> Signer:
        temporary = self.temporary()
        verifier = self.authorize(temporary)
        return self._ask(f"{self.prefix}/token", temporary, verifier=verifier)

    def exchange(self, temporary: Signer, verifier: str) -> bytes:
        """Return the request that exchanges a temporary credential."""
        return self.sign(temporary, "POST", f"{self.prefix}/token", verifier=verifier)

    def _ask(self, path: str, client: Signer, **parameters: str) -> Signer:
        answer = httpx.post(self.url + path, headers=client.header("POST", path, **parameters))
        assert answer.status_code == httpx.codes.OK, answer.text
        return using(client, answer.text)

    def question(self, temporary: Signer) -> str:
        """Return the URL at which a person is asked."""
        return f"{self.url}{self.prefix}/authorize?oauth_token={temporary.token}"

    def decision(self, temporary: Signer) -> bytes:
        """Return the request by which a person authorizes."""
        return form_request(self.question(temporary), {"user": "1"})

    def authorize(self, temporary: Signer) -> str:
        """Return the verifier of a person's authorization."""
        return verifier_of(self.race([self.decision(temporary)])[0].headers["location"])

    def count_tokens(self) -> int | None:
        """Return how many token credentials are stored, None where nobody can look."""
        return None

    def is_accepted_from(self, client: Signer) -> bool:
        answer = httpx.get(f"{self.url}/me", headers=client.header("GET", "/me"))
        return answer.status_code == httpx.codes.OK

    def race(self, requests: list[bytes]) -> list[Answer]:  # type: ignore[override]  # several
        """Return the answers to requests that are sent at once, half to each worker."""
        volley = Volley(("127.0.0.1", self.port), self._workers(), RACERS)
        try:
            return volley.fire(requests)
        finally:
            volley.close()


def using(client: Signer, answer: str) -> Signer:
    found = dict(parse_qsl(answer))
    return client.using(found["oauth_token"], found["oauth_token_secret"])


def verifier_of(location: str) -> str:
    return dict(parse_qsl(urlsplit(location).query))["oauth_verifier"]


class OwnSite(OAuth1Site):
    """An application with its own models and hooks, on SQLite."""

    name = "Flask, OAuth 1, own mode"

    def __init__(self, folder: Path, tables: Path, prefix: str) -> None:
        self._database = tables / "site.db"
        url = f"sqlite:///{self._database}"
        fill(create_app(OURS, url, OAUTHSTORE_STORE="memory://"))
        environ = {"OAUTHSTORE_STORE": f"sqlite:///{folder}/claims.db"}
        if prefix == AUTHLIB:
            environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
        super().__init__(folder, f"{OWN}('{prefix}', '{url}')", environ)

    def count_tokens(self) -> int | None:
        with closing(sqlite3.connect(self._database)) as database:
            count: int = database.execute("select count(*) from token_credential").fetchone()[0]
            return count


class StoreSite(OAuth1Site):
    """An application with OAuth 1 on a store of ours, on SQLite."""

    name = "Flask, OAuth 1, store mode"
    ends_what_was_copied = True

    def __init__(self, folder: Path, _: Path) -> None:
        self._store = f"sqlite:///{folder}/oauth.db"
        super().__init__(folder, f"{STORE}('{self._store}')", {})

    def register(self) -> None:
        """Register the client, once the workers have made the file."""
        server = create_store_app(self._store).extensions["oauthstore_oauth1"]
        metadata = {"redirect_uris": [CALLBACK]}
        server.register_client(metadata, client_id="c1", client_secret=SECRET)
        server.close()

    def decision(self, temporary: Signer) -> bytes:
        """Open the consent page in a browser's way; return its form's request."""
        page = httpx.get(self.question(temporary))
        form = ConsentForm(page.text)
        return form_request(self.url + form.action, {**form.hidden, "decision": "allow"})


@pytest.fixture(params=["own mode", "store mode"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OAuth1Site]:
    # Its own tables have secrets as they are; in `tmp_path` they would be found as ours.
    tables = tmp_path_factory.mktemp("own")
    if request.param == "store mode":
        with StoreSite(tmp_path, tables) as store_site:
            store_site.register()
            yield store_site
    else:
        with OwnSite(tmp_path, tables, OURS) as own_site:
            yield own_site


def test_of_16_authorizations_at_once_one_wins(site: OAuth1Site, report: Report) -> None:
    tally, statuses = Tally(f"{site.name}: one authorization, 16 times at once"), Counter[int]()
    for _ in range(ROUNDS):
        temporary = site.temporary()
        answers = site.race([site.decision(temporary)] * RACERS)
        tally.add(answers)
        (location,) = [a.headers["location"] for a in answers if a.status in {302, 303}]
        statuses.update(answer.status for answer in answers)
        exchange = site.exchange(temporary, verifier_of(location))

        assert [answer.status for answer in site.race([exchange])] == [200]

    assert sum(statuses[code] for code in (302, 303)) == ROUNDS
    assert sum(statuses[code] for code in (400, 401)) == ROUNDS * (RACERS - 1)
    report(tally.line())


def test_of_16_requests_with_one_nonce_one_wins(site: OAuth1Site, report: Report) -> None:
    tally, statuses = Tally(f"{site.name}: one nonce, 16 times at once"), Counter[int]()
    client = site.token()
    for _ in range(ROUNDS):
        answers = site.race([site.sign(client, "GET", "/me")] * RACERS)
        tally.add(answers)
        statuses.update(answer.status for answer in answers)

    assert statuses == ONE_OF_ALL
    report(tally.line())


def test_of_16_identical_exchanges_one_wins_and_is_alive(site: OAuth1Site, report: Report) -> None:
    tally, statuses = Tally(f"{site.name}: one exchange, 16 times at once"), Counter[int]()
    for _ in range(ROUNDS):
        temporary = site.temporary()
        verifier = site.authorize(temporary)
        answers = site.race([site.exchange(temporary, verifier)] * RACERS)
        tally.add(answers)
        statuses.update(answer.status for answer in answers)
        (won,) = [answer.body.decode() for answer in answers if answer.status == 200]

        assert site.is_accepted_from(using(temporary, won))

    assert statuses == ONE_OF_ALL
    report(tally.line())


def test_of_16_exchanges_that_are_signed_each_for_itself_at_most_one_is_answered(
    site: OAuth1Site, report: Report
) -> None:
    tally = Tally(f"{site.name}: 16 exchanges of one credential at once")
    for _ in range(ROUNDS):
        temporary = site.temporary()
        verifier = site.authorize(temporary)
        signed = [site.exchange(temporary, verifier) for _ in range(RACERS)]
        answers = site.race(signed)
        tally.add(answers)
        won = [using(temporary, a.body.decode()) for a in answers if a.status == 200]

        assert len(won) <= 1
        assert {answer.status for answer in answers} <= {200, 401}
        if site.ends_what_was_copied:
            # Law 2: who presents it again has a copy, so what came of it is dead.
            assert not any(map(site.is_accepted_from, won))
        else:
            assert [site.is_accepted_from(client) for client in won] == [True]
    assert site.count_tokens() in {None, ROUNDS}
    report(tally.line())


def test_on_authlib_as_it_comes_several_win(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, report: Report
) -> None:
    with OwnSite(tmp_path, tmp_path_factory.mktemp("own"), AUTHLIB) as site:
        won = count_wins(site)

    assert won["one nonce"] > ROUNDS
    assert won["one authorization"] > ROUNDS
    report(f"Flask on Authlib, OAuth 1, {ROUNDS} rounds of {RACERS}: wins {dict(won)}")


def count_wins(site: OAuth1Site) -> Counter[str]:
    """Return how often what may be done once was done, in all rounds."""
    won, client = Counter[str](), site.token()
    for _ in range(ROUNDS):
        won["one nonce"] += _won(site, [site.sign(client, "GET", "/me")] * RACERS)
        temporary = site.temporary()
        won["one authorization"] += _won(site, [site.decision(temporary)] * RACERS)
        temporary = site.temporary()
        verifier = site.authorize(temporary)
        won["one exchange"] += _won(
            site, [site.exchange(temporary, verifier) for _ in range(RACERS)]
        )
    return won


def _won(site: OAuth1Site, requests: list[bytes]) -> int:
    return sum(answer.status in {200, 302} for answer in site.race(requests))
