"""Races over HTTP against a Flask application in two processes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ..integrations.flask_oauth2.own_application import create_app, fill
from ..integrations.flask_oauth2.site import ConsentForm
from ..integrations.flask_oauth2.store_application import create_app as create_store_app
from ..integrations.opened import VERIFIER, ask, told
from ..live.figures import Report, Tally
from .gunicorn import CALLBACK, CLIENT_ID, SECRET, GunicornSite
from .stage import RACERS

pytestmark = [pytest.mark.race, pytest.mark.timeout(900)]

ROUNDS = 50
OWN = "tests.integrations.flask_oauth2.own_application:create_app"
STORE = "tests.integrations.flask_oauth2.store_application:create_app"
OURS, AUTHLIB = "oauthstore_core.integrations", "authlib.integrations"


class OwnSite(GunicornSite):
    """An application with its own models, on SQLite."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._database = folder / "site.db"
        url = f"sqlite:///{self._database}"
        fill(create_app(prefix, url, OAUTHSTORE_STORE="memory://"))
        environ = {"OAUTHSTORE_STORE": f"sqlite:///{folder}/claims.db"}
        super().__init__(folder, f"{OWN}('{prefix}', '{url}')", environ)

    def code(self) -> dict[str, str]:
        """Return the form that redeems a fresh code."""
        answer = httpx.post(self.url + ask(CLIENT_ID), data={"confirm": "yes"})
        code = told(answer.headers["Location"])["code"]
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}

    def count_tokens(self) -> int:
        with closing(sqlite3.connect(self._database)) as database:
            count: int = database.execute("select count(*) from token").fetchone()[0]
            return count


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[OwnSite]:
    with OwnSite(tmp_path, OURS) as site:
        yield site


def test_in_own_mode_one_presentation_of_a_code_wins(own_site: OwnSite, report: Report) -> None:
    tally = Tally("Flask, own mode: one code, 16 times at once")
    for number in range(1, ROUNDS + 1):
        tally.add(own_site.race(own_site.token_request(own_site.code())))

        assert own_site.count_tokens() == number

    assert tally.outcomes == {"200": ROUNDS, "400 invalid_grant": ROUNDS * (RACERS - 1)}
    report(tally.line())


def test_in_own_mode_one_rotation_of_a_refresh_token_wins(
    own_site: OwnSite, report: Report
) -> None:
    tally = Tally("Flask, own mode: one refresh token, 16 times at once")
    token = own_site.ask_token(own_site.code()).json()["refresh_token"]
    for number in range(1, ROUNDS + 1):
        answers = own_site.race(own_site.refresh_request(token))
        tally.add(answers)
        (token,) = [a.json["refresh_token"] for a in answers if a.status == 200]

        assert own_site.count_tokens() == number + 1

    assert tally.outcomes == {"200": ROUNDS, "400 invalid_grant": ROUNDS * (RACERS - 1)}
    report(tally.line())


def test_on_authlib_as_it_comes_several_win(tmp_path: Path, report: Report) -> None:
    outcomes = Counter[str]()
    with OwnSite(tmp_path, AUTHLIB) as site:
        for _ in range(ROUNDS):
            outcomes.update(a.outcome for a in site.race(site.token_request(site.code())))
        after_codes = site.count_tokens()
        for _ in range(ROUNDS):
            token = site.ask_token(site.code()).json()["refresh_token"]
            outcomes.update(a.outcome for a in site.race(site.refresh_request(token)))
        after_refreshes = site.count_tokens() - after_codes - ROUNDS

    assert after_codes > ROUNDS
    assert after_refreshes > ROUNDS
    counted = ", ".join(f"{n} x {outcome}" for outcome, n in outcomes.most_common())
    report(
        f"Flask on Authlib: {ROUNDS} codes gave {after_codes} times tokens, "
        f"{ROUNDS} refresh tokens {after_refreshes} times; {counted}"
    )


class StoreSite(GunicornSite):
    """An application whose OAuth is in a store of ours, on SQLite."""

    def __init__(self, folder: Path, grace: int = 10) -> None:
        self._store = f"sqlite:///{folder}/oauth.db"
        super().__init__(folder, f"{STORE}('{self._store}', '$ISSUER', {grace})", {})

    def register(self) -> None:
        """Register the client, once the workers have made the file."""
        server = create_store_app(self._store).extensions["oauthstore"]
        metadata = {
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "profile",
        }
        server.register_client(metadata, client_id=CLIENT_ID, client_secret=SECRET)
        server.close()

    def code(self) -> dict[str, str]:
        """Consent in a browser's way; return the form that redeems the code."""
        page = httpx.get(self.url + ask(CLIENT_ID, prompt="consent"))
        form = ConsentForm(page.text)
        answer = httpx.post(self.url + form.action, data={**form.hidden, "decision": "allow"})
        return {
            "grant_type": "authorization_code",
            "code": told(answer.headers["Location"])["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }


@pytest.mark.parametrize("grace", [0, 10])
def test_in_store_mode_a_code_presented_16_times_gets_one_answer_at_most_and_it_is_dead(
    tmp_path: Path, report: Report, grace: int
) -> None:
    tally = Tally(f"Flask, store mode, grace {grace} s: one code, 16 times at once")
    with StoreSite(tmp_path, grace) as site:
        site.register()
        bystander = site.ask_token(site.code()).json()["access_token"]
        for _ in range(ROUNDS):
            answers = site.race(site.token_request(site.code()))
            tally.add(answers)
            won = [answer.json["access_token"] for answer in answers if answer.status == 200]

            assert len(won) <= 1
            assert not any(site.is_accepted(token) for token in won)
        assert site.is_accepted(bystander)

    assert set(tally.outcomes) <= {"200", "400 invalid_grant"}
    assert tally.outcomes["200"] > 0
    report(tally.line("nothing alive afterwards"))


def test_in_store_mode_a_refresh_token_presented_16_times_within_the_grace_gets_one_answer(
    tmp_path: Path, report: Report
) -> None:
    tally = Tally("Flask, store mode: one refresh token, 16 times at once")
    with StoreSite(tmp_path) as site:
        site.register()
        response = site.ask_token(site.code()).json()
        for _ in range(ROUNDS):
            answers = site.race(site.refresh_request(response["refresh_token"]))
            tally.add(answers)

            assert len({answer.body for answer in answers}) == 1
            response = answers[0].json
        assert site.is_accepted(response["access_token"])

    assert tally.outcomes == {"200": ROUNDS * RACERS}
    report(tally.line(f"{ROUNDS} successors"))
